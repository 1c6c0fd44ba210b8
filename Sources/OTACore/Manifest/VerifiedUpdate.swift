/// An update whose manifest was verified on this device, without heap: what a slot has to know of it.
///
/// Only a verifier of `OTAManifest` makes one, as it does `VerifiedManifest`; a bootloader or a microcontroller stages with
/// it instead of that.
public struct VerifiedUpdate: ~Copyable, Sendable {
  /// What will be in the slot.
  public let record: ImageRecord
  /// The digest of the envelope of the manifest; names the update in the journal, in reports and on the server.
  public let updateID: Digest

  /// Vouches for an update; to be called by a verifier only.
  package init(record: ImageRecord, updateID: Digest) {
    self.record = record
    self.updateID = updateID
  }

  /// The update as it stands in the journal; of an image with companions the sum of their lengths.
  ///
  /// `nil` if that sum does not fit 32 bits.
  public var offer: Offer? {
    var size = record.image.size
    for index in 0..<record.companions.count {
      let (sum, overflow) = size.addingReportingOverflow(record.companions[index]?.size ?? 0)
      guard !overflow else { return nil }
      size = sum
    }
    return Offer(updateID: updateID, sequenceNumber: record.sequenceNumber, imageSize: size)
  }
}
