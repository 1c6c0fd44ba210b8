public import OTACore
public import OTACrypto

/// Why an image of ESP-IDF cannot be read, is not believed, does not belong here, or cannot be signed.
public enum EspressifError: Error, Equatable, Sendable {
  /// The flash refused or failed.
  case flash(FlashError)
  /// The backend could not check or make the signature; `CryptoError.authenticationFailed` if it is wrong.
  case crypto(CryptoError)
  /// The slot does not begin with the first byte of an image.
  case noImage
  /// The header says this number of segments, which is none or more than ``EspressifHeader/maximumSegmentCount``.
  case segmentCount(UInt8)
  /// The header does not say 0 or 1 where it says whether a SHA-256 is appended.
  case invalidHeader
  /// A segment of this index has a length that is not a multiple of four.
  case segmentLength(UInt8)
  /// Header, segments or what follows them run out of the slot.
  case outOfSlot
  /// The checksum over the segments is wrong.
  case checksumMismatch
  /// The image has not the SHA-256 that is appended to it.
  case digestMismatch
  /// What was given is not the hash function that is needed here.
  case unsupportedHash(DigestAlgorithm)
  /// No sector of signatures follows the image.
  case signatureMissing
  /// There are blocks of signatures, and none of them is whole: a checksum is wrong, or the kind is not known.
  case signatureDamaged
  /// Blocks of signatures are of a kind that is not verified here; the number is that of the curve.
  case unsupportedCurve(UInt8)
  /// The image is not the one that was signed.
  case signedDigestMismatch
  /// No signature is of a key that is trusted.
  case keyNotTrusted
  /// A set of keys is full.
  case tooManyKeys
  /// The image is for this chip, which is another one.
  case wrongChip(EspressifChip)
  /// The image is not for this revision of the chip.
  case wrongRevision
  /// The image does not begin with a description of the application.
  case descriptionMissing
  /// The security version is below that of the device.
  case secureVersionTooLow
  /// There is no room for another signature.
  case tooManySignatures

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .flash(let error): error.code
    case .crypto(let error): error.code
    case .noImage: .slotEmpty
    case .segmentCount, .invalidHeader, .segmentLength, .descriptionMissing: .invalidValue
    case .outOfSlot: .truncated
    case .checksumMismatch, .signatureDamaged: .checksumMismatch
    case .digestMismatch, .signedDigestMismatch: .imageDigestMismatch
    case .unsupportedHash, .unsupportedCurve: .unsupportedAlgorithm
    case .signatureMissing: .authenticationFailed
    case .keyNotTrusted: .unknownKey
    case .tooManyKeys, .tooManySignatures: .capacityExceeded
    case .wrongChip: .classMismatch
    case .wrongRevision: .hardwareRevisionMismatch
    case .secureVersionTooLow: .sequenceNumberReplayed
    }
  }
}
