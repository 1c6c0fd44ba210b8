public import OTACore

/// A number outside of the flash that only ever grows: what makes an old copy of the flash recognisable as old.
///
/// ``SecureStorage`` numbers its records and keeps the number of the newest here. A counter is worth as much as the
/// place that it is in: a replay-protected memory block (RPMB), a trusted platform module, one-time programmable fuses,
/// or ``JournalCounter`` in flash that the attacker cannot write.
///
/// ## What power loss leaves
/// During ``advance(to:)``: any value from the old one to the new one, and from then on the same one at every reading.
/// Hardware whose interrupted step may read differently each time finishes it before it answers ``value()``.
public protocol MonotonicCounter: ~Copyable {
  /// The number.
  ///
  /// - Throws: a ``CounterError``. A number that cannot be read is an error, never zero.
  mutating func value() throws(CounterError) -> UInt64

  /// Raises the number.
  ///
  /// A counter that counts in steps of one takes as many as it needs. A number that is there already is *not* an error.
  ///
  /// - Parameter value: the new number, not below the present one.
  /// - Throws: ``CounterError/exhausted`` if the counter cannot go so far, and is as it was then; another
  ///   ``CounterError``, and then it is at any number from the old one to the new one.
  mutating func advance(to value: UInt64) throws(CounterError)
}

/// Why a monotonic counter gave no number, or did not take one.
public enum CounterError: UInt8, Error, Equatable, Sendable {
  /// The counter cannot be read or raised.
  case unavailable
  /// The counter is at its end.
  case exhausted
  /// A number below the present one was asked for.
  case wouldGoBack
  /// The power is gone (simulators only): nothing happens any more.
  case powerLost

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .unavailable: .counterUnavailable
    case .exhausted: .counterExhausted
    case .wouldGoBack: .counterMismatch
    case .powerLost: .flashPowerLost
    }
  }
}
