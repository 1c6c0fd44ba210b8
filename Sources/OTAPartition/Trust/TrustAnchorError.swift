public import OTACore
public import OTACrypto

/// Why a set of trust anchors cannot be read, or does not take the place of another.
public enum TrustAnchorError: Error, Equatable, Sendable {
  /// The flash or the journal failed, or the areas do not fit the device.
  case storage(StorageError)
  /// The secure storage that pins the set failed.
  case secureStorage(SecureStorageError)
  /// The backend could not check a signature. That a signature is wrong, or of an algorithm that the backend does not
  /// have, is *not* this error: it does not count.
  case crypto(CryptoError)
  /// The bytes are not a set, or not an update, of this version; the offset counts from their start.
  case malformed(ParseError)
  /// Neither copy is whole: the device was never provisioned, or both copies are destroyed.
  case unreadable
  /// There is no set, or the device has one already that is not to be written over.
  case notProvisioned, alreadyProvisioned
  /// The set in flash is not the one that the secure storage has pinned: somebody has exchanged it or put an old one back.
  case tampered
  /// Fewer root keys of the present set than its threshold have signed the new one.
  case currentThresholdNotMet
  /// Fewer root keys of the new set than its threshold have signed it.
  case newThresholdNotMet
  /// A key that is new for manifests or images has not signed the set that brings it, or with an algorithm that this
  /// device cannot check.
  case newKeyNotProven
  /// The number of the new set is not that of the present one plus one.
  case numberMismatch
  /// The new set is for other devices.
  case scopeMismatch
  /// The set that the new one was verified against is not the present one any more.
  case superseded
  /// The set has expired: what runs boots, and the next set is taken, but nothing is installed by this one.
  case expired
  /// An image is on trial or moves, or an update is being written: end it or give it up first.
  case updateInProgress
  /// What runs may still need keys of earlier sets, and those that it may need from now on do not fit beside them.
  ///
  /// Install an image that a key of the present set has signed, and confirm it.
  case retirementPending

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .storage(let error): error.code
    case .secureStorage(let error): error.code
    case .crypto(let error): error.code
    case .malformed(let error): error.code
    case .unreadable, .notProvisioned: .trustAnchorsUnreadable
    case .alreadyProvisioned, .numberMismatch: .trustAnchorsNumberMismatch
    case .currentThresholdNotMet, .newThresholdNotMet, .newKeyNotProven: .trustAnchorsThresholdNotMet
    case .scopeMismatch: .trustAnchorsScopeMismatch
    case .superseded: .updateSuperseded
    case .tampered: .trustAnchorsTampered
    case .expired: .trustAnchorsExpired
    case .updateInProgress, .retirementPending: .trustAnchorsInUse
    }
  }
}
