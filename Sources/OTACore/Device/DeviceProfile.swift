/// What a device is: the facts that compatibility rules are held against.
public struct DeviceProfile: Equatable, Sendable {
  /// This one device.
  public var deviceID: UniversalIdentifier
  /// Who made it.
  public var vendorID: UniversalIdentifier
  /// Which product it is.
  public var classID: UniversalIdentifier
  /// The revision of its board.
  public var hardwareRevision: UInt32
  /// The component that its slots hold.
  public var component: ComponentIdentifier
  /// What it accepts of each kind of document.
  public var limits: Limits

  /// Makes a profile from its parts.
  public init(
    deviceID: UniversalIdentifier, vendorID: UniversalIdentifier, classID: UniversalIdentifier,
    hardwareRevision: UInt32, component: ComponentIdentifier, limits: Limits = Limits()
  ) {
    self.deviceID = deviceID
    self.vendorID = vendorID
    self.classID = classID
    self.hardwareRevision = hardwareRevision
    self.component = component
    self.limits = limits
  }
}
