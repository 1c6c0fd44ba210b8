public import OTACore
public import OTADelta

/// Why no patch was made.
public enum DeltaEncoderError: Error, Equatable, Sendable {
  /// An image is larger than the encoder takes, or the patch is larger than its format can be used for.
  case imageTooLarge
  /// There is no memory for the suffix array or the compressor.
  case outOfMemory
  /// No patch can be decoded in the memory that the device has.
  case memoryTooSmall
  /// The images do not fit the slot where one replaces the other.
  case slotTooSmall
  /// The caller asked to stop.
  case cancelled
  /// The finished patch does not give the new image; nothing of it may be used.
  case verificationFailed(DeltaError)

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .imageTooLarge, .slotTooSmall: .limitExceeded
    case .outOfMemory, .memoryTooSmall: .deltaMemoryExceeded
    case .cancelled: .cancelled
    case .verificationFailed: .deltaOutputMismatch
    }
  }
}
