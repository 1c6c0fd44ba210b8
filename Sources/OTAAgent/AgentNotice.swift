public import OTACore
public import OTAStateMachine

/// What an agent tells its observer, as it happens.
public enum AgentNotice: Equatable, Sendable {
  /// The machine moved to another state.
  case entered(UpdateState)
  /// The server offers an update, and its manifest was verified.
  case offered(Manifest)
  /// The download begins or goes on at this byte of the payload, or of what it is encrypted to.
  case downloading(from: UInt32, of: UInt32)
  /// A block of the payload was authenticated and taken in.
  case advanced(payloadBytes: UInt32, of: UInt32)
  /// The way to the payload broke off at this byte.
  case interrupted(payloadBytes: UInt32, ErrorCode)
  /// An offer, a payload or an image was refused.
  case refused(ErrorCode)
  /// What was refused looks like an attack: of which kind, on what evidence, and how many of them there were lately.
  case threat(ThreatEvent)
  /// What runs is signed with keys of the present set and was confirmed: image keys of earlier sets are good for nothing more.
  case imageKeysRetired
  /// The journal or a slot could not be read or written.
  case storageFailed(ErrorCode)
}

/// Why an agent returned to its caller.
public enum AgentPause: Equatable, Sendable {
  /// Nothing to do until the next poll, or until somebody decides.
  case waiting(UpdateState)
  /// The device has to restart now; the agent does nothing more.
  case restart
}
