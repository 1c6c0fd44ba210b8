public import OTAFlashSimulator

/// Something that a device does over several starts, and that must survive a loss of power at any moment.
public protocol PowerLossScenario: Sendable {
  /// The device before it.
  var device: SimulatedFlash { get }
  /// What may change on it.
  var mayChange: [Range<UInt32>] { get }

  /// One start of the device, with power.
  ///
  /// - Parameter device: what it does depends on it and its note alone.
  /// - Returns: whether the scenario has come to its end.
  /// - Throws: what is wrong.
  func start(_ device: SharedFlash) throws(PowerLossFailure) -> Bool

  /// What is wrong right after a cut, or between two starts.
  ///
  /// - Parameter device: a copy, which may be written to.
  /// - Returns: for people; `nil` if nothing is.
  func problem(of device: SharedFlash) -> String?

  /// What is wrong after the end.
  ///
  /// - Parameter device: a copy, which may be written to.
  /// - Returns: for people; `nil` if nothing is.
  func problem(atEndOf device: SharedFlash) -> String?
}

/// Something in a ``PowerLossScenario`` that must not be.
public struct PowerLossFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong, for people.
  public var description: String

  /// Takes the text.
  public init(_ description: String) {
    self.description = description
  }
}

extension PowerLossChecker {
  /// Runs a scenario with every cut.
  ///
  /// - Parameter scenario: gives the device, and what may change on it in the place of ``mayChange``.
  /// - Returns: counts and violations.
  public func check(_ scenario: some PowerLossScenario) -> PowerLossReport {
    var checker = self
    checker.mayChange = scenario.mayChange
    return checker.check(
      scenario.device,
      step: { device throws(PowerLossFailure) in try scenario.start(device) },
      invariant: { scenario.problem(of: $0) }, completion: { scenario.problem(atEndOf: $0) })
  }

  /// Goes one way through a scenario again.
  ///
  /// - Parameters:
  ///   - scenario: as in the run that found the trace.
  ///   - trace: the cuts.
  /// - Returns: the violations on the way.
  /// - Throws: ``PowerLossTraceError/noSuchOperation(_:of:)`` if the scenario does not come to an operation of the trace.
  public func replay(
    _ scenario: some PowerLossScenario, trace: PowerLossTrace
  ) throws(PowerLossTraceError) -> PowerLossReport {
    var checker = self
    checker.mayChange = scenario.mayChange
    return try checker.replay(
      scenario.device, trace: trace,
      step: { device throws(PowerLossFailure) in try scenario.start(device) },
      invariant: { scenario.problem(of: $0) }, completion: { scenario.problem(atEndOf: $0) })
  }
}
