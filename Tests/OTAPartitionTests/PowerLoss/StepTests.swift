import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Scenarios of several starts.
@Suite("PowerLossChecker, start by start")
struct StepTests {
  /// Erases a block at the first start, and writes a unit at each further one.
  private struct Stairs: PowerLossScenario {
    var device: SimulatedFlash
    var mayChange: [Range<UInt32>] { [0..<16] }
    /// A byte that must never be seen after the unit with this number is whole.
    var failsAtUnit: UInt32?
    /// Whether it begins again instead of ending.
    var neverEnds = false

    init() throws {
      device = SimulatedFlash(try FlashGeometry(eraseBlockSize: 16, blockCount: 2, writeSize: 4))
      let noise: [UInt8] = [1, 2, 3, 4]
      try device.write(noise.span, at: 0)
      device.resetCounters()
    }

    /// How many units are written: the note says so, as far as it was not the power that ended the start.
    func start(_ device: SharedFlash) throws(PowerLossFailure) -> Bool {
      let next = UInt32(device.withFlash { $0.note })
      do throws(FlashError) {
        if next == 0 {
          try device.erase(0..<16)
        } else if next <= 4 {
          // What a cut has left of the unit is erased with all of them.
          let bytes: [UInt8] = [0, 0, 0, 0]
          try device.erase(0..<16)
          for unit in 0..<next { try device.write(bytes.span, at: unit * 4) }
        } else if neverEnds {
          device.withFlash { $0.note = 1 }
          return false
        } else {
          return true
        }
      } catch {
        throw PowerLossFailure("\(error)")
      }
      device.withFlash { $0.note = UInt64(next) + 1 }
      return false
    }

    func problem(of device: SharedFlash) -> String? {
      guard let failsAtUnit else { return nil }
      let bytes = device.snapshot.contents(of: failsAtUnit * 4..<failsAtUnit * 4 + 4)
      let isWhole = bytes.allSatisfy { $0 == 0 } || bytes.allSatisfy { $0 == 0xff }
      return !isWhole ? "unit \(failsAtUnit) is torn" : nil
    }

    func problem(atEndOf device: SharedFlash) -> String? {
      device.snapshot.contents(of: 0..<16).allSatisfy { $0 == 0 } ? nil : "not all is written"
    }
  }

  @Test("Operations are counted over all starts, and all of them are cut")
  func operations() throws {
    let report = PowerLossChecker(seed: 1, depth: 2).check(try Stairs())
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations == 1 + 4 + 1 + 2 + 3 + 4)
    #expect(report.singleCuts > 9 * report.operations)
    #expect(report.pruned > report.states)
  }

  @Test("As many sequences are counted without pruning, and the same violations found")
  func pruning() throws {
    var scenario = try Stairs()
    scenario.failsAtUnit = 2
    var checker = PowerLossChecker(seed: 2, depth: 1)
    let pruned = checker.check(scenario)
    checker.prunes = false
    let whole = checker.check(scenario)
    #expect(pruned.cuts == whole.cuts && pruned.states < whole.states)
    #expect(!pruned.violations.isEmpty)
    #expect(Set(pruned.violations.map(\.state)).isSubset(of: Set(whole.violations.map(\.state))))
    #expect(pruned.violationCount == Set(whole.violations.map(\.state)).count || whole.violationCount > 20)
  }

  @Test("A violation in a later start is replayed from its trace")
  func replay() throws {
    var scenario = try Stairs()
    scenario.failsAtUnit = 3
    let checker = PowerLossChecker(seed: 3, depth: 1)
    let report = checker.check(scenario)
    let violation = try #require(report.violations.first)
    #expect(violation.trace.count == 1 && violation.trace.cuts[0].operation >= 11)
    let replayed = try checker.replay(scenario, trace: PowerLossTrace(text: "\(violation.trace)"))
    #expect(replayed.violations.contains { $0.state == violation.state && $0.problem == violation.problem })
  }

  @Test("A device that comes back to where it was does not end", arguments: [true, false])
  func cycle(prunes: Bool) throws {
    var scenario = try Stairs()
    scenario.neverEnds = true
    var checker = PowerLossChecker(seed: 4, depth: 2)
    checker.prunes = prunes
    let report = checker.check(scenario)
    #expect(report.violationCount == 1, "\(report)")
    #expect(report.violations.first?.trace.count == 0)
    #expect(report.violations.first?.problem.contains("does not come to its end") == true)
  }
}
