#if !hasFeature(Embedded)
import OTACore
import OTACrypto

extension ManifestError: CustomStringConvertible {
  /// One clause for people, without a capital and without a full stop.
  public var description: String {
    switch self {
    case .malformed(let error): "the bytes are not the format: \(error)"
    case .crypto(let error): error.description
    case .thresholdNotMet: "good signatures, but too few, or not of the kinds that the policy asks for"
    case .digestMismatch: "the manifest, or a part of it, has not the digest that was signed"
    case .unsupportedVersion(let version): "version \(version) of the format is not supported"
    case .unsupportedMember(let key): "member \(key) is not supported"
    case .unsupportedHeader(let label): "COSE header \(label) is not supported, or stands in the wrong place"
    case .unsupportedCommand(let code): "command \(code) is not supported, or stands in the wrong place"
    case .unsupportedParameter(let key): "parameter \(key) is not supported, or is set twice"
    case .missingMember(let key): "member \(key) is missing"
    case .missingCommand(let code): "command \(code) is missing"
    case .missingParameter(let key): "parameter \(key) is missing, or incomplete"
    case .unsupportedDeltaFormat(let number): "patches of format \(number) are not supported"
    case .invalid(let field): "the value is not possible: \(field.name)"
    case .limitExceeded(let field): "over the limit: \(field.name)"
    case .payloadKeyMissing: "the payload is encrypted, and the device has no key for it"
    case .sequenceNumberReplayed: "the sequence number is not above the security counter"
    case .vendorMismatch: "the update is for devices of another vendor"
    case .classMismatch: "the update is for another class of devices"
    case .deviceMismatch: "the update is for another device"
    case .hardwareRevisionMismatch: "the update is for other revisions of the board"
    case .unknownComponent: "the update is for a component that the device has not"
    case .requiredVersionMissing: "the running version is lower than the update needs"
    case .dependencyMissing: "a component that the update needs is not installed, or too old"
    case .deltaSourceMismatch: "the patch starts from another image than the one that runs"
    }
  }
}

extension ManifestError.Field {
  fileprivate var name: String {
    switch self {
    case .component: "name of the component"
    case .imageSize: "size of the image"
    case .digestAlgorithm: "algorithm of a digest"
    case .payloadSize: "size of the payload"
    case .uri: "URI of the payload"
    case .blocks: "blocks of the payload"
    case .encoding: "a payload that is the image must have its digest and size"
    case .installSteps: "steps"
    case .dependencies: "dependencies"
    case .alternatives: "payloads to choose from"
    case .decoderMemory: "memory of the decoder"
    case .encryption: "encryption of the payload"
    case .envelope: "envelope"
    case .metadata: "text"
    }
  }
}
#endif
