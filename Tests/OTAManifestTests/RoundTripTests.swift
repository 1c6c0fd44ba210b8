import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

@Suite struct RoundTripTests {
  @Test("What was signed is what the device reads")
  func full() async throws {
    let fixture = try Fixture()
    let envelope = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    let verified = try Fixture.verifier.verify(envelope.span, context: fixture.context)
    let (manifest, updateID) = (verified.manifest, verified.updateID)
    #expect(manifest == fixture.manifest)
    #expect(updateID == Fixture.digest(of: envelope))
  }

  @Test("The same manifest has the same bytes")
  func deterministic() async throws {
    let fixture = try Fixture()
    let first = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    #expect(try await fixture.manifest.signedEnvelope(by: fixture.signer) == first)
  }

  @Test("The portable hash gives the same verdict")
  func portable() async throws {
    let fixture = try Fixture()
    let envelope = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    let verifier = ManifestVerifier(verifier: SodiumVerifier(), hash: SHA256.self)
    let manifest = try verifier.verify(envelope.span, context: fixture.context).manifest
    #expect(manifest == fixture.manifest)
  }

  @Test("A server reads manifest and signer without a device")
  func open() async throws {
    let fixture = try Fixture()
    let envelope = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    let opened = try Fixture.verifier.open(envelope.span, trustStore: fixture.context.trustStore)
    #expect(opened.manifest == fixture.manifest)
    #expect(opened.signer == fixture.signer.keyIdentifier)
    #expect(opened.updateID == Fixture.digest(of: envelope))
    #expect(throws: ManifestError.crypto(.unknownKey)) {
      try Fixture.verifier.open(envelope.span, trustStore: TrustStore())
    }
  }

  @Test("A signature made elsewhere gives the same envelope")
  func detachedSigning() async throws {
    let fixture = try Fixture()
    let unsigned = try UnsignedEnvelope(fixture.manifest, signedBy: fixture.signer.publicKey)
    let signature = try await fixture.signer.signature(for: unsigned.signedBytes)
    let envelope = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    #expect(try unsigned.envelope(signature: signature) == envelope)
    #expect(throws: ManifestError.crypto(.authenticationFailed)) {
      try unsigned.envelope(signature: Array(signature.dropLast()))
    }
  }

  @Test("An envelope without its text is still good, and has no text")
  func severedText() async throws {
    let fixture = try Fixture()
    let bytes = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    let envelope = try SUITEnvelope(parsing: bytes.span)
    let text = try #require(envelope.text)
    // The map's head says two members instead of three; the key of the text is the byte before its item.
    var severed = Array(bytes[..<(text.item.lowerBound - 1)])
    #expect(severed[2] == 0xa3)
    severed[2] = 0xa2
    var expected = fixture.manifest
    expected.metadata = ManifestMetadata()
    #expect(try fixture.verdict(on: severed) == expected)
  }

  @Test("Any manifest that can be signed is read as it was", arguments: 0..<200)
  func random(_ round: Int) async throws {
    var generator = SeededGenerator()
    let manifest = Manifest.random(&generator)
    let fixture = try Fixture()
    let envelope = try await manifest.signedEnvelope(by: fixture.signer)
    let opened = try Fixture.verifier.open(envelope.span, trustStore: fixture.context.trustStore)
    #expect(opened.manifest == manifest)
  }

  @Test("A manifest that contradicts itself is not signed", arguments: Contradiction.all)
  func contradictions(_ contradiction: Contradiction) async throws {
    let fixture = try Fixture()
    var changed = fixture.manifest
    contradiction.change(&changed)
    let manifest = changed
    await #expect(throws: ManifestError.invalid(contradiction.field)) {
      try await manifest.signedEnvelope(by: fixture.signer)
    }
  }

  @Test("As many dependencies as are allowed, with names as long as are allowed, are read as they were")
  func manyDependencies() async throws {
    let fixture = try Fixture()
    var largest = fixture.manifest
    largest.dependencies = (0..<32).map { number in
      Dependency(
        component: ComponentIdentifier(bytes: [UInt8](repeating: number, count: 1024)),
        minimumSequenceNumber: SequenceNumber(.max))
    }
    let manifest = largest
    let envelope = try await manifest.signedEnvelope(by: fixture.signer)
    let opened = try Fixture.verifier.open(envelope.span, trustStore: fixture.context.trustStore)
    #expect(opened.manifest == manifest)
    largest.dependencies.append(
      Dependency(component: ComponentIdentifier("one more"), minimumSequenceNumber: SequenceNumber(0)))
    let tooMany = largest
    await #expect(throws: ManifestError.limitExceeded(.dependencies)) {
      try await tooMany.signedEnvelope(by: fixture.signer)
    }
  }

  @Test("A verifier with another hash than SHA-256 is refused by a trap")
  func otherHash() async {
    await #expect(processExitsWith: .failure) {
      _ = ManifestVerifier(verifier: SodiumVerifier(), hash: SHA512.self)
    }
  }

  @Test("A manifest over the limits is not signed")
  func limits() async throws {
    let fixture = try Fixture()
    await #expect(throws: ManifestError.limitExceeded(.envelope)) {
      try await fixture.manifest.signedEnvelope(by: fixture.signer, limits: Limits(envelopeSize: 400))
    }
    var manifest = fixture.manifest
    manifest.payload.uri = [UInt8](repeating: UInt8(ascii: "a"), count: 1025)
    let tooLong = manifest
    await #expect(throws: ManifestError.limitExceeded(.uri)) {
      try await tooLong.signedEnvelope(by: fixture.signer)
    }
  }
}

/// A change that makes a manifest one that no device could use.
struct Contradiction: Sendable, CustomTestStringConvertible {
  var name: String
  var field: ManifestError.Field
  var change: @Sendable (inout Manifest) -> Void

  var testDescription: String { name }

  init(_ name: String, _ field: ManifestError.Field, _ change: @escaping @Sendable (inout Manifest) -> Void) {
    self.name = name
    self.field = field
    self.change = change
  }

  static let all = [
    Contradiction("no component", .component) { $0.component = ComponentIdentifier(bytes: []) },
    Contradiction("empty image", .imageSize) { $0.image.size = 0 },
    Contradiction("empty payload", .payloadSize) { $0.payload.size = 0 },
    Contradiction("no place", .uri) { $0.payload.uri = [] },
    Contradiction("a place that is not UTF-8", .uri) { $0.payload.uri = [0xff] },
    Contradiction("a patch that is the image", .encoding) { $0.payload.encoding = .identity },
    Contradiction("blocks of no bytes", .blocks) { $0.payload.blocks.blockSize = 0 },
    Contradiction("no blocks", .blocks) { $0.payload.blocks.digests = [] },
    Contradiction("one block too many", .blocks) { $0.payload.size = 4096 },
    Contradiction("one block too few", .blocks) { $0.payload.size = 8193 },
    Contradiction("another hash for a block", .digestAlgorithm) {
      $0.payload.blocks.digests[0] = SHA512.digest(of: [UInt8]().span)
    },
    Contradiction("blocks of an image beside the payload that is the image", .blocks) {
      $0.payload = PayloadDescription(
        digest: $0.image.digest, size: $0.image.size, uri: $0.payload.uri, encoding: .identity,
        blocks: BlockDigests(blockSize: $0.image.size, digests: [$0.image.digest]))
    },
    Contradiction("blocks of the image of no bytes", .blocks) { $0.imageBlocks?.blockSize = 0 },
    Contradiction("no block of the image", .blocks) { $0.imageBlocks?.digests = [] },
    Contradiction("one block of the image too many", .blocks) { $0.image.size = 65_536 },
    Contradiction("one block of the image too few", .blocks) { $0.image.size = 98_305 },
    Contradiction("another hash for a block of the image", .digestAlgorithm) {
      $0.imageBlocks?.digests[0] = SHA512.digest(of: [UInt8]().span)
    },
    Contradiction("install before fetch", .installSteps) { $0.installSteps = [.install, .fetch, .validate] },
    Contradiction("never validated", .installSteps) { $0.installSteps = [.fetch, .install] },
    Contradiction("the same dependency twice", .dependencies) { $0.dependencies += $0.dependencies },
    Contradiction("text that is not UTF-8", .metadata) { $0.metadata.vendorName = [0xff] },
  ]
}

extension Manifest {
  /// Any manifest that the rules allow.
  static func random(_ generator: inout SeededGenerator) -> Manifest {
    func digest() -> Digest { Fixture.digest(of: generator.bytes(8)) }
    func identifier() -> UniversalIdentifier {
      UniversalIdentifier(high: generator.number(), low: generator.number())
    }
    func version() -> Version {
      Version(generator.small(), generator.small(), generator.small())
    }
    func text(_ range: ClosedRange<Int>) -> [UInt8] {
      let count = Int.random(in: range, using: &generator)
      return Array(String((0..<count).map { _ in "aZ9 é✓😀".randomElement(using: &generator) ?? "a" }).utf8)
    }
    func component() -> ComponentIdentifier {
      ComponentIdentifier(bytes: generator.bytes(Int.random(in: 1...20, using: &generator)))
    }
    let image = ImageDescription(digest: digest(), size: max(1, generator.small()))
    let isDelta = Bool.random(using: &generator)
    let size = isDelta ? max(1, generator.small()) : image.size
    let blockSize = max(1, size / UInt32.random(in: 1...20, using: &generator))
    let blocks = (0..<BlockDigests.blockCount(size: size, blockSize: blockSize)).map { _ in digest() }
    let delta = DeltaDescription(
      format: .bsdiff43, source: ImageDescription(digest: digest(), size: generator.small()),
      memory: generator.small())
    let imageBlockSize = max(1, image.size / UInt32.random(in: 1...20, using: &generator))
    let imageBlocks = (0..<BlockDigests.blockCount(size: image.size, blockSize: imageBlockSize)).map { _ in
      digest()
    }
    let hasImageBlocks = isDelta && Bool.random(using: &generator)
    let revisions = [generator.small(), generator.small()].sorted()
    var names: Set<ComponentIdentifier> = []
    for _ in 0..<Int.random(in: 0...5, using: &generator) { names.insert(component()) }
    return Manifest(
      sequenceNumber: SequenceNumber(generator.number()), newVersion: version(),
      requiredVersion: Bool.random(using: &generator) ? version() : nil, component: component(),
      compatibility: Compatibility(
        vendorID: identifier(), classID: identifier(),
        deviceID: Bool.random(using: &generator) ? identifier() : nil,
        hardwareRevisions: Bool.random(using: &generator) ? revisions[0]...revisions[1] : nil),
      image: image,
      imageBlocks: hasImageBlocks ? BlockDigests(blockSize: imageBlockSize, digests: imageBlocks) : nil,
      payload: PayloadDescription(
        digest: isDelta ? digest() : image.digest, size: size, uri: text(1...100),
        encoding: isDelta ? .delta(delta) : .identity,
        blocks: BlockDigests(blockSize: blockSize, digests: blocks),
        encryption: size < .max && Bool.random(using: &generator)
          ? PayloadEncryption(
            chunksOf: UInt32.random(in: 1 << 10...1 << 20, using: &generator), transportSize: .max,
            recipients: (0..<Int.random(in: 0...3, using: &generator)).map { _ in digest() }) : nil),
      alternatives: (0..<Int.random(in: 0...3, using: &generator)).map { _ in
        let patch = digest()
        return PayloadDescription(
          digest: patch, size: 9, uri: text(1...40), encoding: .delta(delta),
          blocks: BlockDigests(blockSize: 9, digests: [digest()]))
      },
      dependencies: names.map {
        Dependency(component: $0, minimumSequenceNumber: SequenceNumber(generator.number()))
      },
      installSteps: Bool.random(using: &generator)
        ? [.fetch, .install, .validate, .invoke] : [.fetch, .install, .validate],
      metadata: ManifestMetadata(
        vendorName: text(0...30), modelName: text(0...30), updateDescription: text(0...200)))
  }
}

extension SeededGenerator {
  /// A number of any length of encoding.
  fileprivate mutating func number() -> UInt64 { next() >> UInt64.random(in: 0...63, using: &self) }
  fileprivate mutating func small() -> UInt32 { UInt32(truncatingIfNeeded: number()) }
}
