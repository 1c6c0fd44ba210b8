import OTACore
import OTACrypto
import OTACryptoSodium
import OTADelta
import OTADeltaEncoder
import OTADeltaZlib
import OTAManifest
import OTAServer

/// A signed manifest and its payload: what a vendor publishes.
struct DemoRelease: Sendable {
  static let vendorID = UniversalIdentifier(high: 0xfa6b_4a53_d5ad_5fdf, low: 0xbe9d_e663_e4d4_1ffe)
  static let classID = UniversalIdentifier(high: 0x1492_af14_2569_5e48, low: 0xbf42_9b2d_51f2_ab45)

  var manifest: Manifest
  var envelope: [UInt8]
  var payload: [UInt8]

  var updateID: Digest { SodiumSHA256.digest(of: envelope.span) }
}

/// Somebody with a signing key.
struct DemoPublisher: Sendable {
  let signer: SodiumSigner

  /// Makes a key.
  init() throws(CommandFailure) {
    signer = try demoStep("signing key") { SodiumSigner(try Ed25519PrivateKey.generate()) }
  }

  /// What a device needs in order to trust this publisher.
  var trustStore: TrustStore { TrustStore(signer.publicKey, for: .manifest) }

  /// Makes a release: the patch, if it is to be one, the manifest and the signature.
  ///
  /// - Parameters:
  ///   - image: what devices will run.
  ///   - source: the image that the patch starts from, or `nil` to send the whole image.
  ///   - sequenceNumber: larger than that of every release before.
  ///   - hardwareRevisions: the boards that the image is for.
  /// - Returns: the release.
  /// - Throws: a failure with what could not be made.
  func release(
    _ image: DemoFirmware.Image, from source: DemoFirmware.Image?, sequenceNumber: UInt64,
    hardwareRevisions: ClosedRange<UInt32> = 1...4
  ) async throws(CommandFailure) -> DemoRelease {
    let (payload, encoding) = try payload(image, from: source)
    let payloadDigest = SodiumSHA256.digest(of: payload.span)
    let manifest = Manifest(
      sequenceNumber: SequenceNumber(sequenceNumber), newVersion: image.version,
      component: ComponentIdentifier("app"),
      compatibility: Compatibility(
        vendorID: DemoRelease.vendorID, classID: DemoRelease.classID, hardwareRevisions: hardwareRevisions),
      image: image.description,
      payload: PayloadDescription(
        of: payload, uri: UpdateServer.artifactReference(payloadDigest),
        encoding: encoding, hash: SodiumSHA256.self),
      metadata: ManifestMetadata(updateDescription: [UInt8]("Demonstration \(image.version)".utf8)))
    let envelope = try await demoStep("manifest") { try await manifest.signedEnvelope(by: signer) }
    return DemoRelease(manifest: manifest, envelope: envelope, payload: payload)
  }

  /// What the devices of the demonstration have for decoding, in bytes.
  private static var decoderMemory: UInt32 { 32 << 10 }

  /// A patch if there is something to start from, else the image.
  private func payload(
    _ image: DemoFirmware.Image, from source: DemoFirmware.Image?
  ) throws(CommandFailure) -> ([UInt8], PayloadEncoding) {
    guard let source else { return (image.bytes, .identity) }
    let patch = try demoStep("patch") {
      try NativeEncoder.makePatch(
        old: source.bytes, new: image.bytes,
        options: NativeEncoder.Options(memory: DemoPublisher.decoderMemory)
      )
    }
    let memory = try demoStep("patch") {
      try PatchDecoder<ZlibInflater>.memoryRequirement(of: patch.span, format: .native)
    }
    let delta = DeltaDescription(
      format: .native, source: source.description, memory: memory)
    return (patch, .delta(delta))
  }
}
