import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

/// Attacks, each with the error that refuses it.
@Suite struct RefusalTests {
  private func expectRefusal(
    _ error: ManifestError, _ code: ErrorCode, manifest edit: (inout Manifest) -> Void = { _ in },
    device change: (inout VerificationContext) -> Void = { _ in },
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let fixture = try Fixture()
    var manifest = fixture.manifest
    edit(&manifest)
    var context = fixture.context
    change(&context)
    let envelope = try await manifest.signedEnvelope(by: fixture.signer)
    #expect(throws: error, sourceLocation: sourceLocation) {
      try fixture.verdict(on: envelope, context: context)
    }
    #expect(error.code == code, sourceLocation: sourceLocation)
    // The same device takes the same update without the attack.
    let good = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    #expect(try fixture.verdict(on: good) == fixture.manifest, sourceLocation: sourceLocation)
  }

  @Test("A manifest by a stranger's key is refused")
  func stranger() async throws {
    let fixture = try Fixture()
    let stranger = SodiumSigner(try Ed25519PrivateKey.generate())
    let envelope = try await fixture.manifest.signedEnvelope(by: stranger)
    #expect(throws: ManifestError.crypto(.unknownKey)) { try fixture.verdict(on: envelope) }
  }

  @Test("A stranger's signature under the name of the vendor's key is refused")
  func impersonation() throws {
    let fixture = try Fixture()
    let name = fixture.signer.keyIdentifier.digest
    var builder = fixture.builder
    builder.protectedHeaders = [(1, .int(-8)), (4, .bytes((0..<32).map { name.bytes[$0] }))]
    let envelope = try builder.envelope(signedBy: Ed25519PrivateKey.generate())
    #expect(throws: ManifestError.crypto(.authenticationFailed)) { try fixture.verdict(on: envelope) }
  }

  @Test("A stranger's signature without a name is refused")
  func nameless() throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    builder.protectedHeaders = [(1, .int(-8))]
    let envelope = try builder.envelope(signedBy: Ed25519PrivateKey.generate())
    #expect(throws: ManifestError.crypto(.authenticationFailed)) { try fixture.verdict(on: envelope) }
  }

  @Test("A key that may only sign receipts can not sign manifests, named or not")
  func role() throws {
    let fixture = try Fixture()
    var context = fixture.context
    context.trustStore = TrustStore(fixture.signer.publicKey, for: .device)
    var builder = fixture.builder
    let named = try builder.envelope(signedBy: fixture.privateKey())
    #expect(throws: ManifestError.crypto(.keyNotAuthorized)) {
      try fixture.verdict(on: named, context: context)
    }
    builder.protectedHeaders = [(1, .int(-8))]
    let nameless = try builder.envelope(signedBy: fixture.privateKey())
    #expect(throws: ManifestError.crypto(.authenticationFailed)) {
      try fixture.verdict(on: nameless, context: context)
    }
  }

  @Test("A manifest with its signature taken off is refused")
  func unsigned() throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    builder.dropsSignature = true
    #expect(throws: ManifestError.crypto(.authenticationFailed)) { try fixture.verdict(on: builder) }
  }

  @Test("A signature for other external data is refused")
  func externalData() throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    builder.externalData = [0]
    #expect(throws: ManifestError.crypto(.authenticationFailed)) { try fixture.verdict(on: builder) }
  }

  @Test("A second signature that nobody here can check does not hurt, in either place")
  func secondSignature() throws {
    let fixture = try Fixture()
    var other = fixture.builder
    other.protectedHeaders = [(1, .int(-36))]
    let digest = EnvelopeBuilder.digest(Fixture.digest(of: CBOR.wrapped(other.manifest).encoded)).encoded
    let block = try other.block(over: digest, signedBy: Ed25519PrivateKey.generate())
    var builder = fixture.builder
    builder.extraBlocks = [.bytes(block)]
    #expect(try fixture.verdict(on: builder).image == fixture.manifest.image)
    builder.dropsSignature = true
    let good = try fixture.builder.block(over: digest, signedBy: fixture.privateKey())
    builder.extraBlocks = [.bytes(block), .bytes(good)]
    #expect(try fixture.verdict(on: builder).image == fixture.manifest.image)
    builder.extraBlocks = [.bytes(block), .bytes(block)]
    #expect(throws: ManifestError.crypto(.unsupportedAlgorithm)) { try fixture.verdict(on: builder) }
    builder.extraBlocks = [CBOR](repeating: .bytes(good), count: SUITEnvelope.maximumBlockCount + 1)
    #expect(throws: ManifestError.limitExceeded(.envelope)) { try fixture.verdict(on: builder) }
  }

  @Test("Another manifest under a good signature is refused")
  func exchangedManifest() async throws {
    let fixture = try Fixture()
    let good = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    var other = fixture.manifest
    other.image.size += 1
    let donor = try await other.signedEnvelope(by: SodiumSigner(Ed25519PrivateKey.generate()))
    let from = try SUITEnvelope(parsing: donor.span).manifest.item
    let to = try SUITEnvelope(parsing: good.span).manifest.item
    let forged = Array(good[..<to.lowerBound]) + donor[from] + good[to.upperBound...]
    #expect(throws: ManifestError.digestMismatch) { try fixture.verdict(on: forged) }
    #expect(ManifestError.digestMismatch.code == .manifestDigestMismatch)
  }

  @Test("A changed text in the envelope is refused")
  func changedText() async throws {
    let fixture = try Fixture()
    var envelope = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    let text = try #require(try SUITEnvelope(parsing: envelope.span).text)
    envelope[text.contents.upperBound - 1] ^= 1
    #expect(throws: ManifestError.digestMismatch) { try fixture.verdict(on: envelope) }
  }

  @Test("The manifest that is installed, and every older one, is refused", arguments: [0, 1, 40, 41])
  func replay(_ number: UInt64) async throws {
    try await expectRefusal(
      .sequenceNumberReplayed, .sequenceNumberReplayed,
      manifest: {
        $0.sequenceNumber = SequenceNumber(number)
      })
  }

  @Test("A downgrade is refused by its sequence number, also under a higher version")
  func downgrade() async throws {
    try await expectRefusal(
      .sequenceNumberReplayed, .sequenceNumberReplayed,
      manifest: {
        $0.sequenceNumber = SequenceNumber(41)
        $0.newVersion = Version(99, 0)
      })
  }

  @Test("An update for another vendor is refused")
  func vendor() async throws {
    try await expectRefusal(
      .vendorMismatch, .vendorMismatch, manifest: { $0.compatibility.vendorID.low += 1 })
  }

  @Test("An update for another class is refused")
  func deviceClass() async throws {
    try await expectRefusal(.classMismatch, .classMismatch, manifest: { $0.compatibility.classID.high += 1 })
  }

  @Test("An update for another device of the class is refused")
  func device() async throws {
    try await expectRefusal(
      .deviceMismatch, .deviceMismatch,
      manifest: {
        $0.compatibility.deviceID = UniversalIdentifier(high: 0, low: 0)
      })
  }

  @Test(
    "An update for other revisions of the board is refused",
    arguments: [0...2, 4...9] as [ClosedRange<UInt32>])
  func hardware(_ revisions: ClosedRange<UInt32>) async throws {
    try await expectRefusal(
      .hardwareRevisionMismatch, .hardwareRevisionMismatch,
      manifest: {
        $0.compatibility.hardwareRevisions = revisions
      })
  }

  @Test("An update for another component is refused")
  func component() async throws {
    try await expectRefusal(
      .unknownComponent, .unknownComponent,
      manifest: {
        $0.component = ComponentIdentifier("boot")
      })
  }

  @Test("An update that needs a newer running version is refused")
  func requiredVersion() async throws {
    try await expectRefusal(
      .requiredVersionMissing, .requiredVersionMissing,
      manifest: {
        $0.requiredVersion = Version(1, 4, 3)
      })
  }

  @Test("An update whose dependency is absent or too old is refused")
  func dependency() async throws {
    try await expectRefusal(
      .dependencyMissing, .dependencyMissing, device: { $0.otherComponents = [] })
    try await expectRefusal(
      .dependencyMissing, .dependencyMissing,
      manifest: {
        $0.dependencies[0].minimumSequenceNumber = SequenceNumber(8)
      })
  }

  @Test("A patch on another image than the one that runs is refused")
  func deltaSource() async throws {
    try await expectRefusal(
      .deltaSourceMismatch, .deltaSourceMismatch, device: { $0.runningImage.digest = Fixture.digest(of: [9]) }
    )
    try await expectRefusal(
      .deltaSourceMismatch, .deltaSourceMismatch, device: { $0.runningImage.size += 1 })
  }

  @Test("What is over the limits of the device is refused before it is fetched")
  func limits() async throws {
    try await expectRefusal(
      .limitExceeded(.imageSize), .imageTooLarge, device: { $0.profile.limits.imageSize = 79_999 })
    try await expectRefusal(
      .limitExceeded(.payloadSize), .limitExceeded, device: { $0.profile.limits.payloadSize = 4999 })
    try await expectRefusal(
      .limitExceeded(.decoderMemory), .deltaMemoryExceeded,
      device: { $0.profile.limits.decoderMemory = 39_999 })
    try await expectRefusal(
      .limitExceeded(.blocks), .limitExceeded, device: { $0.profile.limits.decoderMemory = 4095 })
    try await expectRefusal(
      .limitExceeded(.blocks), .limitExceeded,
      manifest: {
        $0.imageBlocks = BlockDigests(blockSize: 80_000, digests: [$0.image.digest])
      }, device: { $0.profile.limits.decoderMemory = 79_999 })
    try await expectRefusal(
      .limitExceeded(.envelope), .limitExceeded, device: { $0.profile.limits.envelopeSize = 100 })
  }

  @Test("A digest that the device can not compute is refused before anything is fetched")
  func otherHash() async throws {
    try await expectRefusal(
      .invalid(.digestAlgorithm), .unsupportedAlgorithm,
      manifest: {
        $0.image.digest = SHA512.digest(of: [UInt8]().span)
      })
    try await expectRefusal(
      .invalid(.digestAlgorithm), .unsupportedAlgorithm,
      manifest: {
        $0.payload.digest = SHA512.digest(of: [UInt8]().span)
      })
  }

  @Test("The signature is judged before anything that is signed")
  func order() async throws {
    let fixture = try Fixture()
    var manifest = fixture.manifest
    manifest.sequenceNumber = SequenceNumber(1)
    manifest.component = ComponentIdentifier("boot")
    manifest.compatibility.vendorID.low += 1
    let stranger = SodiumSigner(try Ed25519PrivateKey.generate())
    let byStranger = try await manifest.signedEnvelope(by: stranger)
    #expect(throws: ManifestError.crypto(.unknownKey)) { try fixture.verdict(on: byStranger) }
    let old = try await manifest.signedEnvelope(by: fixture.signer)
    #expect(throws: ManifestError.sequenceNumberReplayed) { try fixture.verdict(on: old) }
    manifest.sequenceNumber = SequenceNumber(42)
    let elsewhere = try await manifest.signedEnvelope(by: fixture.signer)
    #expect(throws: ManifestError.vendorMismatch) { try fixture.verdict(on: elsewhere) }
  }
}
