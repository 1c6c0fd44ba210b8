/// How long to wait after a number of failures in a row: doubled each time, up to a limit.
public struct Backoff: Equatable, Sendable {
  /// The wait after the first failure.
  public var initial: Duration
  /// The longest wait.
  public var limit: Duration

  /// Makes a rule; the defaults are one second and five minutes.
  public init(initial: Duration = .seconds(1), limit: Duration = .seconds(300)) {
    self.initial = initial
    self.limit = limit
  }

  /// The wait after this many failures in a row, counted from 1.
  public func delay(afterFailures failures: UInt8) -> Duration {
    var delay = initial
    for _ in 1..<max(Int(failures), 1) {
      delay *= 2
      if delay >= limit { return limit }
    }
    return min(delay, limit)
  }
}
