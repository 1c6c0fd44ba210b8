public import OTACore

/// What happened, as a fact: the input of the machine.
public enum UpdateEvent: Equatable, Sendable {
  /// The device started; once, before any other event.
  case started(StartReason)
  /// It is time to ask the server, or somebody wants to know now.
  case pollDue
  /// What was going on shall end, if it still can.
  case cancelled

  /// The server has nothing for this device.
  case noUpdateFound
  /// The manifest of an offer was verified.
  case manifestVerified(Offer)
  /// The manifest of an offer was refused.
  case manifestRefused(updateID: Digest, ErrorCode)
  /// The server could not be asked, or its answer could not be read.
  case checkFailed(ErrorCode)

  /// Policy, or a person, has decided about the question that was asked.
  case policyDecided(PolicyDecision)

  /// Authenticated bytes of the payload were taken in.
  case downloadAdvanced
  /// The image is complete in the inactive slot.
  case downloadCompleted
  /// The way to the payload broke off; what was taken in is kept.
  case downloadInterrupted(ErrorCode)
  /// The payload is not the one of the manifest.
  case payloadRefused(ErrorCode)

  /// The image in the slot has the digest of the manifest.
  case imageVerified
  /// The image in the slot is not the one of the manifest.
  case imageRefused(ErrorCode)

  /// The new image is selected for trial, durably.
  case activationRecorded
  /// The running image is healthy.
  case healthPassed
  /// The running image is not healthy.
  case healthFailed(ErrorCode)
  /// The running image is confirmed, durably.
  case confirmationRecorded
  /// The previous image is selected again, durably.
  case reversionRecorded
  /// The flash refused or failed.
  case storageFailed(ErrorCode)

  /// The server has the report.
  case reportDelivered
  /// The server could not be reached with the report.
  case reportFailed(ErrorCode)
  /// The server does not want the report; sending it again would change nothing.
  case reportRefused(ErrorCode)
}

/// What the boot manager left behind when it started this image.
public enum StartReason: Equatable, Sendable {
  /// The running image is confirmed.
  case confirmed
  /// The running image is on trial.
  case trial
  /// The running image is confirmed, and a trial was given up for this reason.
  case reverted(ErrorCode)
}

/// The answer to ``UpdateAction/askToInstall(_:)`` and ``UpdateAction/askToApply(_:)``.
public enum PolicyDecision: UInt8, Equatable, Sendable, CaseIterable {
  /// Go on.
  case accept
  /// Not now; ask again when a poll is due.
  case postpone
  /// Never.
  case reject
}
