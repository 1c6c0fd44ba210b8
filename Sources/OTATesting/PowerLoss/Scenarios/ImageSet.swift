import OTACore
import OTACrypto
import OTAFlashSimulator

/// All images of a slot, of one generation.
struct ImageSet: Sendable {
  let images: [[UInt8]]
  let record: ImageRecord

  /// All bytes, one image behind the other.
  var bytes: [UInt8] { images.flatMap { $0 } }

  init(_ images: [[UInt8]], sequenceNumber: UInt64) {
    self.images = images
    let descriptions = images.map { image in
      ImageDescription(digest: SHA256.digest(of: image.span), size: UInt32(image.count))
    }
    var companions = CompanionImages()
    do throws(ParseError) {
      for description in descriptions.dropFirst() { try companions.append(description) }
    } catch {
      preconditionFailure("a slot has up to four images")
    }
    record = ImageRecord(
      image: descriptions[0], companions: companions, sequenceNumber: SequenceNumber(sequenceNumber),
      version: Version(1, UInt32(truncatingIfNeeded: sequenceNumber)))
  }

  /// Images of noise.
  init(sizes: [Int], sequenceNumber: UInt64) {
    var random = SplitMix64(seed: sequenceNumber)
    self.init(
      sizes.map { size in (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) } },
      sequenceNumber: sequenceNumber)
  }

  /// What names the update to these images.
  var updateID: Digest { record.image.digest }

  var offer: Offer {
    Offer(
      updateID: updateID, sequenceNumber: record.sequenceNumber,
      imageSize: UInt32(images.reduce(0) { $0 + $1.count }))
  }

  /// What the manifest verifier would hand over.
  func verifiedManifest() -> VerifiedManifest { VerifiedManifest(manifest: manifest, updateID: updateID) }

  /// The description of an update to these images, with the images as they are for a payload.
  var manifest: Manifest {
    let identifier = UniversalIdentifier(high: 1, low: 2)
    let payload = PayloadDescription(
      digest: record.image.digest, size: record.image.size, uri: [], encoding: .identity,
      blocks: BlockDigests(blockSize: 4096, digests: []))
    return Manifest(
      sequenceNumber: record.sequenceNumber, newVersion: record.version,
      component: ComponentIdentifier("app"),
      compatibility: Compatibility(vendorID: identifier, classID: identifier), image: record.image,
      companions: record.companions, payload: payload)
  }
}
