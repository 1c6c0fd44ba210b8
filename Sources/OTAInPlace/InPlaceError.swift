public import OTACore
public import OTADelta
public import OTAPartition

/// Why an update in place was refused, or does not go on.
public enum InPlaceError: Error, Equatable, Sendable {
  /// The flash, the layout or the journal; an update that is below the security counter, too large for its place, or in
  /// the way of another one.
  case storage(StorageError)
  /// The patch breaks the rules of its format, or does not do what it says.
  case patch(DeltaError)
  /// The patch starts from another image than the one in the slot.
  case sourceMismatch
  /// The patch does not go with the blocks of the slot: it moves the image by something else than whole blocks, or makes
  /// segments that are no whole blocks or larger than that.
  case notAligned
  /// The moved image, or the new one, does not fit the slot.
  case slotTooSmall
  /// The payload does not fit the store.
  case storeTooSmall
  /// There are fewer or more bytes than the manifest says, or the two patches are not all of the payload.
  case payloadSizeMismatch
  /// What is in the store is not the payload that the manifest describes.
  case payloadDigestMismatch
  /// A segment reads a byte that it overwrites, or that an earlier one has overwritten.
  case sourceOverwritten
  /// The patch makes something else than the image of the manifest.
  case targetMismatch
  /// What is in the slot is no image that may boot.
  case noBootableImage

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .storage(let error): error.code
    case .patch(let error): error.code
    case .sourceMismatch: .deltaSourceMismatch
    case .notAligned: .flashNotAligned
    case .slotTooSmall, .storeTooSmall: .imageTooLarge
    case .payloadSizeMismatch: .payloadSizeMismatch
    case .payloadDigestMismatch: .payloadDigestMismatch
    case .sourceOverwritten: .deltaSourceOutOfRange
    case .targetMismatch: .deltaOutputMismatch
    case .noBootableImage: .noBootableImage
    }
  }

  /// Whether the power is gone, in a simulation.
  var isPowerLoss: Bool { self == .storage(.flash(.powerLost)) }
}

extension PatchError where SourceFailure == InPlaceError, SinkFailure == InPlaceError {
  /// The same without saying which medium.
  var flat: InPlaceError {
    switch self {
    case .delta(let error): .patch(error)
    case .source(let error), .sink(let error): error
    }
  }
}
