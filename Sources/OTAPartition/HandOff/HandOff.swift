public import OTACore

/// What a boot loader leaves for what it starts: which image, why this one, and what was measured on the way.
///
/// It lies in memory that the start of the next stage does not clear. The cause of a revert or of a recovery so reaches
/// the application at the very start that it happened in, also where the journal could not be written or is gone.
///
/// The serialised form has a fixed size, a version and a checksum. The checksum finds what was left over, was never
/// written or decayed, not forgeries: whatever can write to that memory runs before the reader and is trusted anyway.
public struct HandOff: Equatable, Sendable {
  /// Why the image was started.
  public enum Reason: Equatable, Sendable {
    /// It has proved itself.
    case confirmed
    /// It is on trial, and may boot this many times more after this boot.
    case trial(attemptsLeft: UInt8)
    /// The image on trial was given up at this boot, for this reason; this is the one before it.
    case reverted(ErrorCode)
    /// The selected image cannot boot; this is the other one.
    case fallback
    /// No slot can boot, for this reason; this is the golden image.
    case recovery(ErrorCode)
  }

  /// Why this image was started.
  public let reason: Reason
  /// The slot that runs; `nil` for the golden image, which is in none.
  public let slot: SlotIdentifier?
  /// The digest of the image that runs, as the boot loader has verified it.
  public let image: Digest
  /// Whether the journal selects what runs.
  ///
  /// If false, open the storage with this slot: ``DeviceStorage/init(opening:layout:runningSlot:)``.
  public let isRecorded: Bool
  /// The lowest sequence number that may boot, if the journal could be read.
  ///
  /// A golden image must not install anything below it.
  public let securityCounter: SequenceNumber?
  /// Why the last trial was given up, as the journal has it, until another image is confirmed.
  public let lastRevert: ErrorCode?
  /// What was started before, and this image as the last.
  public let measurements: MeasurementLog

  /// Makes a hand-off for an image in a slot.
  ///
  /// - Parameters:
  ///   - decision: of the boot manager.
  ///   - boot: what the journal says after that decision.
  ///   - measurements: what was measured, this image included; empty if nothing is.
  public init(_ decision: BootDecision, boot: BootState, measurements: MeasurementLog = MeasurementLog()) {
    reason =
      switch decision.kind {
      case .confirmed: .confirmed
      case .trial(let attemptsLeft): .trial(attemptsLeft: attemptsLeft)
      case .reverted(let cause): .reverted(cause)
      case .fallback: .fallback
      }
    slot = decision.slot
    image = decision.image.image.digest
    isRecorded = decision.isRecorded
    securityCounter = boot.securityCounter
    lastRevert = boot.lastRevert
    self.measurements = measurements
  }

  /// Makes a hand-off for the golden image.
  ///
  /// - Parameters:
  ///   - recovery: what was decided.
  ///   - measurements: what was measured, the golden image included; empty if nothing is.
  public init(_ recovery: RecoveryDecision, measurements: MeasurementLog = MeasurementLog()) {
    reason = .recovery(recovery.cause)
    slot = nil
    image = recovery.image.digest
    isRecorded = true
    securityCounter = recovery.securityCounter
    lastRevert = nil
    self.measurements = measurements
  }
}
