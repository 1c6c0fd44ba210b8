public import OTACore

/// What a device without heap is and what it has; ``CompactManifestVerifier`` holds manifests against it.
public struct CompactDevice: Sendable {
  /// This one device.
  public var deviceID: UniversalIdentifier
  /// Who made it.
  public var vendorID: UniversalIdentifier
  /// Which product it is.
  public var classID: UniversalIdentifier
  /// The revision of its board.
  public var hardwareRevision: UInt32
  /// The component that its slots hold.
  public var component: CompactComponent

  /// Makes a description from its parts.
  public init(
    deviceID: UniversalIdentifier, vendorID: UniversalIdentifier, classID: UniversalIdentifier,
    hardwareRevision: UInt32, component: CompactComponent
  ) {
    self.deviceID = deviceID
    self.vendorID = vendorID
    self.classID = classID
    self.hardwareRevision = hardwareRevision
    self.component = component
  }
}

/// The name of a component, without heap: at most ``capacity`` bytes.
public struct CompactComponent: Sendable {
  /// The most bytes of a name.
  public static var capacity: Int { 32 }

  private var storage = InlineArray<32, UInt8>(repeating: 0)
  private let size: UInt8

  /// Takes a name from the program.
  ///
  /// - Precondition: it has 1 to ``capacity`` bytes.
  public init(_ name: StaticString) {
    let count = name.utf8CodeUnitCount
    precondition(
      name.hasPointerRepresentation && count > 0 && count <= CompactComponent.capacity,
      "a component has a name of 1 to 32 bytes")
    size = UInt8(truncatingIfNeeded: count)
    for index in 0..<count { unsafe storage[index] = name.utf8Start[index] }
  }

  /// The bytes of the name.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<Int(size)) }
  }

  func isEqual(to name: Span<UInt8>) -> Bool {
    guard name.count == Int(size) else { return false }
    for index in 0..<name.count where storage[index] != name[index] { return false }
    return true
  }
}

/// What runs on a device, and what room it has, at the moment when it judges a manifest.
public struct CompactCircumstances: Sendable {
  /// The security counter: only manifests above it are accepted.
  public var securityCounter: SequenceNumber
  /// The version that runs.
  public var runningVersion: Version
  /// The image that runs.
  public var runningImage: ImageDescription
  /// The memory for one block of a payload and the decoder together, in bytes.
  public var memory: UInt32

  /// Makes circumstances from their parts.
  public init(
    securityCounter: SequenceNumber, runningVersion: Version, runningImage: ImageDescription, memory: UInt32
  ) {
    self.securityCounter = securityCounter
    self.runningVersion = runningVersion
    self.runningImage = runningImage
    self.memory = memory
  }
}
