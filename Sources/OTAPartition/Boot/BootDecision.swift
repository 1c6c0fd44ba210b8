public import OTACore

/// What to jump to.
public struct BootDecision: Equatable, Sendable {
  /// Why this image boots.
  public enum Kind: Equatable, Sendable {
    /// It has proved itself.
    case confirmed
    /// It is on trial, and may boot this many times more after this boot.
    case trial(attemptsLeft: UInt8)
    /// The image on trial was given up at this boot, for this reason; this is the one before it.
    case reverted(ErrorCode)
    /// The selected image cannot boot; this is the other one.
    case fallback
  }

  /// The slot to jump to.
  public var slot: SlotIdentifier
  /// What is in it; verified just now.
  public var image: ImageRecord
  /// Why this one.
  public var kind: Kind
  /// Whether the journal selects this slot.
  ///
  /// False if the journal could not be written. The application must then be told which slot runs, see
  /// ``DeviceStorage/init(opening:layout:runningSlot:)``.
  public var isRecorded: Bool

  /// Makes a decision from its parts.
  public init(slot: SlotIdentifier, image: ImageRecord, kind: Kind, isRecorded: Bool = true) {
    self.slot = slot
    self.image = image
    self.kind = kind
    self.isRecorded = isRecorded
  }
}

/// Why nothing can boot.
public enum BootError: Error, Equatable, Sendable {
  /// No slot holds an image that verifies, is not below the security counter, and can be brought to where it runs.
  case noBootableImage
  /// The power went, in a simulation; boot again.
  case storage(StorageError)

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .noBootableImage: .noBootableImage
    case .storage(let error): error.code
    }
  }
}
