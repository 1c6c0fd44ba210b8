import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Two copies of one value, as the partition table has them, with and without mistakes.
@Suite("The checker finds wrong pairs of copies")
struct WrongTableTests {
  /// What is done wrong.
  enum Flaw: String, CaseIterable, CustomTestStringConvertible, Sendable {
    /// Erases both copies, then writes them.
    case erasesBothFirst
    /// Believes a copy without looking at its checksum.
    case ignoresChecksum
    /// Has one copy, and erases it to write it anew.
    case hasOneCopy
    /// Believes a copy that was not sealed, and erases the other for its sake.
    case hasNoSeal

    var testDescription: String { rawValue }

    var inJournal: ToyJournal.Flaw? {
      switch self {
      case .erasesBothFirst: nil
      case .ignoresChecksum: .ignoresChecksum
      case .hasOneCopy: .hasOneArea
      case .hasNoSeal: .hasNoSeal
      }
    }
  }

  /// Writes every value twice, and writes the second copy again at every start.
  private struct Pair: ValueStore {
    private var journal: ToyJournal
    private let flaw: Flaw?

    var value: UInt32 { journal.value }

    init(opening device: SharedFlash, areas: [Range<UInt32>], flaw: Flaw?) throws(StorageError) {
      self.flaw = flaw
      journal = try ToyJournal(opening: device, areas: areas, flaw: flaw?.inJournal)
      try journal.mirror()
    }

    mutating func commit(_ value: UInt32) throws(StorageError) {
      if flaw == .erasesBothFirst {
        try journal.rewrite(value)
      } else {
        try journal.commit(value)
        try journal.mirror()
      }
    }
  }

  @Test("A pair of copies with one mistake is found", arguments: Flaw.allCases)
  func flawed(_ flaw: Flaw) async throws {
    let report = try await check(flaw)
    print(
      "wrong copies, \(flaw): \(report.violations.count) violations; the first: \(report.violations.first.map(\.description) ?? "none")"
    )
    #expect(!report.violations.isEmpty, "\(report)")
  }

  @Test("The same pair without a mistake is not")
  func whole() async throws {
    let report = try await check(nil)
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.singleCuts > 100 && report.doubleCuts > 1000)
  }

  private func check(_ flaw: Flaw?) async throws -> PowerLossReport {
    try await onOwnThread {
      let geometry = try FlashGeometry(eraseBlockSize: 144, blockCount: 2, writeSize: 4)
      let areas: [Range<UInt32>] = [0..<144, 144..<288]
      var start = try ToyJournal.formatted(geometry, areas: areas)
      start.writeToUsed = .isUndefined
      var checker = PowerLossChecker(
        seed: TestSeed.value, secondCuts: flaw == nil ? .sampled(16) : .exhaustive, readings: 4)
      checker.stopsEarly = true
      checker.recoveries = flaw == nil ? 1 : 4
      return CountingScenario(goal: 3, perSession: 2).check(start, with: checker) {
        device throws(StorageError) in
        try Pair(opening: device, areas: areas, flaw: flaw)
      }
    }
  }
}
