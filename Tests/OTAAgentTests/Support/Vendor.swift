import OTACore
import OTACrypto
import OTACryptoSodium
import OTADelta
import OTADeltaContainers
import OTADeltaEncoder
import OTADeltaZlib
import OTAManifest
import OTAServer

/// A signed manifest and its payload.
struct Release: Sendable {
  var manifest: Manifest
  var envelope: [UInt8]
  var payload: [UInt8]

  var updateID: Digest {
    let envelope = envelope
    return SodiumSHA256.digest(of: envelope.span)
  }
}

/// Somebody who signs releases.
struct Vendor: Sendable {
  static let vendorID = UniversalIdentifier(high: 1, low: 2)
  static let classID = UniversalIdentifier(high: 3, low: 4)
  static let component = ComponentIdentifier("app")

  let signer: SodiumSigner

  init() throws {
    signer = SodiumSigner(try Ed25519PrivateKey.generate())
  }

  var trustStore: TrustStore { TrustStore(signer.publicKey, for: .manifest) }

  /// What applies the patches of a device with an operating system.
  private typealias Decoder = HostPatchDecoder<ZlibInflater, SodiumSHA256>

  /// Makes a release of an image: a patch from `source`, or the whole image.
  func release(
    _ image: [UInt8], from source: [UInt8]? = nil, format: DeltaFormat = .bsdiff43,
    sequenceNumber: UInt64 = 2, blockSize: UInt32 = 1024,
    changing change: (inout Manifest) -> Void = { _ in }
  ) async throws -> Release {
    var payload = image
    var encoding = PayloadEncoding.identity
    if let source {
      payload =
        switch format {
        case .bsdiff43: try BSDiff43Encoder.makePatch(old: source, new: image)
        case .native:
          try NativeEncoder.makePatch(
            old: source, new: image, options: NativeEncoder.Options(effort: .fast))
        }
      encoding = .delta(
        DeltaDescription(
          format: format, source: Vendor.description(of: source),
          memory: try Decoder.memoryRequirement(of: payload.span, format: format)))
    }
    let digest = Vendor.description(of: payload).digest
    var manifest = Manifest(
      sequenceNumber: SequenceNumber(sequenceNumber), newVersion: Version(1, UInt32(sequenceNumber)),
      component: Vendor.component,
      compatibility: Compatibility(vendorID: Vendor.vendorID, classID: Vendor.classID),
      image: Vendor.description(of: image),
      payload: PayloadDescription(
        of: payload, uri: UpdateServer.artifactReference(digest), encoding: encoding, hash: SodiumSHA256.self,
        blockSize: blockSize))
    change(&manifest)
    return Release(
      manifest: manifest, envelope: try await manifest.signedEnvelope(by: signer), payload: payload)
  }

  static func description(of image: [UInt8]) -> ImageDescription {
    ImageDescription(digest: SodiumSHA256.digest(of: image.span), size: UInt32(image.count))
  }
}

/// Images that look like code: words that repeat with small changes, so that patches are neither empty nor large.
enum Images {
  static func old(size: Int) -> [UInt8] {
    var state: UInt32 = 12_345
    return (0..<size).map { index in
      if index % 4 == 0 { state = state &* 1_664_525 &+ 1_013_904_223 }
      return UInt8(truncatingIfNeeded: state >> 16) & 0x3f &+ UInt8(index % 7)
    }
  }

  /// The old image with bytes inserted early and some changed.
  static func new(size: Int) -> [UInt8] {
    let old = old(size: size)
    var image = Array(old[..<100]) + [UInt8](repeating: 0xa5, count: 64) + Array(old[100..<(size - 64)])
    for index in stride(from: 300, to: image.count, by: 997) { image[index] ^= 0x11 }
    return image
  }
}
