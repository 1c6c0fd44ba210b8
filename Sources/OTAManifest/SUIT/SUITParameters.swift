public import OTACore

/// A set of parameters; what is `nil` is not set.
///
/// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.8.
public struct SUITParameters: Equatable, Sendable {
  /// A parameter for private use, with its value still encoded.
  public struct Custom: Equatable, Sendable {
    /// The key, below -256.
    public var key: Int64
    /// The encoded value: an integer, a Boolean or a string.
    public var value: [UInt8]
  }

  /// Who made the device.
  public var vendorID: UniversalIdentifier?
  /// Which product it is.
  public var classID: UniversalIdentifier?
  /// The digest of the component.
  public var imageDigest: Digest?
  /// A slot of the component.
  public var componentSlot: UInt64?
  /// Whether commands run in order.
  public var strictOrder: Bool?
  /// Whether a failed condition only ends its sequence.
  public var softFailure: Bool?
  /// The length of the component, in bytes.
  public var imageSize: UInt64?
  /// The content of the component.
  public var content: [UInt8]?
  /// How the payload is encrypted: a SUIT_Encryption_Info (draft-ietf-suit-firmware-encryption-25, section 4).
  public var encryptionInfo: [UInt8]?
  /// Where the component is, in UTF-8.
  public var uri: [UInt8]?
  /// The component to copy from, by its place in the list.
  public var sourceComponent: UInt64?
  /// Arguments for the component.
  public var invokeArguments: [UInt8]?
  /// This one device.
  public var deviceID: UniversalIdentifier?
  /// Arguments for the fetch: see Docs/ManifestFormat.md.
  public var fetchArguments: [UInt8]?
  /// Parameters for private use, in the order of their encoding.
  public var custom: [Custom]

  /// Sets nothing.
  public init() {
    self.custom = []
  }

  init(parsing reader: inout CBORReader, of document: Span<UInt8>, limits: Limits) throws(ManifestError) {
    self.init()
    let start = reader.offset
    let count = try readMapHeader(&reader)
    guard count > 0 else { throw .malformed(ParseError(.invalidValue, at: start)) }
    var previous: Int64?
    for _ in 0..<count {
      let key = try readKey(&reader, after: &previous)
      switch key {
      case SUITParameterKey.vendorIdentifier: vendorID = try readIdentifier(&reader)
      case SUITParameterKey.classIdentifier: classID = try readIdentifier(&reader)
      case SUITParameterKey.deviceIdentifier: deviceID = try readIdentifier(&reader)
      case SUITParameterKey.imageDigest: imageDigest = try readWrappedDigest(&reader, of: document)
      case SUITParameterKey.imageSize: imageSize = try readUnsigned(&reader)
      case SUITParameterKey.componentSlot: componentSlot = try readUnsigned(&reader)
      case SUITParameterKey.sourceComponent: sourceComponent = try readUnsigned(&reader)
      case SUITParameterKey.strictOrder: strictOrder = try readBool(&reader)
      case SUITParameterKey.softFailure: softFailure = try readBool(&reader)
      case SUITParameterKey.uri: uri = try readText(&reader, limit: limits.stringSize)
      case SUITParameterKey.content: content = try readBytes(&reader, limit: limits.stringSize)
      case SUITParameterKey.encryptionInfo:
        encryptionInfo = try readBytes(&reader, limit: SUITEncryptionInfo.maximumSize)
      case SUITParameterKey.invokeArguments:
        invokeArguments = try readBytes(&reader, limit: limits.stringSize)
      // As long as the digests of all blocks; bounded by the envelope.
      case SUITParameterKey.fetchArguments:
        fetchArguments = try readBytes(&reader, limit: limits.envelopeSize)
      case ..<SUITCode.lastRegistered:
        custom.append(Custom(key: key, value: try readArgument(&reader)))
      default:
        throw .unsupportedParameter(key)
      }
    }
  }
}
