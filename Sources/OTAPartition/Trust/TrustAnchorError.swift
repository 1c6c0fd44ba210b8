public import OTACore
public import OTACrypto

/// Why a set of trust anchors cannot be read, or does not take the place of another.
public enum TrustAnchorError: Error, Equatable, Sendable {
  /// The flash or the journal failed, or the areas do not fit the device.
  case storage(StorageError)
  /// The secure storage that holds the set failed.
  case secureStorage(SecureStorageError)
  /// The backend could not check a signature. That a signature is wrong is *not* this error: it does not count.
  case crypto(CryptoError)
  /// The bytes are not a set, or not an update, of this version; the offset counts from their start.
  case malformed(ParseError)
  /// Neither copy is whole: the device was never provisioned, or both copies are destroyed.
  case unreadable
  /// There is no set under this name, or the device has one already that is not to be written over.
  case notProvisioned, alreadyProvisioned
  /// Fewer keys of the present set than its threshold have signed the new one.
  case currentThresholdNotMet
  /// Fewer keys of the new set than its threshold have signed it.
  case newThresholdNotMet
  /// The number of the new set is not that of the present one plus one.
  case numberMismatch
  /// The new set is for other devices.
  case scopeMismatch
  /// The set that the new one was verified against is not the present one any more.
  case superseded

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .storage(let error): error.code
    case .secureStorage(let error): error.code
    case .crypto(let error): error.code
    case .malformed(let error): error.code
    case .unreadable, .notProvisioned: .trustAnchorsUnreadable
    case .alreadyProvisioned, .numberMismatch: .trustAnchorsNumberMismatch
    case .currentThresholdNotMet, .newThresholdNotMet: .trustAnchorsThresholdNotMet
    case .scopeMismatch: .trustAnchorsScopeMismatch
    case .superseded: .updateSuperseded
    }
  }
}
