import OTACore
import OTACrypto
import OTAPartition

/// An image that was read from the slot, from its first byte to its last, and has its digest.
///
/// Made by ``InPlaceStorage/verified(_:)`` only. Nothing goes on trial and nothing boots without one.
struct VerifiedContents: ~Copyable {
  let image: ImageRecord

  fileprivate init(_ image: ImageRecord) { self.image = image }
}

extension InPlaceStorage where Device: ~Copyable, Hash: ~Copyable {
  /// Digests the slot.
  ///
  /// - Returns: `nil` if it does not hold the image, or the image is below the security counter.
  /// - Throws: ``InPlaceError/storage(_:)`` if the power goes, and then only.
  mutating func verified(_ image: ImageRecord) throws(InPlaceError) -> VerifiedContents? {
    guard image.sequenceNumber >= state.securityCounter else { return nil }
    do throws(FlashError) {
      return try access.flash.holds(image.image, in: layout.slot, using: Hash.self)
        ? VerifiedContents(image) : nil
    } catch {
      throw .storage(.flash(error))
    }
  }

  /// Commits that what was verified goes on trial.
  mutating func beginTrial(
    of update: InPlaceUpdate, _ contents: consuming VerifiedContents, attempts: UInt8
  ) throws(InPlaceError) {
    precondition(contents.image == update.new, "the image that the update has made")
    try commit(.trial(update, attemptsLeft: attempts))
  }
}

extension BootDecision {
  /// The one slot boots, with what was verified in it.
  init(_ contents: consuming VerifiedContents, _ kind: Kind, isRecorded: Bool = true) {
    self.init(slot: .a, image: contents.image, kind: kind, isRecorded: isRecorded)
  }
}
