public import OTAFlashSimulator

/// What a run of ``PowerLossChecker`` covered and found.
public struct PowerLossReport: Sendable, CustomStringConvertible {
  /// One loss of power.
  public struct Cut: Equatable, Sendable, CustomStringConvertible {
    /// The number of the operation since the last start, from 0.
    public var operation: Int
    /// What the operation was, if the count run had it.
    public var interrupted: SimulatedFlash.Operation?
    /// What it left.
    public var outcome: TornOutcome

    /// For people: `write 0x800..<0x8d4 (operation 3), prefix(units: 1)`.
    public var description: String {
      guard let interrupted else { return "operation \(operation), \(outcome)" }
      let start = String(interrupted.range.lowerBound, radix: 16)
      let end = String(interrupted.range.upperBound, radix: 16)
      return "\(interrupted.kind) 0x\(start)..<0x\(end) (operation \(operation)), \(outcome)"
    }
  }

  /// Something that must not be.
  public struct Violation: Sendable, CustomStringConvertible {
    /// The losses of power that lead there, in order.
    public var trace: [Cut]
    /// What is wrong then.
    public var problem: String

    /// The problem and the way to it.
    public var description: String {
      ([problem] + trace.map { "  after a cut in \($0)" }).joined(separator: "\n")
    }
  }

  /// Operations of the scenario without a cut.
  public internal(set) var operations = 0
  /// Runs with one cut.
  public internal(set) var singleCuts = 0
  /// Runs with a second cut, while recovering from the first.
  public internal(set) var doubleCuts = 0
  /// The seed of everything random, to repeat the run.
  public internal(set) var seed: UInt64 = 0
  /// What was found, the shortest trace first; no more than ``maximumViolations``.
  public internal(set) var violations: [Violation] = []
  /// How many violations are kept.
  public static var maximumViolations: Int { 20 }

  /// Counts, seed and violations.
  public var description: String {
    let counts =
      "\(operations) operations, \(singleCuts) single cuts, \(doubleCuts) double cuts, seed \(seed), "
      + "\(violations.count) violations"
    return ([counts] + violations.map(\.description)).joined(separator: "\n")
  }

  mutating func add(_ problem: String, after trace: [Cut]) {
    violations.append(Violation(trace: trace, problem: problem))
    violations.sort { $0.trace.count < $1.trace.count }
    if violations.count > PowerLossReport.maximumViolations { violations.removeLast() }
  }
}
