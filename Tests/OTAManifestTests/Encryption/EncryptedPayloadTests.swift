import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

@Suite("Encrypted payloads in manifests")
struct EncryptedPayloadTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture() }

  private static func info(_ example: EncryptionExample) throws -> [UInt8] {
    try #require([UInt8](hexadecimal: example.info))
  }

  private var gcm: [UInt8] { get throws { try Self.info(EncryptionExample.all[0]) } }
  private var ctr: [UInt8] { get throws { try Self.info(EncryptionExample.all[2]) } }

  /// The payload that is the image itself.
  private func whole(_ encryption: PayloadEncryption? = nil) -> PayloadDescription {
    let image = fixture.manifest.image
    return PayloadDescription(
      digest: image.digest, size: image.size, uri: Array("artifacts/image".utf8), encoding: .identity,
      blocks: BlockDigests(
        blockSize: 32_768, digests: [[20], [21], [22]].map { Fixture.digest(of: $0) }),
      encryption: encryption)
  }

  private func patch(_ encryption: PayloadEncryption? = nil) -> PayloadDescription {
    var payload = fixture.manifest.payload
    payload.encryption = encryption
    return payload
  }

  private func manifest(_ payloads: [PayloadDescription]) -> Manifest {
    var manifest = fixture.manifest
    (manifest.payload, manifest.alternatives) = (payloads[0], Array(payloads.dropFirst()))
    if payloads.allSatisfy({ $0.encoding == .identity }) { manifest.imageBlocks = nil }
    return manifest
  }

  /// What a device takes that can decrypt what `canDecrypt` says.
  private func choice(
    _ payloads: [PayloadDescription], _ canDecrypt: (PayloadEncryption) -> Bool = { _ in true },
    limits: Limits = Limits()
  ) async throws -> PayloadDescription {
    let envelope = try await manifest(payloads).signedEnvelope(by: fixture.signer)
    var context = fixture.context
    context.profile.limits = limits
    return try Fixture.verifier.verify(envelope.span, context: context) {
      (encryption) throws(ManifestError) in
      guard canDecrypt(encryption) else { throw .payloadKeyMissing }
    }.manifest.payload
  }

  @Test("What was signed is what is read: both forms, images and patches, alone and as one of several")
  func roundTrips() async throws {
    let forms = [
      try PayloadEncryption(encryptionInfo: gcm, payloadSize: 80_000),
      try PayloadEncryption(encryptionInfo: ctr, payloadSize: 80_000),
      PayloadEncryption(chunksOf: 4096, transportSize: 81_000),
      PayloadEncryption(
        chunksOf: 1 << 20, transportSize: 81_000,
        recipients: [Fixture.digest(of: [1]), Fixture.digest(of: [2])]),
    ]
    var cases = forms.map { [whole($0)] }
    cases += [
      [patch(try PayloadEncryption(encryptionInfo: gcm, payloadSize: 5000))],
      [patch(PayloadEncryption(chunksOf: 1024, transportSize: 5200))],
      forms.map { whole($0) } + [whole(), patch()],
      [patch(PayloadEncryption(chunksOf: 1024, transportSize: 5200)), patch(), whole(forms[0])],
    ]
    for payloads in cases {
      let manifest = manifest(payloads)
      let envelope = try await manifest.signedEnvelope(by: fixture.signer)
      let opened = try Fixture.verifier.open(envelope.span, trustStore: fixture.context.trustStore)
      #expect(opened.manifest == manifest)
    }
    #expect(forms.map(\.transportSize) == [80_016, 80_000, 81_000, 81_000])
    #expect(forms.map(\.memory) == [80_016, 0, 8192, 2 << 20])
  }

  @Test("A device without a key takes what is in clear, and refuses by name if nothing is")
  func noKey() async throws {
    let secret = whole(try PayloadEncryption(encryptionInfo: gcm, payloadSize: 80_000))
    let chunks = patch(PayloadEncryption(chunksOf: 4096, transportSize: 5100))
    #expect(try await choice([secret, chunks, whole()], { _ in false }) == whole())
    #expect(try await choice([secret, chunks, whole()]) == chunks)
    await #expect(throws: ManifestError.payloadKeyMissing) { _ = try await choice([secret], { _ in false }) }
    // The question without an answer is answered with no.
    let envelope = try await manifest([chunks]).signedEnvelope(by: fixture.signer)
    #expect(throws: ManifestError.payloadKeyMissing) { try fixture.verdict(on: envelope) }
    #expect(ManifestError.payloadKeyMissing.code == .payloadKeyMissing)
    #expect(ManifestError.limitExceeded(.encryption).code == .payloadMemoryExceeded)
  }

  @Test("The bytes on the way count: for the choice, and for the limit")
  func transportSize() async throws {
    let secret = whole(try PayloadEncryption(encryptionInfo: gcm, payloadSize: 80_000))
    #expect(try await choice([secret, whole()]) == whole())
    let stream = whole(try PayloadEncryption(encryptionInfo: ctr, payloadSize: 80_000))
    #expect(try await choice([stream, whole()]) == stream)
    #expect(try await choice([secret], limits: Limits(payloadSize: 80_016)) == secret)
    await #expect(throws: ManifestError.limitExceeded(.payloadSize)) {
      _ = try await choice([secret], limits: Limits(payloadSize: 80_015))
    }
  }

  @Test("The same payload twice, encrypted in the same way, is refused; contradictions are never written")
  func contradictions() async throws {
    let good = try PayloadEncryption(encryptionInfo: gcm, payloadSize: 80_000)
    await #expect(throws: ManifestError.invalid(.alternatives)) {
      _ = try await choice([whole(good), whole(good)])
    }
    var wrong: [PayloadEncryption] = []
    for change in [
      { $0.transportSize += 1 }, { $0.memory = 0 },
      { $0.form = .chunks(size: 1023, recipients: []) },
    ] as [(inout PayloadEncryption) -> Void] {
      var changed = good
      change(&changed)
      wrong.append(changed)
    }
    wrong += [
      PayloadEncryption(chunksOf: 1023, transportSize: 81_000),
      PayloadEncryption(chunksOf: (1 << 20) + 1, transportSize: 81_000),
      PayloadEncryption(chunksOf: 4096, transportSize: 80_000),
      PayloadEncryption(
        chunksOf: 4096, transportSize: 81_000,
        recipients: [Digest](repeating: Fixture.digest(of: [1]), count: 257)),
    ]
    for encryption in wrong {
      await #expect(throws: ManifestError.invalid(.encryption)) { _ = try await choice([whole(encryption)]) }
    }
    await #expect(throws: ManifestError.self) {
      _ = try await choice([
        whole(PayloadEncryption(form: .encryptionInfo([1, 2, 3]), transportSize: 80_016, memory: 80_016))
      ])
    }
  }

  @Test("A manifest of another maker with parameter 19: the payload is the image, encrypted")
  func foreign() throws {
    var builder = fixture.builder
    builder.installParameters = [(19, .bytes(try gcm)), (21, .text("image.bin"))]
    let envelope = try builder.envelope(signedBy: fixture.privateKey())
    var asked: [PayloadEncryption] = []
    var context = fixture.context
    context.profile.limits.decoderMemory = 1 << 20
    let manifest = try Fixture.verifier.verify(envelope.span, context: context) { asked.append($0) }.manifest
    #expect(manifest.payload.encryption == (try PayloadEncryption(encryptionInfo: gcm, payloadSize: 80_000)))
    #expect(manifest.payload.encoding == .identity && manifest.payload.digest == manifest.image.digest)
    #expect(asked == [manifest.payload.encryption])
  }

  /// The fetch arguments of an image of one block, with more members.
  private func arguments(_ container: [(CBOR, CBOR)]?) -> CBOR {
    let image = fixture.manifest.image
    let digest = EnvelopeBuilder.digest(image.digest)
    var members: [(CBOR, CBOR)] = [
      (.int(1), digest), (.int(2), .int(Int64(image.size))), (.int(3), .int(Int64(image.size))),
      (.int(4), .bytes((0..<32).map { image.digest.bytes[$0] })),
    ]
    if let container { members.append((.int(8), .map(container))) }
    return .wrapped(.map(members))
  }

  private func error(_ parameters: [(Int64, CBOR)], _ commands: [CBOR]? = nil) throws -> ManifestError? {
    var builder = fixture.builder
    builder.installParameters = parameters
    if let commands { builder.installCommands = commands }
    let envelope = try builder.envelope(signedBy: fixture.privateKey())
    var context = fixture.context
    context.profile.limits.decoderMemory = 1 << 20
    do throws(ManifestError) {
      _ = try Fixture.verifier.verify(envelope.span, context: context) { _ in }
      return nil
    } catch {
      return error
    }
  }

  @Test("Every form that is not the one of the document is refused")
  func hostile() throws {
    let good: [(CBOR, CBOR)] = [
      (.int(1), .int(1)), (.int(2), .int(81_000)), (.int(3), .int(4096)),
      (.int(4), .bytes([UInt8](repeating: 9, count: 64))),
    ]
    func check(_ container: [(CBOR, CBOR)]) throws -> ManifestError? {
      try error([(21, .text("p")), (25, arguments(container))])
    }
    func changing(_ index: Int, _ value: CBOR) -> [(CBOR, CBOR)] {
      var changed = good
      changed[index].1 = value
      return changed
    }
    #expect(try check(good) == nil)
    #expect(try check(Array(good.dropLast())) == nil)
    #expect(try check(changing(0, .int(2))) == .crypto(.unsupportedAlgorithm))
    for index in 0..<3 {
      var changed = good
      changed.remove(at: index)
      #expect(try check(changed) == .missingParameter(25))
    }
    #expect(try check(good + [(.int(5), .int(1))]) == .unsupportedParameter(25))
    for value in [CBOR.bytes([]), .bytes([UInt8](repeating: 1, count: 31))] {
      #expect(try check(changing(3, value)) == .invalid(.encryption))
    }
    #expect(
      try check(changing(3, .bytes([UInt8](repeating: 1, count: 257 * 32)))) == .limitExceeded(.encryption))
    for (index, value) in [(1, Int64(80_000)), (2, 1023), (2, 1 << 21)] {
      #expect(try check(changing(index, .int(value))) == .invalid(.encryption))
    }
    for value in [CBOR.int(1 << 32), .int(-1), .text("x"), .null] {
      for index in 0..<4 {
        guard case .malformed = try check(changing(index, value)) else {
          if index != 0 || value != .int(1 << 32) { Issue.record("member \(index) is \(value)") }
          continue
        }
      }
    }

    // Two ways at once; twice; beside alternatives; not an encryption info; too long.
    #expect(
      try error([(19, .bytes(try gcm)), (21, .text("p")), (25, arguments(good))]) == .invalid(.encryption))
    let again: [CBOR] = [.int(20), .map([(.int(19), .bytes(try gcm))])]
    #expect(
      try error(
        [(19, .bytes(try gcm)), (21, .text("p"))],
        again + [.int(21), .int(15), .int(3), .int(15)]) == .unsupportedParameter(19))
    for bytes in [[], [0xd8, 0x60], [UInt8](repeating: 0, count: SUITEncryptionInfo.maximumSize + 1)] {
      #expect(try error([(19, .bytes(bytes)), (21, .text("p"))]) != nil)
    }
    guard case .malformed = try error([(19, .text("x")), (21, .text("p"))]) else {
      Issue.record("parameter 19 that is text was taken")
      return
    }
    let sequences = try (1...2).map { name in
      CBOR.wrapped(
        .array([
          .int(20),
          .map([
            (.int(19), .bytes(try name == 1 ? gcm : ctr)), (.int(21), .text("p\(name)")),
            (.int(25), arguments(nil)),
          ]), .int(-261), .int(15), .int(21), .int(15),
        ]))
    }
    let tryEach: [CBOR] = [.int(15), .array(sequences), .int(3), .int(15)]
    let version: (Int64, CBOR) = (-258, .wrapped(.array([.int(2), .int(0), .int(1)])))
    #expect(try error([version], tryEach) == nil)
    #expect(try error([(19, .bytes(try gcm)), version], tryEach) == .unsupportedParameter(19))
  }
}
