public import OTAFlashSimulator
import OTAPartition

/// Cuts the power at every operation of a scenario, in every way, and looks at what is left.
///
/// The scenario is run with power, and before each operation the device is kept. For each operation and each torn
/// outcome that gives a state. Power comes back in it, the invariant is held against the device, and the scenario is run
/// to its end, after which the device must be complete. From each of these states it goes on in the same way, ``depth``
/// cuts deep.
///
/// What a device does after a cut depends on its flash alone. Everything random is therefore derived from the ``seed``
/// and the hash of a state (`SimulatedFlash.stateHash`), and a state that was covered already, with at least as many
/// cuts to follow, is not looked at again: the result would be the same. The scenario and the checks must keep to this
/// as well: what they remember from before a cut has its place in `SimulatedFlash.note`.
///
/// All single cuts are made before the first double one, and so on: the first violation has as few cuts as any. A run is
/// repeatable from its seed, and ``replay(_:trace:scenario:invariant:completion:)`` repeats one way through it.
public struct PowerLossChecker: Sendable {
  /// How many second cuts follow each first one.
  public enum SecondCuts: Sendable {
    /// None.
    case none
    /// So many, picked at random from the seed.
    case sampled(Int)
    /// At every operation, in every way.
    case exhaustive
  }

  /// Sequences of cuts at random operations with random outcomes.
  public struct RandomWalks: Equatable, Sendable {
    /// How many.
    public var count: Int
    /// How many cuts each has, if it does not come to a violation before.
    public var length: Int

    /// Takes both.
    public init(count: Int, length: Int) {
      self.count = count
      self.length = length
    }
  }

  /// The start of everything random.
  public var seed: UInt64
  /// How many cuts in a row are made at every operation, in every way.
  public var depth: Int
  /// How many further cuts follow each sequence of ``depth`` cuts, picked at random from the seed.
  public var sampledCuts = 0
  /// What is done after that; `nil` is nothing.
  public var randomWalks: RandomWalks?
  /// How often the invariant is held against a state in which bits may read differently.
  public var readings: Int
  /// How often the scenario is started from a state in which bits may read differently.
  public var recoveries = 1
  /// What the scenario may change; `nil` is everything.
  public var mayChange: [Range<UInt32>]?
  /// Whether the run ends at the first violation.
  public var stopsEarly = false
  /// Whether states that were covered already are passed over; without it the same is found, later.
  public var prunes = true

  /// Makes a checker with one exhaustive cut, and second ones.
  public init(
    seed: UInt64, secondCuts: SecondCuts = .none, readings: Int = 2, mayChange: [Range<UInt32>]? = nil
  ) {
    let (depth, sampledCuts) =
      switch secondCuts {
      case .none: (1, 0)
      case .sampled(let count): (1, count)
      case .exhaustive: (2, 0)
      }
    self.init(seed: seed, depth: depth, readings: readings, mayChange: mayChange)
    self.sampledCuts = sampledCuts
  }

  /// Makes a checker with so many exhaustive cuts in a row.
  ///
  /// - Precondition: `depth` is not negative.
  public init(seed: UInt64, depth: Int, readings: Int = 2, mayChange: [Range<UInt32>]? = nil) {
    precondition(depth >= 0, "a number of cuts")
    self.seed = seed
    self.depth = depth
    self.readings = readings
    self.mayChange = mayChange
  }

  /// How often a device is started before a scenario counts as one that does not come to its end.
  public static var maximumStarts: Int { 64 }

  // MARK: Scenarios of one start

  /// Runs a scenario with every cut.
  ///
  /// - Parameters:
  ///   - start: the device before.
  ///   - scenario: brings the device from whatever state it is in to the end; a boot, a resumption, a new try. It throws
  ///     when something is wrong: while it runs, there is power. What it does depends on the device and its note alone.
  ///   - invariant: what must hold after each cut, on a copy that it may write to; says what is wrong, or `nil`.
  ///   - completion: what must hold after the scenario has come to its end; likewise.
  /// - Returns: counts and violations. A scenario that fails without a cut is a violation with an empty trace. From a
  ///   state with a violation no further cuts are made.
  public func check<Failure: Error>(
    _ start: SimulatedFlash,
    scenario: (SharedFlash) throws(Failure) -> Void,
    invariant: (SharedFlash) -> String?,
    completion: (SharedFlash) -> String?
  ) -> PowerLossReport {
    check(
      start, step: { (device) throws(Failure) in try PowerLossChecker.whole(device, scenario) },
      invariant: invariant, completion: completion)
  }

  /// Goes one way again, and looks at every state on it.
  ///
  /// - Parameters:
  ///   - start: the device before, as it was in the run that found the trace.
  ///   - trace: the cuts.
  ///   - scenario: as of ``check(_:scenario:invariant:completion:)``.
  ///   - invariant: likewise.
  ///   - completion: likewise.
  /// - Returns: the violations on the way, each with the part of the trace that leads there.
  /// - Throws: ``PowerLossTraceError/noSuchOperation(_:of:)`` if the scenario does not come to an operation of the trace.
  public func replay<Failure: Error>(
    _ start: SimulatedFlash, trace: PowerLossTrace,
    scenario: (SharedFlash) throws(Failure) -> Void,
    invariant: (SharedFlash) -> String?,
    completion: (SharedFlash) -> String?
  ) throws(PowerLossTraceError) -> PowerLossReport {
    try replay(
      start, trace: trace,
      step: { (device) throws(Failure) in try PowerLossChecker.whole(device, scenario) },
      invariant: invariant, completion: completion)
  }

  /// A scenario as the only start that there is.
  private static func whole<Failure: Error>(
    _ device: SharedFlash, _ scenario: (SharedFlash) throws(Failure) -> Void
  ) throws(Failure) -> Bool {
    try scenario(device)
    return true
  }

  // MARK: Scenarios of several starts

  /// Runs a scenario, start after start, with every cut.
  ///
  /// Between two starts nothing but flash and note counts. A start from a state that is covered already, with at least as
  /// many cuts to follow, is therefore not carried out: a run that comes back to the way of another costs nothing more.
  ///
  /// - Parameters:
  ///   - start: the device before.
  ///   - step: one start of the device, up to the next; returns whether the scenario has come to its end. It throws when
  ///     something is wrong: while it runs, there is power. What it does depends on the device and its note alone.
  ///   - invariant: what must hold after each cut and between two starts, on a copy that it may write to; says what is
  ///     wrong, or `nil`.
  ///   - completion: what must hold after the scenario has come to its end; likewise.
  /// - Returns: counts and violations, as of ``check(_:scenario:invariant:completion:)``. That the device comes back to a
  ///   state in which it was before, or is started ``maximumStarts`` times, is a violation as well.
  public func check<Failure: Error>(
    _ start: SimulatedFlash,
    step: (SharedFlash) throws(Failure) -> Bool,
    invariant: (SharedFlash) -> String?,
    completion: (SharedFlash) -> String?
  ) -> PowerLossReport {
    var exploration = PowerLossExploration(self, start: start)
    exploration.explore { question, device in
      answer(question, device, step, invariant, completion)
    }
    return exploration.report
  }

  /// Goes one way again, and looks at every state on it.
  ///
  /// - Parameters:
  ///   - start: the device before, as it was in the run that found the trace.
  ///   - trace: the cuts.
  ///   - step: as of ``check(_:step:invariant:completion:)``.
  ///   - invariant: likewise.
  ///   - completion: likewise.
  /// - Returns: the violations on the way, each with the part of the trace that leads there.
  /// - Throws: ``PowerLossTraceError/noSuchOperation(_:of:)`` if the scenario does not come to an operation of the trace.
  public func replay<Failure: Error>(
    _ start: SimulatedFlash, trace: PowerLossTrace,
    step: (SharedFlash) throws(Failure) -> Bool,
    invariant: (SharedFlash) -> String?,
    completion: (SharedFlash) -> String?
  ) throws(PowerLossTraceError) -> PowerLossReport {
    var checker = self
    // A state that is met twice on the way is to be looked at twice.
    checker.prunes = false
    var exploration = PowerLossExploration(checker, start: start)
    try exploration.replay(trace) { question, device in
      answer(question, device, step, invariant, completion)
    }
    return exploration.report
  }

  private func answer<Failure: Error>(
    _ question: PowerLossExploration.Question, _ device: SharedFlash,
    _ step: (SharedFlash) throws(Failure) -> Bool, _ invariant: (SharedFlash) -> String?,
    _ completion: (SharedFlash) -> String?
  ) -> PowerLossExploration.Answer {
    switch question {
    case .invariant: return invariant(device).map { .problem($0) } ?? .good
    case .completion: return completion(device).map { .problem($0) } ?? .good
    case .step:
      do throws(Failure) {
        return try step(device) ? .end : .good
      } catch {
        return .problem("the scenario does not come to its end: \(error)")
      }
    }
  }
}
