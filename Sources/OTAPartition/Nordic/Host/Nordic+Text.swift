#if !hasFeature(Embedded)
import OTACore
import OTACrypto

extension NordicInitCommand.FirmwareType: CustomStringConvertible {
  /// The name for people.
  public var description: String {
    switch self {
    case .application: "application"
    case .softDevice: "SoftDevice"
    case .bootLoader: "boot loader"
    case .softDeviceAndBootLoader: "SoftDevice and boot loader"
    case .externalApplication: "application of another processor"
    }
  }
}

extension NordicError: CustomStringConvertible {
  /// One clause for people, without a capital and without a full stop.
  public var description: String {
    switch self {
    case .malformed(let error): "it is not an init packet: \(error)"
    case .crypto(let error): error.description
    case .notInit: "the packet holds another command than that of an update"
    case .signatureMissing: "it has no signature"
    case .unsupportedSignature: "signatures of this algorithm are not supported"
    case .unsupportedHash: "hashes of this function are not supported"
    case .typeMissing: "it does not say what kind of firmware it is for"
    case .hashMissing: "it has no hash of the firmware"
    case .sizeMismatch: "the firmware has another length than the init packet says"
    case .digestMismatch: "the firmware has another hash than the init packet says"
    case .wrongHardware: "it is for another version of the hardware"
    case .wrongSoftDevice: "it does not work with the SoftDevice that is there"
    case .versionTooLow: "the version is below that of the device"
    case .tooLarge: "it is more than an init packet can hold"
    }
  }
}
#endif
