public import OTAFlashSimulator
import OTAPartition

/// Cuts the power at every operation of a scenario, in every way, and looks at what is left.
///
/// The scenario is run once to count its operations. Then, for each of them and for each torn outcome, it is run again
/// from the same start with a cut there; power comes back, the invariant is held against the device, and the scenario
/// is run to its end, after which the device must be complete. A second cut is put into that last run.
///
/// Everything works on snapshots; a run is repeatable from its seed.
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

  /// The start of everything random.
  public var seed: UInt64
  /// How many second cuts follow each first one.
  public var secondCuts: SecondCuts
  /// How often the invariant is held against the device after a cut: unstable bits differ each time.
  public var readings: Int
  /// How often the scenario is brought to its end after each first cut: unstable bits differ each time.
  public var recoveries = 1
  /// What the scenario may change; `nil` is everything.
  public var mayChange: [Range<UInt32>]?
  /// Whether the run ends at the first violation.
  public var stopsEarly = false

  /// Makes a checker.
  public init(
    seed: UInt64, secondCuts: SecondCuts = .none, readings: Int = 2, mayChange: [Range<UInt32>]? = nil
  ) {
    self.seed = seed
    self.secondCuts = secondCuts
    self.readings = readings
    self.mayChange = mayChange
  }

  /// Runs a scenario with every cut.
  ///
  /// - Parameters:
  ///   - start: the device before.
  ///   - scenario: brings the device from whatever state it is in to the end; a boot, a resumption, a new try. It throws
  ///     when the power goes, and for no other reason.
  ///   - invariant: what must hold after each cut, on a copy that it may write to; says what is wrong, or `nil`.
  ///   - completion: what must hold after the scenario has come to its end; likewise.
  /// - Returns: counts and violations. A scenario that fails without a cut is a violation with an empty trace.
  public func check<Failure: Error>(
    _ start: SimulatedFlash,
    scenario: (SharedFlash) throws(Failure) -> Void,
    invariant: (SharedFlash) -> String?,
    completion: (SharedFlash) -> String?
  ) -> PowerLossReport {
    var report = PowerLossReport()
    report.seed = seed
    var random = SplitMix64(seed: seed)
    let unit = start.geometry.writeSize
    guard let operations = run(start, power: seed, scenario, completion, trace: [], report: &report) else {
      return report
    }
    report.operations = operations.count
    for first in cuts(of: operations, unit: unit, seed: random.next()) {
      report.singleCuts += 1
      let after = interrupted(start, power: seed, at: first, scenario)
      examine(after, power: random.next(), invariant, trace: [first], report: &report)
      for _ in 0..<max(1, recoveries) {
        let power = random.next()
        guard let recovery = run(after, power: power, scenario, completion, trace: [first], report: &report)
        else {
          continue
        }
        for second in secondCuts(of: recovery, unit: unit, using: &random) {
          if stopsEarly, !report.violations.isEmpty { return report }
          report.doubleCuts += 1
          let trace = [first, second]
          let afterSecond = interrupted(after, power: power, at: second, scenario)
          examine(afterSecond, power: random.next(), invariant, trace: trace, report: &report)
          _ = run(afterSecond, power: random.next(), scenario, completion, trace: trace, report: &report)
        }
      }
    }
    return report
  }

  // MARK: Parts

  /// Runs the scenario with power to its end.
  ///
  /// - Returns: its operations; `nil` if it failed, which is then in the report.
  private func run<Failure: Error>(
    _ start: SimulatedFlash, power: UInt64, _ scenario: (SharedFlash) throws(Failure) -> Void,
    _ completion: (SharedFlash) -> String?, trace: [PowerLossReport.Cut], report: inout PowerLossReport
  ) -> [SimulatedFlash.Operation]? {
    let device = SharedFlash(start)
    device.withFlash {
      $0.restorePower(seed: power)
      $0.log = []
    }
    do throws(Failure) {
      try scenario(device)
    } catch {
      report.add("the scenario does not come to its end: \(error)", after: trace)
      return nil
    }
    let operations = device.withFlash { $0.log ?? [] }
    let end = device.snapshot
    if let range = mayChange.flatMap({ changeOutside($0, from: start, to: end) }) {
      report.add("bytes outside the layout changed, at \(range)", after: trace)
    }
    if let problem = completion(SharedFlash(end)) { report.add(problem, after: trace) }
    return operations
  }

  /// Runs the scenario into a cut.
  private func interrupted<Failure: Error>(
    _ start: SimulatedFlash, power: UInt64, at cut: PowerLossReport.Cut,
    _ scenario: (SharedFlash) throws(Failure) -> Void
  ) -> SimulatedFlash {
    let device = SharedFlash(start)
    device.withFlash {
      // The same seed as in the run that counted: up to the cut it is the same run.
      $0.restorePower(seed: power)
      $0.cutPower(atOperation: cut.operation, outcome: cut.outcome)
    }
    do throws(Failure) {
      try scenario(device)
    } catch {
      // The power is gone; what is left is for the caller to examine.
    }
    return device.snapshot
  }

  private func examine(
    _ flash: SimulatedFlash, power: UInt64, _ invariant: (SharedFlash) -> String?,
    trace: [PowerLossReport.Cut],
    report: inout PowerLossReport
  ) {
    for reading in 0..<max(1, readings) {
      let device = SharedFlash(flash)
      device.withFlash { $0.restorePower(seed: power &+ UInt64(reading)) }
      if let problem = invariant(device) {
        report.add(problem, after: trace)
        return
      }
    }
  }

  private func cuts(of operations: [SimulatedFlash.Operation], unit: UInt32, seed: UInt64) -> [PowerLossReport
    .Cut]
  {
    var random = SplitMix64(seed: seed)
    return operations.enumerated().flatMap { number, operation in
      TornOutcome.all(for: operation, unit: unit, seed: random.next()).map {
        PowerLossReport.Cut(operation: number, interrupted: operation, outcome: $0)
      }
    }
  }

  private func secondCuts(
    of operations: [SimulatedFlash.Operation], unit: UInt32, using random: inout SplitMix64
  ) -> [PowerLossReport.Cut] {
    switch secondCuts {
    case .none: []
    case .exhaustive: cuts(of: operations, unit: unit, seed: random.next())
    case .sampled(let count):
      Array(cuts(of: operations, unit: unit, seed: random.next()).shuffled(using: &random).prefix(count))
    }
  }

  private func changeOutside(
    _ ranges: [Range<UInt32>], from start: SimulatedFlash, to end: SimulatedFlash
  ) -> UInt32? {
    var gap: UInt32 = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if gap < range.lowerBound, let change = change(in: gap..<range.lowerBound, from: start, to: end) {
        return change
      }
      gap = max(gap, range.upperBound)
    }
    return change(in: gap..<max(gap, start.geometry.capacity), from: start, to: end)
  }

  private func change(in range: Range<UInt32>, from start: SimulatedFlash, to end: SimulatedFlash) -> UInt32?
  {
    let before = start.contents(of: range)
    let after = end.contents(of: range)
    guard before != after else { return nil }
    return zip(range, zip(before, after)).first { $1.0 != $1.1 }?.0
  }
}

extension TornOutcome {
  /// Every outcome of an operation that differs in kind, with the borders of each.
  ///
  /// - Parameters:
  ///   - operation: what is interrupted.
  ///   - unit: the device's unit of writing, in bytes.
  ///   - seed: for the random ones.
  /// - Returns: at least seven outcomes.
  public static func all(
    for operation: SimulatedFlash.Operation, unit: UInt32, seed: UInt64
  ) -> [TornOutcome] {
    let units = max(1, operation.range.count / Int(unit))
    var random = SplitMix64(seed: seed)
    let somewhere = Int(random.next() % UInt64(units))
    var outcomes: [TornOutcome] = [.notDone, .done, .unseen]
    for count in Set([1, units / 2, units - 1]).sorted() where count > 0 && count < units {
      outcomes.append(.prefix(units: count))
    }
    outcomes += [.randomBits(seed: random.next()), .randomBits(seed: random.next())]
    for torn in Set([0, somewhere, units - 1]).sorted() {
      outcomes.append(.partial(after: torn, seed: random.next()))
      outcomes.append(.unstable(after: torn))
      outcomes.append(.marginal(after: torn, seed: random.next()))
      outcomes.append(.faint(after: torn, seed: random.next()))
    }
    return outcomes
  }
}
