import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// A checker is worth what it catches.
@Suite("The checker finds wrong journals")
struct WrongJournalTests {
  @Test("A journal with one rule left out is found", arguments: ToyJournal.Flaw.allCases)
  func flawed(_ flaw: ToyJournal.Flaw) async throws {
    let report = try await check(flaw)
    print(
      "wrong journal, \(flaw): \(report.violations.count) violations; the first: \(report.violations.first.map(\.description) ?? "none")"
    )
    #expect(!report.violations.isEmpty, "\(report)")
  }

  @Test("The same journal with every rule in is not")
  func whole() async throws {
    let report = try await check(nil)
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.singleCuts > 100 && report.doubleCuts > 2000)
  }

  /// Each flaw is to be found from any seed.
  private func check(_ flaw: ToyJournal.Flaw?) async throws -> PowerLossReport {
    try await onOwnThread { try checked(flaw) }
  }

  private func checked(_ flaw: ToyJournal.Flaw?) throws -> PowerLossReport {
    let geometry = try FlashGeometry(eraseBlockSize: 144, blockCount: 2, writeSize: 4)
    let areas: [Range<UInt32>] = [0..<144, 144..<288]
    var start = try ToyJournal.formatted(geometry, areas: areas)
    start.writeToUsed = .isUndefined
    var checker = PowerLossChecker(
      seed: TestSeed.value, secondCuts: flaw == nil ? .sampled(24) : .exhaustive, readings: 4)
    checker.stopsEarly = true
    checker.recoveries = flaw == nil ? 1 : 4
    return CountingScenario(goal: 6, perSession: 2).check(start, with: checker) {
      device throws(StorageError) in
      try ToyJournal(opening: device, areas: areas, flaw: flaw)
    }
  }
}
