public import OTAFlashSimulator

/// What a run of ``PowerLossChecker`` covered and found.
public struct PowerLossReport: Sendable, CustomStringConvertible {
  /// Something that must not be.
  public struct Violation: Sendable, CustomStringConvertible {
    /// The losses of power that lead there, in order; ``PowerLossChecker/replay(_:trace:scenario:invariant:completion:)``
    /// goes the same way.
    public var trace: PowerLossTrace
    /// What is wrong then.
    public var problem: String
    /// The state in which it is.
    public var state: StateHash

    /// The problem and the way to it.
    public var description: String {
      var lines = [problem] + trace.cuts.map { "  after a cut in \($0)" }
      if trace.count > 0 { lines.append("  trace \(trace)") }
      return lines.joined(separator: "\n")
    }
  }

  /// Operations of the scenario without a cut.
  public internal(set) var operations = 0
  /// Sequences of so many cuts that were covered: the first element is of one cut, the next of two.
  ///
  /// Those that lead through a state that was covered already are counted, though they were not run again.
  public internal(set) var cuts: [Int] = []
  /// Cuts of random walks.
  public internal(set) var walkedCuts = 0
  /// States that were looked at, each once.
  public internal(set) var states = 0
  /// Sequences of cuts that were not run, because they lead through a state that was covered already.
  ///
  /// The levels are covered one after the other, and what is passed over in one may be so again in the next.
  public internal(set) var pruned = 0
  /// The seed of everything random, to repeat the run.
  public internal(set) var seed: UInt64 = 0
  /// What was found, the shortest trace first; no more than ``maximumViolations``.
  public internal(set) var violations: [Violation] = []
  /// How many violations were found, with those that were not kept.
  public internal(set) var violationCount = 0
  /// How many violations are kept.
  public static var maximumViolations: Int { 20 }

  /// Sequences of one cut.
  public var singleCuts: Int { cuts.first ?? 0 }
  /// Sequences of two cuts.
  public var doubleCuts: Int { cuts.count > 1 ? cuts[1] : 0 }

  /// Counts, seed and violations.
  public var description: String {
    var parts = ["\(operations) operations"]
    for (index, count) in cuts.enumerated() {
      parts.append("\(count) \(PowerLossReport.name(of: index + 1))")
    }
    if walkedCuts > 0 { parts.append("\(walkedCuts) cuts in random walks") }
    parts += [
      "\(states) states", "\(pruned) pruned", "seed \(seed)", "\(violationCount) violations",
    ]
    return ([parts.joined(separator: ", ")] + violations.map(\.description)).joined(separator: "\n")
  }

  private static func name(of depth: Int) -> String {
    switch depth {
    case 1: "single cuts"
    case 2: "double cuts"
    default: "sequences of \(depth) cuts"
    }
  }

  mutating func add(_ violation: Violation) {
    violationCount += 1
    let place = violations.firstIndex { $0.trace.count > violation.trace.count } ?? violations.endIndex
    violations.insert(violation, at: place)
    if violations.count > PowerLossReport.maximumViolations { violations.removeLast() }
  }
}
