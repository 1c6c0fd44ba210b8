public import OTACore
public import OTACrypto

/// Why an image of MCUboot cannot be read, is not believed, or cannot be written.
public enum MCUbootError: Error, Equatable, Sendable {
  /// The flash refused or failed.
  case flash(FlashError)
  /// The backend could not check or make the signature; `CryptoError.authenticationFailed` if it is wrong.
  case crypto(CryptoError)
  /// The slot does not begin with the magic number of an image.
  case noImage
  /// The header says that it is shorter than a header is.
  case headerTooShort
  /// There are no bytes between the header and the TLVs.
  case emptyImage
  /// Header, image or TLVs run out of the slot.
  case outOfSlot
  /// No area of TLVs begins where one must.
  case noTLVArea
  /// The area of protected TLVs has not the size that the header says.
  case protectedSizeMismatch
  /// A TLV runs out of its area, or an area is shorter than its own head.
  case malformedTLVArea
  /// A TLV has a length that its type cannot have.
  case invalidLength(MCUbootTLVType)
  /// A TLV that may be there once is there twice; two hashes, keys or signatures count as one type.
  case duplicate(MCUbootTLVType)
  /// A TLV of this number stands in the area where it must not stand.
  case misplaced(UInt16)
  /// A protected TLV has a reserved number that nobody has given a meaning.
  case unknownType(UInt16)
  /// The image has no hash.
  case hashMissing
  /// The image has no signature.
  case signatureMissing
  /// No TLV before the signature says whose it is.
  case keyMissing
  /// The image is encrypted, and was not to be.
  case encrypted
  /// The image is not encrypted, and was to be.
  case notEncrypted
  /// The image is encrypted, and no TLV brings the key of its contents.
  case contentKeyMissing
  /// A key of this kind does not decrypt a TLV of this type.
  case contentKeyNotForKey(MCUbootTLVType)
  /// The image is compressed.
  case compressed
  /// The header has flags that nobody has given a meaning: these bits.
  case unknownFlags(UInt32)
  /// The hash is of another function than the one that was given.
  case unsupportedHash(MCUbootTLVType)
  /// The signature is of an algorithm that is not supported.
  case unsupportedSignature(MCUbootTLVType)
  /// The key that is named does not make signatures of this type.
  case signatureNotOfKey(MCUbootTLVType)
  /// The key that is named signs hashes of another function than the image has.
  case hashNotOfKey(MCUbootTLVType)
  /// The signature is over the image itself, not over its hash.
  case pureSignature
  /// There are more than ``MCUbootContents/maximumDependencyCount`` dependencies.
  case tooManyDependencies
  /// The image has not the hash that stands in it.
  case digestMismatch
  /// The key that is named is not one of those that are trusted.
  case keyNotTrusted
  /// A set of keys is full.
  case tooManyKeys
  /// The image has no security counter, and needs one.
  case securityCounterMissing
  /// The security counter is below the one of the device.
  case securityCounterTooLow
  /// A TLV to be written is not in the range of vendors.
  case reservedType(UInt16)
  /// What is to be written is longer than the format, or the slot, can hold.
  case tooLarge

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .flash(let error): error.code
    case .crypto(let error): error.code
    case .noImage: .slotEmpty
    case .headerTooShort, .emptyImage, .noTLVArea, .protectedSizeMismatch, .invalidLength, .duplicate,
      .misplaced, .hashMissing, .reservedType:
      .invalidValue
    case .outOfSlot, .tooLarge: .imageTooLarge
    case .malformedTLVArea: .truncated
    case .unknownType, .encrypted, .notEncrypted, .compressed, .unknownFlags: .unsupported
    case .signatureMissing, .keyMissing, .contentKeyMissing: .authenticationFailed
    case .signatureNotOfKey, .hashNotOfKey, .contentKeyNotForKey: .keyNotAuthorized
    case .unsupportedHash, .unsupportedSignature, .pureSignature: .unsupportedAlgorithm
    case .tooManyDependencies: .limitExceeded
    case .digestMismatch: .imageDigestMismatch
    case .keyNotTrusted: .unknownKey
    case .tooManyKeys: .capacityExceeded
    case .securityCounterMissing, .securityCounterTooLow: .sequenceNumberReplayed
    }
  }
}
