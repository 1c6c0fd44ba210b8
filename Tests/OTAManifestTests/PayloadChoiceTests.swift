import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

@Suite("Several payloads for one image")
struct PayloadChoiceTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture() }

  /// The payload that is the image itself.
  private var whole: PayloadDescription {
    let image = fixture.manifest.image
    return PayloadDescription(
      digest: image.digest, size: image.size, uri: Array("artifacts/image".utf8), encoding: .identity,
      blocks: BlockDigests(
        blockSize: 32_768, digests: [[20], [21], [22]].map { Fixture.digest(of: $0) }))
  }

  /// A patch of so many bytes.
  private func patch(
    _ name: UInt8, size: UInt32, on source: ImageDescription? = nil, memory: UInt32 = 10_000
  ) -> PayloadDescription {
    PayloadDescription(
      digest: Fixture.digest(of: [30, name]), size: size, uri: Array("artifacts/\(name)".utf8),
      encoding: .delta(
        DeltaDescription(format: .native, source: source ?? fixture.context.runningImage, memory: memory)),
      blocks: BlockDigests(blockSize: size, digests: [Fixture.digest(of: [31, name])]))
  }

  private func verdict(
    _ payloads: [PayloadDescription], device change: (inout VerificationContext) -> Void = { _ in }
  ) async throws -> Manifest {
    var manifest = fixture.manifest
    (manifest.payload, manifest.alternatives) = (payloads[0], Array(payloads.dropFirst()))
    if payloads.allSatisfy({ $0.encoding == .identity }) { manifest.imageBlocks = nil }
    let envelope = try await manifest.signedEnvelope(by: fixture.signer)
    #expect(
      try Fixture.verifier.open(envelope.span, trustStore: fixture.context.trustStore).manifest == manifest)
    var context = fixture.context
    change(&context)
    return try fixture.verdict(on: envelope, context: context)
  }

  @Test("The smallest that is of use is taken, wherever it stands, and the others are gone")
  func smallest() async throws {
    let other = ImageDescription(digest: Fixture.digest(of: [99]), size: 70_000)
    let payloads = [
      whole, patch(1, size: 900, on: other), patch(2, size: 5000), patch(3, size: 3000),
      patch(4, size: 2000, memory: 1 << 30),
    ]
    for rotation in 0..<payloads.count {
      let rotated = Array(payloads[rotation...] + payloads[..<rotation])
      let manifest = try await verdict(rotated)
      #expect(manifest.payload == payloads[3], "rotated by \(rotation)")
      #expect(manifest.alternatives.isEmpty)
      #expect(manifest.imageBlocks == fixture.manifest.imageBlocks)
    }
  }

  @Test("Where no patch fits, the image is taken, with its own blocks only")
  func fallback() async throws {
    let manifest = try await verdict([patch(1, size: 900), whole]) {
      $0.runningImage = ImageDescription(digest: Fixture.digest(of: [98]), size: 70_000)
    }
    #expect(manifest.payload == whole)
    #expect(manifest.imageBlocks == nil)
  }

  @Test("Of two of one length it is the first")
  func tie() async throws {
    #expect(try await verdict([patch(1, size: 900), patch(2, size: 900)]).payload == patch(1, size: 900))
  }

  @Test("If none is of use, the reason is that of the first")
  func none() async throws {
    let other = ImageDescription(digest: Fixture.digest(of: [99]), size: 70_000)
    let foreign = patch(1, size: 900, on: other)
    let greedy = patch(2, size: 900, memory: 1 << 30)
    for (payloads, error) in [
      ([foreign, greedy], .deltaSourceMismatch), ([greedy, foreign], .limitExceeded(.decoderMemory)),
    ] as [([PayloadDescription], ManifestError)] {
      await #expect(throws: error) { _ = try await verdict(payloads) }
    }
    await #expect(throws: ManifestError.limitExceeded(.payloadSize)) {
      _ = try await verdict([whole, patch(1, size: 900)]) { $0.profile.limits.payloadSize = 100 }
    }
  }

  @Test("Eight payloads are written and read, nine are not")
  func count() async throws {
    let patches = (1...8).map { patch(UInt8($0), size: UInt32(1000 - $0)) }
    #expect(try await verdict(patches).payload == patches[7])
    await #expect(throws: ManifestError.limitExceeded(.alternatives)) {
      _ = try await verdict(patches + [whole])
    }
  }

  @Test("The same payload twice is refused, and so is an image that is none")
  func contradictions() async throws {
    await #expect(throws: ManifestError.invalid(.alternatives)) { _ = try await verdict([whole, whole]) }
    var other = whole
    other.digest = Fixture.digest(of: [97])
    let wrong = other
    await #expect(throws: ManifestError.invalid(.encoding)) {
      _ = try await verdict([patch(1, size: 900), wrong])
    }
  }
}

@Suite("Sequences of which a device runs one")
struct AlternativeSequenceTests {
  private static let digest = EnvelopeBuilder.digest(Fixture.digest(of: [3]))

  /// The parameters of a patch of one block of ten bytes.
  private static func parameters(
    _ name: UInt8, extra: [(CBOR, CBOR)] = [], arguments: [(CBOR, CBOR)] = []
  ) -> CBOR {
    let delta = CBOR.map([(.int(1), .int(1)), (.int(2), digest), (.int(3), .int(7)), (.int(4), .int(9))])
    let map = CBOR.map(
      [
        (.int(1), EnvelopeBuilder.digest(Fixture.digest(of: [name]))), (.int(2), .int(10)),
        (.int(3), .int(10)),
        (.int(4), .bytes([UInt8](repeating: 7, count: 32))), (.int(5), delta),
      ] + arguments)
    return .map([(.int(21), .text("p\(name)")), (.int(25), .wrapped(map))] + extra)
  }

  private static func sequence(_ commands: [CBOR]) -> CBOR { .wrapped(.array(commands)) }

  private static func good(_ name: UInt8, arguments: [(CBOR, CBOR)] = []) -> CBOR {
    sequence([
      .int(20), parameters(name, arguments: arguments), .int(-261), .int(15), .int(21), .int(15),
    ])
  }

  private func error(_ alternatives: CBOR, behind: [CBOR] = [], outer: Bool = false) throws -> ManifestError?
  {
    let fixture = try Fixture()
    var builder = fixture.builder
    if !outer { builder.installParameters = [(-258, .wrapped(.array([.int(2), .int(0), .int(1)])))] }
    builder.installCommands = [.int(15), alternatives] + behind + [.int(3), .int(15)]
    let envelope = try builder.envelope(signedBy: fixture.privateKey())
    do throws(ManifestError) {
      _ = try fixture.verdict(on: envelope)
      return nil
    } catch {
      return error
    }
  }

  @Test("Only a payload's parameters, the question and the fetch, in this order")
  func shapes() throws {
    let (one, two) = (Self.good(1), Self.good(2))
    let parameters = Self.parameters(3)
    // Well-formed, and no patch on what runs.
    #expect(try error(.array([one, two])) == .deltaSourceMismatch)
    #expect(try error(.array([one, one])) == .invalid(.alternatives))
    let shapes: [(String, CBOR)] = [
      ("an alternative that is nothing", .array([one, two, .null])),
      ("no question", .array([one, Self.sequence([.int(20), parameters, .int(21), .int(15)])])),
      (
        "the question behind the fetch",
        .array([one, Self.sequence([.int(20), parameters, .int(21), .int(15), .int(-261), .int(15)])])
      ),
      (
        "another question",
        .array([one, Self.sequence([.int(20), parameters, .int(-260), .int(15), .int(21), .int(15)])])
      ),
      (
        "another command",
        .array([one, Self.sequence([.int(20), parameters, .int(-261), .int(15), .int(22), .int(15)])])
      ),
      ("alternatives in alternatives", .array([one, Self.sequence([.int(15), .array([one, two])])])),
    ]
    for (name, alternatives) in shapes {
      #expect(try error(alternatives) == .unsupportedCommand(15), "\(name)")
    }
  }

  @Test("Parameters of anything else, or of the payload outside too, are refused")
  func parameters() throws {
    let (one, two) = (Self.good(1), Self.good(2))
    let other = Self.sequence([
      .int(20), .map([(.int(14), .int(1)), (.int(21), .text("x")), (.int(25), .bytes([]))]), .int(-261),
      .int(15), .int(21), .int(15),
    ])
    #expect(try error(.array([one, other])) == .unsupportedParameter(25))
    let noPlace = Self.sequence([
      .int(20), .map([(.int(25), .bytes([0xa0]))]), .int(-261), .int(15), .int(21), .int(15),
    ])
    #expect(try error(.array([one, noPlace])) == .missingParameter(21))
    let noArguments = Self.sequence([
      .int(20), .map([(.int(21), .text("x"))]), .int(-261), .int(15), .int(21), .int(15),
    ])
    #expect(try error(.array([one, noArguments])) == .missingParameter(25))
    #expect(try error(.array([one, two]), outer: true) == .missingParameter(21))
    for (key, value) in [(21, CBOR.text("late")), (25, .bytes([0xa0]))] as [(Int64, CBOR)] {
      let late: [CBOR] = [.int(20), .map([(.int(key), value)])]
      #expect(try error(.array([one, two]), behind: late) == .unsupportedParameter(key))
    }
  }

  @Test("One fetch: none beside the alternatives, and no second alternatives")
  func oneFetch() throws {
    let both = CBOR.array([Self.good(1), Self.good(2)])
    #expect(try error(both, behind: [.int(21), .int(15)]) == .unsupportedCommand(21))
    #expect(try error(both, behind: [.int(15), both]) == .unsupportedCommand(15))
  }

  @Test("The blocks of the image stand in one of them")
  func imageBlocks() throws {
    let size = Int64(try Fixture().manifest.image.size)
    let blocks: [(CBOR, CBOR)] = [
      (.int(6), .int(size)), (.int(7), .bytes([UInt8](repeating: 7, count: 32))),
    ]
    #expect(try error(.array([Self.good(1), Self.good(2, arguments: blocks)])) == .deltaSourceMismatch)
    #expect(
      try error(.array([Self.good(1, arguments: blocks), Self.good(2, arguments: blocks)]))
        == .invalid(.blocks))
  }
}
