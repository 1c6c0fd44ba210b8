public import OTACore
public import OTACrypto

/// Why a manifest or a receipt was refused, or could not be written.
public enum ManifestError: Error, Equatable, Sendable {
  /// A field of a document, for errors about its contents.
  public enum Field: UInt8, Sendable {
    /// The name of the component.
    case component
    /// The length of the image.
    case imageSize
    /// The algorithm of a digest.
    case digestAlgorithm
    /// The length of the payload.
    case payloadSize
    /// The place of the payload.
    case uri
    /// The list of block digests, or the length of blocks.
    case blocks
    /// A payload that says it is the image, with another digest or length than the image has.
    case encoding
    /// The steps, or their order.
    case installSteps
    /// The list of dependencies.
    case dependencies
    /// The memory that a decoder needs.
    case decoderMemory
    /// The whole envelope.
    case envelope
    /// Text for people.
    case metadata
    /// The payloads of which a device takes one: too many, or one of them twice.
    case alternatives
    /// How the payload is encrypted, or the memory that its decryption needs.
    case encryption
  }

  /// The bytes are not the format.
  case malformed(ParseError)
  /// A signature was not accepted, or could not be made.
  case crypto(CryptoError)
  /// There are good signatures, but too few, or not of the kinds that the policy asks for.
  case thresholdNotMet
  /// The manifest has not the digest that was signed, or a severed member not the one in the manifest.
  case digestMismatch
  /// The format has another version than 1.
  case unsupportedVersion(UInt64)
  /// A member of the envelope or of the manifest that this library does not process; the number is its key.
  case unsupportedMember(Int64)
  /// A header of a COSE structure that this library does not process, or one in the wrong place; the number is its
  /// label.
  case unsupportedHeader(Int64)
  /// A command that can not be processed here; the number is its code.
  case unsupportedCommand(Int64)
  /// A parameter that can not be processed here; the number is its key.
  case unsupportedParameter(Int64)
  /// A member that must be there is not; the number is its key.
  case missingMember(Int64)
  /// A command that must be there is not; the number is its code.
  case missingCommand(Int64)
  /// A parameter that a command needs is not set; the number is its key.
  case missingParameter(Int64)
  /// A format of patches that this library does not know; the number is the one in the manifest.
  case unsupportedDeltaFormat(UInt64)
  /// A field has a value that contradicts others, or that no device could use.
  case invalid(Field)
  /// A field is over the limit of this device.
  case limitExceeded(Field)
  /// The payload is encrypted, and the device has no key that opens it.
  case payloadKeyMissing
  /// The sequence number is not larger than the security counter.
  case sequenceNumberReplayed
  /// For devices of another vendor.
  case vendorMismatch
  /// For another class of devices.
  case classMismatch
  /// For another device of this class.
  case deviceMismatch
  /// For other revisions of the board.
  case hardwareRevisionMismatch
  /// For a component that this device has not.
  case unknownComponent
  /// The running version is lower than the update needs.
  case requiredVersionMissing
  /// A component that the update needs is not installed, or too old.
  case dependencyMissing
  /// The patch starts from another image than the one that runs.
  case deltaSourceMismatch

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .malformed(let error): error.code
    case .crypto(let error): error.code
    case .thresholdNotMet: .manifestThresholdNotMet
    case .digestMismatch: .manifestDigestMismatch
    case .unsupportedVersion, .unsupportedMember, .unsupportedHeader: .unsupported
    case .unsupportedCommand, .unsupportedParameter: .manifestUnsupportedCommand
    case .missingMember, .missingCommand, .missingParameter: .manifestMissingParameter
    case .unsupportedDeltaFormat: .deltaUnsupportedFormat
    case .invalid(.digestAlgorithm): .unsupportedAlgorithm
    case .invalid: .invalidValue
    case .limitExceeded(.imageSize): .imageTooLarge
    case .limitExceeded(.decoderMemory): .deltaMemoryExceeded
    case .limitExceeded(.encryption): .payloadMemoryExceeded
    case .limitExceeded: .limitExceeded
    case .payloadKeyMissing: .payloadKeyMissing
    case .sequenceNumberReplayed: .sequenceNumberReplayed
    case .vendorMismatch: .vendorMismatch
    case .classMismatch: .classMismatch
    case .deviceMismatch: .deviceMismatch
    case .hardwareRevisionMismatch: .hardwareRevisionMismatch
    case .unknownComponent: .unknownComponent
    case .requiredVersionMissing: .requiredVersionMissing
    case .dependencyMissing: .dependencyMissing
    case .deltaSourceMismatch: .deltaSourceMismatch
    }
  }
}

/// Runs a parser or writer of the core and turns its error into one of this module.
func parsing<Result>(_ body: () throws(ParseError) -> Result) throws(ManifestError) -> Result {
  do throws(ParseError) {
    return try body()
  } catch {
    throw .malformed(error)
  }
}
