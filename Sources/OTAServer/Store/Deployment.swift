public import OTACore

/// How far one update has come on one device.
public enum DeploymentState: UInt8, Sendable, CaseIterable {
  /// The device was told of it.
  case offered = 0
  /// The device proved that it runs it.
  case installed = 1
  /// The device could not install it, and proved that it runs what it ran before.
  case failed = 2
  /// The device booted it, gave it up, and proved that it runs the old image again.
  case reverted = 3

  /// The state that a reported outcome leads to.
  public init(_ outcome: Report.Outcome) {
    switch outcome {
    case .installed: self = .installed
    case .failed: self = .failed
    case .reverted: self = .reverted
    }
  }
}

extension ErrorCode {
  /// The reasons for a failure that lie in the way on which an update came, not in the update: the same update is
  /// offered again.
  ///
  /// Whoever can change bytes on that way could else keep a device from an update for good.
  public static let reasonsOfDelivery: [ErrorCode] = [
    .manifestDigestMismatch, .payloadDigestMismatch, .payloadSizeMismatch, .transportUnreachable,
    .transportInterrupted, .transportTimeout, .transportStatus, .transportResponseTooLarge,
    .transportRangeIgnored,
    .transportMalformed, .retriesExhausted, .cancelled,
  ]
}

/// One update on one device.
public struct Deployment: Equatable, Sendable {
  /// The device.
  public var device: UniversalIdentifier
  /// The update.
  public var update: Digest
  /// How far it has come.
  public var state: DeploymentState
  /// Why it failed or was reverted, if the device said so.
  public var code: ErrorCode?
  /// When the device was first told of it; `nil` if it got the update in another way and reported it.
  public var offeredAt: Timestamp?
  /// When the last new receipt arrived.
  public var reportedAt: Timestamp?

  /// Makes a deployment from its parts.
  public init(
    device: UniversalIdentifier, update: Digest, state: DeploymentState, code: ErrorCode?,
    offeredAt: Timestamp?, reportedAt: Timestamp?
  ) {
    self.device = device
    self.update = update
    self.state = state
    self.code = code
    self.offeredAt = offeredAt
    self.reportedAt = reportedAt
  }
}

/// What a verified receipt says; made only after its signature was checked against the registered key.
public struct DeviceReceipt: Equatable, Sendable {
  /// The device that signed.
  public var device: UniversalIdentifier
  /// How the update ended, and which it was.
  public var report: Report
  /// The digest of the image that runs.
  public var imageDigest: Digest
  /// The sequence number of the image that runs.
  public var sequenceNumber: SequenceNumber

  /// Makes a receipt from its parts.
  public init(
    device: UniversalIdentifier, report: Report, imageDigest: Digest, sequenceNumber: SequenceNumber
  ) {
    self.device = device
    self.report = report
    self.imageDigest = imageDigest
    self.sequenceNumber = sequenceNumber
  }
}

/// A receipt together with its raw, signed bytes, to be kept as evidence.
public struct StoredReceipt: Equatable, Sendable {
  /// What it says.
  public var receipt: DeviceReceipt
  /// The bytes that were signed, together with the signature.
  public var bytes: [UInt8]
  /// When it arrived.
  public var receivedAt: Timestamp

  /// Makes a stored receipt from its parts.
  public init(receipt: DeviceReceipt, bytes: [UInt8], receivedAt: Timestamp) {
    self.receipt = receipt
    self.bytes = bytes
    self.receivedAt = receivedAt
  }
}
