public import OTACore

/// What a device runs, as far as the life of keys depends on it.
public struct RunningImage: Equatable, Sendable {
  /// The sequence number of the manifest that brought it.
  public var sequenceNumber: SequenceNumber
  /// How many images it is of, without those that it does without.
  public var imageCount: Int
  /// Whether nothing else can boot or is about to: no trial, nothing that moves, no update that is being written.
  public var isSettled: Bool
  /// Whether it has proved itself, and the security counter was raised to it.
  public var isConfirmed: Bool

  /// Takes the parts, for devices whose boot is controlled by other means than ``DeviceStorage``.
  public init(sequenceNumber: SequenceNumber, imageCount: Int = 1, isSettled: Bool, isConfirmed: Bool) {
    self.sequenceNumber = sequenceNumber
    self.imageCount = imageCount
    self.isSettled = isSettled
    self.isConfirmed = isConfirmed
  }
}

extension DeviceStorage where Device: ~Copyable {
  /// What runs, for ``TrustAnchorStore``; `nil` if nothing is recorded for the slot that runs.
  public var runningImage: RunningImage? {
    guard let record = state.boot[runningSlot] else { return nil }
    var count = 0
    for index in 0..<record.count where (record[image: index]?.size ?? 0) > 0 { count += 1 }
    return RunningImage(
      sequenceNumber: record.sequenceNumber, imageCount: count, isSettled: isSettled,
      isConfirmed: state.boot.securityCounter >= record.sequenceNumber)
  }

  private var isSettled: Bool {
    guard case .settled = state.boot.placement, state.boot.selection == .confirmed(runningSlot) else {
      return false
    }
    switch state.update {
    case .staging, .applying: return false
    case .idle, .rollingBack, .reporting: return true
    }
  }
}
