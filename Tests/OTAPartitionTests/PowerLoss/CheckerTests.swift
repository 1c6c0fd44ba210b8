import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

@Suite("PowerLossChecker")
struct CheckerTests {
  private struct Finding: Hashable {
    var state: StateHash
    var problem: String
  }

  private func findings(_ report: PowerLossReport) -> Set<Finding> {
    Set(report.violations.map { Finding(state: $0.state, problem: $0.problem) })
  }

  @Test("The states of a toy are counted, each once")
  func counts() throws {
    let report = try ToyScenario().check(PowerLossChecker(seed: 1, depth: 1))
    #expect(report.violations.isEmpty && report.violationCount == 0, "\(report)")
    #expect(report.operations == 2)
    // The erase of an erased block leaves the start or a block that must not be written; the write of a unit leaves the
    // start or one of eight other states.
    #expect(report.states == 1 + 1 + 8)
    #expect(report.singleCuts == report.states - 1 + report.pruned)
    #expect(report.cuts.count == 1)
  }

  @Test("The write of one unit has nine outcomes, and the erase of four units sixteen or twenty")
  func outcomes() throws {
    let report = try ToyScenario().check(PowerLossChecker(seed: 1, depth: 1))
    #expect([9 + 16, 9 + 20].contains(report.singleCuts), "\(report)")
  }

  @Test(
    "Without pruning every sequence of cuts is run, and as many are counted",
    arguments: [1, 2, 3] as [UInt64])
  func sequences(seed: UInt64) throws {
    var checker = PowerLossChecker(seed: seed, depth: 2)
    let pruned = try ToyScenario(countedStarts: 2).check(checker)
    checker.prunes = false
    let whole = try ToyScenario(countedStarts: 2).check(checker)
    #expect(whole.pruned == 0 && whole.states == 1 + whole.cuts.reduce(0, +))
    #expect(pruned.cuts == whole.cuts)
    #expect(pruned.pruned > 0 && pruned.states < whole.states)
    #expect(pruned.states == 1 + pruned.cuts.reduce(0, +) - pruned.pruned)
  }

  @Test("Pruning finds the same violations", arguments: [1, 2] as [UInt64])
  func pruningIsSound(start: UInt64) throws {
    let scenario = ToyScenario(countedStarts: 3, failsAfterStarts: start)
    func run(prunes: Bool) throws -> (report: PowerLossReport, violating: Set<StateHash>) {
      var checker = PowerLossChecker(seed: 7, depth: 2)
      checker.prunes = prunes
      var violating: Set<StateHash> = []
      let report = try scenario.check(checker) { violating.insert($0) }
      return (report, violating)
    }
    let pruned = try run(prunes: true)
    let whole = try run(prunes: false)
    #expect(pruned.violating.count > 2 && pruned.violating == whole.violating)
    // Each state once, or on every way that leads to it.
    #expect(pruned.report.violationCount == pruned.violating.count)
    #expect(whole.report.violationCount > pruned.report.violationCount || start == 1)
    #expect(pruned.report.violations.allSatisfy { $0.trace.count == Int(start) }, "\(pruned.report)")
    #expect(whole.report.violations.first?.trace.count == Int(start))
  }

  @Test("A violation is replayed from the text of its trace", arguments: [1, 2] as [UInt64])
  func replay(start: UInt64) throws {
    let scenario = ToyScenario(countedStarts: 3, failsAfterStarts: start)
    let checker = PowerLossChecker(seed: 5, depth: 2)
    let report = try scenario.check(checker)
    #expect(!report.violations.isEmpty)
    for violation in report.violations {
      let replayed = try scenario.replay(PowerLossTrace(text: "\(violation.trace)"), with: checker)
      let last = try #require(replayed.violations.last)
      #expect(last.trace == violation.trace && last.problem == violation.problem)
      #expect(last.state == violation.state)
    }
  }

  @Test("A trace with an operation that the scenario does not have is refused")
  func replayTooFar() throws {
    let trace = try PowerLossTrace(text: "1:done,2:done")
    #expect(throws: PowerLossTraceError.noSuchOperation(2, of: 2)) {
      _ = try ToyScenario().replay(trace, with: PowerLossChecker(seed: 1, depth: 1))
    }
  }

  @Test("The first violation has as few cuts as any, also when the run stops there")
  func shortestFirst() throws {
    var checker = PowerLossChecker(seed: 3, depth: 3)
    checker.stopsEarly = true
    let report = try ToyScenario(countedStarts: 4, failsAfterStarts: 2).check(checker)
    #expect(report.violations.map(\.trace.count) == [2], "\(report)")
    #expect(report.cuts.count == 2)
  }

  @Test("The same seed picks the same cuts, and another seed others")
  func sampling() throws {
    func run(_ seed: UInt64) throws -> PowerLossReport {
      try ToyScenario(countedStarts: 3, failsAfterStarts: 2).check(
        PowerLossChecker(seed: seed, secondCuts: .sampled(3)))
    }
    let first = try run(1)
    let again = try run(1)
    #expect(first.description == again.description)
    #expect(findings(first) == findings(again))
    #expect(findings(first) != findings(try run(2)))
    // Three for every state after a first cut, of the first cuts that lead to no violation.
    #expect(first.doubleCuts == 3 * first.singleCuts)
  }

  @Test("Random walks go deeper than the exhaustive cuts, are shortened and can be replayed")
  func randomWalks() throws {
    let scenario = ToyScenario(countedStarts: 9, failsAfterStarts: 4)
    var checker = PowerLossChecker(seed: 1, depth: 2)
    #expect(try scenario.check(checker).violations.isEmpty)
    checker.randomWalks = PowerLossChecker.RandomWalks(count: 40, length: 6)
    let report = try scenario.check(checker)
    #expect(report.walkedCuts > 100 && report.walkedCuts <= 240, "\(report)")
    let violation = try #require(report.violations.first)
    #expect(violation.trace.count == 4)
    let replayed = try scenario.replay(violation.trace, with: checker)
    #expect(replayed.violations.last?.problem == violation.problem)
    #expect(try scenario.check(checker).description == report.description)
  }

  @Test("A scenario that does not come to its end is a violation without a cut")
  func failing() throws {
    let report = PowerLossChecker(seed: 1, depth: 2).check(
      try ToyScenario.device(), scenario: { _ throws(FlashError) in throw .deviceFailure },
      invariant: { _ in nil }, completion: { _ in nil })
    #expect(report.violations.map(\.trace.count) == [0], "\(report)")
  }

  @Test("A change outside what may change is a violation")
  func outside() throws {
    var checker = PowerLossChecker(seed: 1, depth: 0)
    checker.mayChange = [4..<32]
    let report = try ToyScenario().check(checker)
    #expect(report.violations.map(\.problem) == ["bytes outside the layout changed, at 0x0"])
    checker.mayChange = [8..<32, 0..<4]
    #expect(try ToyScenario().check(checker).violations.isEmpty)
  }

  @Test("Bits that read differently are read as often as was asked, others once")
  func readings() throws {
    let count = Counter()
    var checker = PowerLossChecker(seed: 1, depth: 1, readings: 5)
    checker.recoveries = 3
    let report = checker.check(
      try ToyScenario.device(),
      scenario: { device throws(FlashError) in
        count.runs += 1
        let bytes: [UInt8] = [0, 0, 0, 0]
        try device.erase(0..<16)
        try device.write(bytes.span, at: 0)
      },
      invariant: { _ in
        count.readings += 1
        return nil
      },
      completion: { _ in nil })
    // Three of the states have unstable bits: unstable, marginal, faint.
    #expect(report.states == 10)
    #expect(count.readings == 6 + 3 * 5)
    // The start is run to look at it and, on the next level, to record it.
    #expect(count.runs == 2 + 6 + 3 * 3)
  }

  private final class Counter {
    var runs = 0
    var readings = 0
  }
}
