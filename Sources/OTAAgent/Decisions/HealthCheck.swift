public import OTACore

/// Decides whether a new image is good: the application's own contract with the agent.
public protocol HealthCheck: Sendable {
  /// Looks at the running system and gives a verdict.
  ///
  /// A check that takes longer than ``AgentConfiguration/healthTimeout`` is cancelled and counts as unhealthy: silence
  /// is failure.
  func check(_ image: ImageRecord) async -> HealthVerdict
}

/// The verdict of a health check.
public enum HealthVerdict: Equatable, Sendable {
  /// The image may be confirmed.
  case healthy
  /// The image must be given up, for this reason.
  case unhealthy(ErrorCode)
}

/// Runs a check against the clock.
func verdict(
  of check: any HealthCheck, on image: ImageRecord, timeout: Duration,
  sleep: @escaping @Sendable (Duration) async throws -> Void
) async -> HealthVerdict {
  await withTaskGroup(of: HealthVerdict?.self) { group in
    group.addTask { await check.check(image) }
    group.addTask {
      do {
        try await sleep(timeout)
        return .unhealthy(.healthCheckTimeout)
      } catch {
        return nil
      }
    }
    defer { group.cancelAll() }
    while let result = await group.next() {
      if let result { return result }
    }
    return .unhealthy(.healthCheckTimeout)
  }
}
