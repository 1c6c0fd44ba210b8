import OTACore

/// Chooses the update for a device: pure rules over facts, free of any store.
struct UpdateSelection: Sendable {
  let profile: DeviceProfile
  let version: Version
  let sequenceNumber: SequenceNumber
  let imageDigest: Digest
  let deltaFormats: [DeltaFormat]
  let decoderMemory: UInt32

  /// The best of the updates that fit, or `nil` if none does.
  ///
  /// The highest sequence number wins; among its variants a patch before the whole image, the shorter payload before
  /// the longer, and at last the smaller identifier, so that the choice does not depend on the order.
  func best(of candidates: [PublishedUpdate]) -> PublishedUpdate? {
    candidates.filter { refusal(of: $0) == nil }.max { isBetter($1, than: $0) }
  }

  /// The first rule by which an update does not fit, or `nil` if it fits.
  func refusal(of update: PublishedUpdate) -> ErrorCode? {
    guard update.component == profile.component else { return .unknownComponent }
    if let mismatch = update.compatibility.firstMismatch(with: profile) { return mismatch }
    guard update.sequenceNumber > sequenceNumber else { return .sequenceNumberReplayed }
    if let required = update.requiredVersion, version < required { return .requiredVersionMissing }
    switch update.encoding {
    case .identity: return nil
    case .delta(let delta):
      guard delta.source.digest == imageDigest else { return .deltaSourceMismatch }
      guard deltaFormats.contains(delta.format) else { return .deltaUnsupportedFormat }
      guard delta.memory <= decoderMemory else { return .deltaMemoryExceeded }
      return nil
    }
  }

  private func isBetter(_ left: PublishedUpdate, than right: PublishedUpdate) -> Bool {
    if left.sequenceNumber != right.sequenceNumber { return left.sequenceNumber > right.sequenceNumber }
    let leftIsWhole = left.encoding == .identity
    let rightIsWhole = right.encoding == .identity
    if leftIsWhole != rightIsWhole { return rightIsWhole }
    if left.payload.size != right.payload.size { return left.payload.size < right.payload.size }
    return left.id.description < right.id.description
  }
}
