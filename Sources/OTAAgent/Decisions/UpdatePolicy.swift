public import OTACore
public import OTAStateMachine

/// Decides about a verified update.
///
/// It is asked twice, and cannot make an agent install what was not verified.
public protocol UpdatePolicy: Sendable {
  /// Whether the update may be downloaded and put into the inactive slot.
  func mayInstall(_ manifest: Manifest) async -> PolicyDecision

  /// Whether the device may restart into the new image now.
  func mayRestart(_ manifest: Manifest) async -> PolicyDecision
}

/// Accepts everything at once.
public struct AutomaticPolicy: UpdatePolicy {
  /// Makes the policy.
  public init() {}

  /// Accepts.
  public func mayInstall(_ manifest: Manifest) async -> PolicyDecision { .accept }

  /// Accepts.
  public func mayRestart(_ manifest: Manifest) async -> PolicyDecision { .accept }
}
