import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

/// Two programs read manifests, one of them without heap.
///
/// What the smaller one accepts, the larger one accepts as the same update: where they differed, a server would publish
/// one thing and a device install another.
@Suite("The verifier without heap and the other one")
struct CompactAgreementTests {
  @Test("Whole manifests are the same update to both", arguments: Form.allCases)
  func whole(_ form: Form) async throws {
    let world = try World()
    let (manifest, text) = try await world.parts(form)
    let judgement = try world.judge(manifest, text: text)
    #expect(judgement.compact != nil && judgement.compact == judgement.full, "\(judgement)")
  }

  @Test("Every byte changed, and signed again, is the same to both or refused", arguments: Form.allCases)
  func everyByte(_ form: Form) async throws {
    let world = try World()
    let (good, text) = try await world.parts(form)
    var accepted = 0
    for index in good.indices {
      for change: UInt8 in [0x01, 0x20, 0x80, 0xff] {
        var bytes = good
        bytes[index] ^= change
        let judgement = try world.judge(bytes, text: text)
        #expect(judgement.agrees, "byte \(index) ^ \(change): \(judgement)")
        if judgement.compact != nil { accepted += 1 }
      }
    }
    // A signed manifest says much that no device can doubt: its text, where to fetch, its digests.
    #expect(accepted > 100)
  }

  @Test("Several changes at random, and signed again, likewise", arguments: Form.allCases)
  func random(_ form: Form) async throws {
    var generator = SeededGenerator()
    let world = try World()
    let (good, text) = try await world.parts(form)
    for _ in 0..<1000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
        case 1: bytes.remove(at: place)
        default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &generator)], at: place)
        }
      }
      let judgement = try world.judge(bytes, text: text)
      #expect(judgement.agrees, "\(bytes): \(judgement)")
    }
  }

  @Test("A device of another kind, or with less room, is told the same by both")
  func circumstances() async throws {
    let world = try World()
    let (bytes, text) = try await world.parts(.full)
    var changed = world
    changed.context.securityCounter = SequenceNumber(42)
    #expect(
      try changed.judge(bytes, text: text).errors == [.sequenceNumberReplayed, .sequenceNumberReplayed])
    changed = world
    changed.context.profile.vendorID = UniversalIdentifier(high: 9, low: 9)
    #expect(try changed.judge(bytes, text: text).errors == [.vendorMismatch, .vendorMismatch])
    changed = world
    changed.context.profile.classID = UniversalIdentifier(high: 9, low: 9)
    #expect(try changed.judge(bytes, text: text).errors == [.classMismatch, .classMismatch])
    changed = world
    changed.context.profile.deviceID = UniversalIdentifier(high: 9, low: 9)
    #expect(try changed.judge(bytes, text: text).errors == [.deviceMismatch, .deviceMismatch])
    changed = world
    changed.context.profile.hardwareRevision = 5
    #expect(
      try changed.judge(bytes, text: text).errors == [.hardwareRevisionMismatch, .hardwareRevisionMismatch])
    changed = world
    changed.context.runningVersion = Version(1, 3, 9)
    #expect(
      try changed.judge(bytes, text: text).errors == [.requiredVersionMissing, .requiredVersionMissing])
    changed = world
    changed.context.runningImage.size += 1
    #expect(try changed.judge(bytes, text: text).errors == [.deltaSourceMismatch, .deltaSourceMismatch])
    changed = world
    changed.context.trustStore = TrustStore(try Fixture().signer.publicKey, for: .manifest)
    #expect(try changed.judge(bytes, text: text).errors == [.unknownKey, .unknownKey])
  }
}

extension CompactAgreementTests {
  enum Form: CaseIterable, Sendable {
    /// Nothing of our own: the image itself.
    case plain
    /// Everything that a manifest for one component can say, with a patch.
    case full
    /// An image and two patches, one of them on another image.
    case alternatives
  }

  /// What both verifiers say of the same bytes.
  struct Judgement: CustomStringConvertible {
    struct Update: Equatable {
      var image: ImageDescription
      var sequenceNumber: SequenceNumber
      var updateID: Digest
      var payload: Digest
      var size: UInt32
      var encoding: PayloadEncoding
      var blocks: [Digest]
    }

    var compact: Update?
    var full: Update?
    /// Why they refused, by the stable numbers.
    var errors: [ErrorCode] = []

    /// The compact one may refuse more; never less, and never another update.
    var agrees: Bool { compact == nil || compact == full }
    var description: String { "\(String(describing: compact)), \(String(describing: full)), \(errors)" }
  }

  /// A vendor, a device, and what it has room for.
  struct World {
    let fixture: Fixture
    var context: VerificationContext
    private let memory: UInt32 = 100_000

    init() throws {
      fixture = try Fixture()
      context = fixture.context
      // The bounds of a device that has no heap are those of its memory.
      context.profile.limits.decoderMemory = memory
      // How large an image may be is said by the slot that it is to be in.
      context.profile.limits.imageSize = .max
    }

    /// The parts of an envelope as its author signs it: the manifest, and the text that belongs to it.
    func parts(_ form: Form) async throws -> (manifest: [UInt8], text: [UInt8]?) {
      guard form != .plain else { return (fixture.builder.manifest.encoded, nil) }
      var manifest = fixture.manifest
      manifest.dependencies = []
      manifest.imageBlocks = nil
      manifest.payload = payload(31, size: 5000, of: .delta(patch(on: context.runningImage)))
      if form == .alternatives {
        let other = ImageDescription(digest: Fixture.digest(of: [99]), size: 70_000)
        manifest.alternatives = [
          payload(32, size: 900, of: .delta(patch(on: other))), payload(33, size: 80_000, of: .identity),
        ]
      }
      let envelope = try await manifest.signedEnvelope(by: fixture.signer)
      let parsed = try SUITEnvelope(parsing: envelope.span)
      return (Array(envelope[parsed.manifest.contents]), parsed.text.map { Array(envelope[$0.contents]) })
    }

    private func patch(on source: ImageDescription) -> DeltaDescription {
      DeltaDescription(format: .native, source: source, memory: 10_000)
    }

    private func payload(_ name: UInt8, size: UInt32, of encoding: PayloadEncoding) -> PayloadDescription {
      let blocks = BlockDigests(
        blockSize: 32_768,
        digests: (0..<(size + 32_767) / 32_768).map { Fixture.digest(of: [name, UInt8($0)]) })
      let digest = encoding == .identity ? fixture.manifest.image.digest : Fixture.digest(of: [name])
      return PayloadDescription(
        digest: digest, size: size, uri: Array("artifacts/\(name)".utf8), encoding: encoding, blocks: blocks)
    }

    /// Signs these bytes, whatever they are, and asks both.
    func judge(_ manifest: [UInt8], text: [UInt8]? = nil) throws -> Judgement {
      let key = try fixture.privateKey()
      let item = CBOR.bytes(manifest)
      let digest = EnvelopeBuilder.digest(Fixture.digest(of: item.encoded)).encoded
      let wrapper = CBOR.wrapped(
        .array([.bytes(digest), .bytes(try fixture.builder.block(over: digest, signedBy: key))]))
      let members: [(CBOR, CBOR)] = text.map { [(.int(23), .bytes($0))] } ?? []
      let envelope = CBOR.tag(107, .map([(.int(2), wrapper), (.int(3), item)] + members)).encoded
      var judgement = Judgement()
      do throws(CompactRefusal) {
        judgement.compact = try compact(envelope)
      } catch {
        judgement.errors.append(error.code)
      }
      do throws(ManifestError) {
        let verified = try Fixture.verifier.verify(envelope.span, context: context)
        let manifest = verified.manifest
        judgement.full = Judgement.Update(
          image: manifest.image, sequenceNumber: manifest.sequenceNumber, updateID: verified.updateID,
          payload: manifest.payload.digest, size: manifest.payload.size, encoding: manifest.payload.encoding,
          blocks: manifest.payload.blocks.digests)
      } catch {
        judgement.errors.append(error.code)
      }
      return judgement
    }

    private func compact(_ envelope: [UInt8]) throws(CompactRefusal) -> Judgement.Update {
      let keys = context.trustStore.keys(for: .manifest)
      let verifier = CompactManifestVerifier(verifier: SodiumVerifier(), keys: ManifestKeySet(keys[0]))
      let profile = context.profile
      let manifest = try verifier.verify(
        envelope.span,
        for: CompactDevice(
          deviceID: profile.deviceID, vendorID: profile.vendorID, classID: profile.classID,
          hardwareRevision: profile.hardwareRevision, component: CompactComponent("app")),
        in: CompactCircumstances(
          securityCounter: context.securityCounter, runningVersion: context.runningVersion,
          runningImage: context.runningImage, memory: memory))
      let payload = manifest.payload
      var blocks: [Digest] = []
      while let digest = payload.digest(ofBlock: UInt32(blocks.count), in: envelope.span) {
        blocks.append(digest)
      }
      return Judgement.Update(
        image: manifest.update.record.image, sequenceNumber: manifest.update.record.sequenceNumber,
        updateID: manifest.update.updateID, payload: payload.digest, size: payload.size,
        encoding: payload.encoding, blocks: blocks)
    }
  }
}
