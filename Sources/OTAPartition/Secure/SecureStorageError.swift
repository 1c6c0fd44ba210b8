public import OTACore
public import OTACrypto

/// Why a secure storage gave or took nothing.
public enum SecureStorageError: Error, Equatable, Sendable {
  /// The newest record is not one that this key has sealed for this storage: it was changed, is from another device, or
  /// the key is another.
  case tampered
  /// The newest record is genuine but old: the counter has gone on since.
  ///
  /// Somebody has put old contents back, or the newest record was damaged and the one before it was found.
  case replayed
  /// There is no record, but the counter says that there was one.
  case missing
  /// The record is genuine and further than the counter: the counter was exchanged, set back, or belongs to another
  /// storage.
  case counterBehind
  /// The counter failed.
  case counter(CounterError)
  /// The cipher or the random numbers failed. That a tag is wrong is ``tampered`` instead.
  case crypto(CryptoError)
  /// The flash or the journal failed.
  case storage(StorageError)
  /// The record is genuine, but its contents are not of this version: other firmware sealed it.
  case record(ParseError)
  /// The values do not fit a record together.
  case full
  /// The value is longer than the buffer that is to take it.
  case bufferTooSmall
  /// The storage was not opened, or an error since then left open what is in flash; open it again.
  case notOpen

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .tampered: .secureStorageTampered
    case .replayed: .secureStorageReplayed
    case .missing: .secureStorageMissing
    case .counterBehind: .counterMismatch
    case .counter(let error): error.code
    case .crypto(let error): error.code
    case .storage(let error): error.code
    case .record(let error): error.code
    case .full: .secureStorageFull
    case .bufferTooSmall: .capacityExceeded
    case .notOpen: .secureStorageNotOpen
    }
  }
}
