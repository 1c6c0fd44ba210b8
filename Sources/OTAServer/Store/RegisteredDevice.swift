public import OTACore
public import OTACrypto

/// A point in time, in whole seconds.
public struct Timestamp: Equatable, Hashable, Comparable, Sendable {
  /// Seconds since the beginning of 1970, UTC, without leap seconds.
  public var secondsSince1970: Int64

  /// Makes a point in time.
  public init(secondsSince1970: Int64) {
    self.secondsSince1970 = secondsSince1970
  }

  /// Orders from earlier to later.
  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.secondsSince1970 < right.secondsSince1970
  }
}

/// What the registry knows of a device, from whoever registered it: not from the device.
public struct RegisteredDevice: Equatable, Sendable {
  /// The device.
  public var id: UniversalIdentifier
  /// Who made it.
  public var vendorID: UniversalIdentifier
  /// Which product it is.
  public var classID: UniversalIdentifier
  /// The revision of its board.
  public var hardwareRevision: UInt32
  /// The key that its receipts are verified with.
  public var publicKey: PublicKey

  /// Makes a device from its parts.
  public init(
    id: UniversalIdentifier, vendorID: UniversalIdentifier, classID: UniversalIdentifier,
    hardwareRevision: UInt32, publicKey: PublicKey
  ) {
    self.id = id
    self.vendorID = vendorID
    self.classID = classID
    self.hardwareRevision = hardwareRevision
    self.publicKey = publicKey
  }

  /// The facts that compatibility rules are held against.
  public func profile(component: ComponentIdentifier) -> DeviceProfile {
    DeviceProfile(
      deviceID: id, vendorID: vendorID, classID: classID, hardwareRevision: hardwareRevision,
      component: component)
  }
}

/// What a device said of itself when it asked for an update; not signed, so nothing is decided by it later.
public struct CheckIn: Equatable, Sendable {
  /// The device.
  public var device: UniversalIdentifier
  /// The component that it asked for.
  public var component: ComponentIdentifier
  /// The version that runs.
  public var version: Version
  /// The sequence number of the image that runs.
  public var sequenceNumber: SequenceNumber
  /// The digest of the image that runs.
  public var imageDigest: Digest
  /// When it asked.
  public var at: Timestamp

  /// Makes a check-in from its parts.
  public init(
    device: UniversalIdentifier, component: ComponentIdentifier, version: Version,
    sequenceNumber: SequenceNumber, imageDigest: Digest, at: Timestamp
  ) {
    self.device = device
    self.component = component
    self.version = version
    self.sequenceNumber = sequenceNumber
    self.imageDigest = imageDigest
    self.at = at
  }
}
