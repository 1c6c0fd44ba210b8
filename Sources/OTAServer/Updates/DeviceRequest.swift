import OTACore

/// An `UpdateCheckRequest` whose every field was read and held against its limits.
struct DeviceRequest: Equatable, Sendable {
  let device: UniversalIdentifier
  let vendor: UniversalIdentifier
  let deviceClass: UniversalIdentifier
  let hardwareRevision: UInt32
  let component: ComponentIdentifier
  let version: Version
  let sequenceNumber: SequenceNumber
  let imageDigest: Digest
  let deltaFormats: [DeltaFormat]
  let decoderMemory: UInt32

  /// The longest name of a component, in bytes.
  static let componentLimit = 64
  /// The most formats that a device may name.
  static let formatLimit = 32

  init(_ document: UpdateCheckRequest) throws(RequestRefusal) {
    device = try DeviceRequest.identifier(document.device, "device")
    vendor = try DeviceRequest.identifier(document.vendor, "vendor")
    deviceClass = try DeviceRequest.identifier(document.deviceClass, "class")
    hardwareRevision = document.hardwareRevision
    let name = Array<UInt8>(document.component.utf8)
    guard (1...DeviceRequest.componentLimit).contains(name.count) else {
      throw DeviceRequest.refusal("component")
    }
    component = ComponentIdentifier(bytes: name)
    guard let version = Version(document.version) else { throw DeviceRequest.refusal("version") }
    self.version = version
    sequenceNumber = SequenceNumber(document.sequenceNumber)
    guard let digest = Digest(sha256: document.imageDigest) else {
      throw DeviceRequest.refusal("imageDigest")
    }
    imageDigest = digest
    guard document.deltaFormats.count <= DeviceRequest.formatLimit else {
      throw DeviceRequest.refusal("deltaFormats")
    }
    // A device may know formats that this server does not: they are no error, and never offered.
    deltaFormats = document.deltaFormats.compactMap { DeltaFormat(name: $0) }
    decoderMemory = document.decoderMemory
  }

  /// Reads an identifier in the form of RFC 9562.
  static func identifier(_ text: String, _ field: String) throws(RequestRefusal) -> UniversalIdentifier {
    guard let identifier = UniversalIdentifier(text) else { throw refusal(field) }
    return identifier
  }

  static func refusal(_ field: String) -> RequestRefusal {
    RequestRefusal(400, .requestMalformed, "the field \(field) has no valid value")
  }
}
