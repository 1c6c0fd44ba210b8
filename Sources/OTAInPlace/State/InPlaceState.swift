public import OTACore

/// Everything that a device with one slot must remember over a loss of power, as one value: committed whole or not at all.
public struct InPlaceState: Equatable, Sendable {
  /// What is in the slot.
  public var phase: InPlacePhase
  /// The lowest sequence number that may boot or be installed; raised when an image is confirmed.
  public var securityCounter: SequenceNumber
  /// Why the last update was given up, until another image is confirmed.
  public var lastRevert: ErrorCode?

  /// Makes a state from its parts.
  public init(phase: InPlacePhase, securityCounter: SequenceNumber, lastRevert: ErrorCode? = nil) {
    self.phase = phase
    self.securityCounter = securityCounter
    self.lastRevert = lastRevert
  }
}

/// What is in the slot.
public enum InPlacePhase: Equatable, Sendable {
  /// An image that is to stay, and the outcome of the update before, if it has yet to be reported.
  case confirmed(ImageRecord, report: Report?)
  /// The old image, and more and more of the new one: so many steps are done.
  ///
  /// With none done the old image is whole. When all are, the new one goes on trial, with so many attempts.
  case applying(InPlaceUpdate, attempts: UInt8, stepsDone: UInt32)
  /// The new image, which may boot this many times more before it is undone.
  case trial(InPlaceUpdate, attemptsLeft: UInt8)
  /// The new image, and more and more of the old one: so many steps are done. With none done the new image is whole.
  case reverting(InPlaceUpdate, cause: ErrorCode, stepsDone: UInt32)
}

/// An update that is being applied: both images, and what is in the store.
public struct InPlaceUpdate: Equatable, Sendable {
  /// The image that the update starts from.
  public var old: ImageRecord
  /// The image that it makes.
  public var new: ImageRecord
  /// The digest of the envelope of its manifest.
  public var updateID: Digest
  /// The digest of the payload: the patch to the new image, and the one back.
  public var payloadDigest: Digest
  /// How many bytes the payload has.
  public var payloadSize: UInt32

  /// Makes an update from its parts.
  public init(
    old: ImageRecord, new: ImageRecord, updateID: Digest, payloadDigest: Digest, payloadSize: UInt32
  ) {
    self.old = old
    self.new = new
    self.updateID = updateID
    self.payloadDigest = payloadDigest
    self.payloadSize = payloadSize
  }
}

/// To which image a patch leads.
enum Direction: UInt8 {
  /// From the old image to the new one.
  case forward
  /// From the new image to the old one.
  case back
}

extension InPlaceUpdate {
  /// The image that a patch starts from.
  func source(_ direction: Direction) -> ImageRecord {
    switch direction {
    case .forward: old
    case .back: new
    }
  }

  /// The image that a patch makes.
  func target(_ direction: Direction) -> ImageRecord {
    switch direction {
    case .forward: new
    case .back: old
    }
  }
}
