public import OTACore

/// How many devices are in which state of one update.
public struct UpdateStatistics: Equatable, Sendable {
  /// The update.
  public var update: Digest
  /// The sequence number of its manifest.
  public var sequenceNumber: SequenceNumber
  /// The version that it brings.
  public var newVersion: Version
  /// Devices that were told of it and have not reported yet.
  public var offered: Int
  /// Devices that proved that they run it.
  public var installed: Int
  /// Devices that could not install it.
  public var failed: Int
  /// Devices that booted it and gave it up.
  public var reverted: Int

  /// Makes statistics from their parts.
  public init(
    update: Digest, sequenceNumber: SequenceNumber, newVersion: Version, offered: Int, installed: Int,
    failed: Int, reverted: Int
  ) {
    self.update = update
    self.sequenceNumber = sequenceNumber
    self.newVersion = newVersion
    self.offered = offered
    self.installed = installed
    self.failed = failed
    self.reverted = reverted
  }
}

/// What the server knows of the present state of a device.
public struct DeviceStatus: Equatable, Sendable {
  /// The device, as it was registered.
  public var device: RegisteredDevice
  /// What it said of itself when it last asked for an update; not signed.
  public var lastCheckIn: CheckIn?
  /// What its last new receipt says; signed.
  public var lastReceipt: DeviceReceipt?

  /// Makes a status from its parts.
  public init(device: RegisteredDevice, lastCheckIn: CheckIn?, lastReceipt: DeviceReceipt?) {
    self.device = device
    self.lastCheckIn = lastCheckIn
    self.lastReceipt = lastReceipt
  }
}

/// A file that the server holds.
public struct ArtifactRecord: Equatable, Sendable {
  /// The digest of its bytes, which is its name.
  public var digest: Digest
  /// Its length, in bytes.
  public var size: UInt64

  /// Makes a record from its parts.
  public init(digest: Digest, size: UInt64) {
    self.digest = digest
    self.size = size
  }
}
