public import OTACore
public import OTACrypto

/// Why an init packet of Nordic's DFU cannot be read, is not believed, or does not belong here.
public enum NordicError: Error, Equatable, Sendable {
  /// The bytes are not such a packet; the offset is that in the packet, or in the command if they were signed.
  case malformed(ParseError)
  /// The backend could not check or make the signature; `CryptoError.authenticationFailed` if it is wrong.
  case crypto(CryptoError)
  /// The packet holds another command than that of an update.
  case notInit
  /// The packet has no signature.
  case signatureMissing
  /// The signature is of an algorithm whose form in such packets nobody has written down.
  case unsupportedSignature
  /// The hash is of a function that is too weak, or whose form nobody has written down.
  case unsupportedHash
  /// The command does not say what kind of firmware it is for.
  case typeMissing
  /// The command has no hash of the firmware.
  case hashMissing
  /// The firmware has another length than the command says.
  case sizeMismatch
  /// The firmware has another hash than the command says.
  case digestMismatch
  /// The firmware is for another version of the hardware.
  case wrongHardware
  /// The firmware does not work with the SoftDevice that is there.
  case wrongSoftDevice
  /// The version is below that of the device, or the command has none.
  case versionTooLow
  /// What is to be written is more than a packet can hold.
  case tooLarge

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .malformed(let error): error.code
    case .crypto(let error): error.code
    case .notInit: .unsupported
    case .signatureMissing: .authenticationFailed
    case .unsupportedSignature, .unsupportedHash: .unsupportedAlgorithm
    case .typeMissing, .hashMissing: .invalidValue
    case .sizeMismatch: .payloadSizeMismatch
    case .digestMismatch: .imageDigestMismatch
    case .wrongHardware: .hardwareRevisionMismatch
    case .wrongSoftDevice: .dependencyMissing
    case .versionTooLow: .sequenceNumberReplayed
    case .tooLarge: .limitExceeded
    }
  }
}
