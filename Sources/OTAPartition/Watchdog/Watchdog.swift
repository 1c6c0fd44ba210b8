/// Why a watchdog was not started; for the boot loader itself, which does not report it.
public enum WatchdogError: UInt8, Error, Equatable, Sendable {
  /// The hardware cannot wait so long, or so short.
  case timeoutOutOfRange
  /// The hardware does not start.
  case deviceFailure
}

/// Hardware that resets the device unless somebody says in time that all is well.
///
/// Implementations drive a timer that the running program cannot stop by mistake, and whose reset is a reset of the whole
/// processor.
public protocol Watchdog: ~Copyable {
  /// Starts it, or sets another timeout if it runs, and begins to wait.
  ///
  /// From now on the device is reset unless ``feed()`` or this is called again within the timeout. Nothing stops it again:
  /// most hardware cannot.
  ///
  /// - Parameter milliseconds: the timeout. The hardware may wait longer, up to the next step that it has.
  /// - Throws: ``WatchdogError``; the watchdog then is as it was.
  mutating func start(timeout milliseconds: UInt32) throws(WatchdogError)

  /// Says that all is well, and begins to wait anew. Does nothing while the watchdog does not run.
  mutating func feed()
}

extension Watchdog where Self: ~Copyable {
  /// Starts the watchdog if what is about to be jumped to is on trial.
  ///
  /// An image that hangs then costs one attempt, and after the last one the device reverts. Without it such an image hangs
  /// for ever. An image that boots feeds the watchdog from then on.
  ///
  /// - Parameters:
  ///   - stage: what is about to be jumped to.
  ///   - milliseconds: how long it may take from the jump until it feeds the watchdog itself.
  /// - Throws: ``WatchdogError``. Reset the device then instead of jumping: the attempt is counted already.
  public mutating func guardTrial(
    of stage: borrowing VerifiedStage, timeout milliseconds: UInt32
  ) throws(WatchdogError) {
    if stage.isOnTrial { try start(timeout: milliseconds) }
  }

  /// Starts the watchdog if what was decided is on trial; as for a `VerifiedStage`.
  ///
  /// - Parameters:
  ///   - decision: of the boot manager.
  ///   - milliseconds: how long it may take from the jump until it feeds the watchdog itself.
  /// - Throws: ``WatchdogError``. Reset the device then instead of jumping: the attempt is counted already.
  public mutating func guardTrial(
    of decision: BootDecision, timeout milliseconds: UInt32
  ) throws(WatchdogError) {
    switch decision.kind {
    case .trial: try start(timeout: milliseconds)
    case .confirmed, .reverted, .fallback: break
    }
  }
}
