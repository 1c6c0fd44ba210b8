import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// The short form of `ota simulate power-loss`: single cuts, on every part.
///
/// The journal is checked with every unit of writing; updates in every way of activation with one unit each that goes
/// round, as does whether the new image is healthy. With `OTA_SLOW_TESTS` with every unit, healthy and unhealthy.
@Suite("Every part under power cuts", .serialized)
struct EveryPartPowerLossTests {
  @Test(
    "The journal survives every cut, with every unit of writing", arguments: Geometries.parts.indices)
  func everyUnit(_ index: Int) async throws {
    let part = Geometries.parts[index]
    let total = try await onOwnThread { try Self.checkAll(of: part, number: index) }
    print(
      "power loss, \(part.name): \(total.journals) journals, \(total.operations) operations, "
        + "\(total.cuts) single cuts, seed \(TestSeed.value)")
    let images = part.layout.images.count
    #expect(total.journals == FlashRules.writeSizes.count * images)
    #expect(total.cuts > 50 * total.journals)
  }

  /// What was covered.
  struct Total: Sendable {
    var journals = 0
    var operations = 0
    var cuts = 0

    mutating func add(_ report: PowerLossReport) {
      operations += report.operations
      cuts += report.singleCuts
    }
  }

  private static func checkAll(of part: FlashPart, number index: Int) throws -> Total {
    var total = Total()
    for (number, writeSize) in FlashRules.writeSizes.enumerated() {
      for image in part.layout.images.indices {
        // Both erased values and both kinds of cells come with each part, and each with units small and large.
        let variant = try part.with(
          writeSize: writeSize, erasedByte: number % 2 == 0 ? 0xff : 0x00, isMultiwrite: number % 3 == 0)
        let board = TestBoard(
          name: "\(variant), image \(image)", geometry: try variant.combinedGeometry(),
          layout: try variant.deviceLayout(ofImage: image),
          writeToUsed: number % 4 < 2 ? .isRefused : .isUndefined)
        let journal = try journalReport(on: board)
        #expect(journal.violations.isEmpty && journal.operations >= 5, "\(board.name): \(journal)")
        total.journals += 1
        total.add(journal)
      }
    }
    return total
  }

  private static func journalReport(on board: TestBoard) throws -> PowerLossReport {
    var flash = try board.worn()
    var journal = Journal(layout: board.layout, geometry: board.geometry)
    let zero: [UInt8] = RealStore.payload(0)
    try journal.format(&flash, payload: zero.span)
    let checker = PowerLossChecker(
      seed: TestSeed.value, mayChange: [board.layout.journalA, board.layout.journalB])
    return CountingScenario(goal: 4, perSession: 4).check(flash, with: checker) {
      device throws(StorageError) in
      try RealStore(opening: device, board: board)
    }
  }

  // MARK: Everything else

  @Test("Updates in every way of activation, and partition tables, survive every cut on every part")
  func everyWay() async throws {
    let matrix = try PowerLossMatrix(
      writeSizes: TestSeed.isSlow ? PowerLossMatrix.writeSizes : nil, takesTurns: !TestSeed.isSlow)
    let results = try await matrix.run(
      with: PowerLossChecker(seed: TestSeed.value, depth: 1), workers: 2, onProgress: { _ in })
    for result in results {
      #expect(result.report.violations.isEmpty, "\(result.powerLossCase): \(result.report)")
      #expect(result.report.operations >= (result.powerLossCase.subject.hasStrategy ? 15 : 5))
      #expect(result.report.singleCuts > 8 * result.report.operations)
    }
    #expect(Set(results.map(\.powerLossCase.subject)).count == 5)
    let ways = Set(results.map { [$0.powerLossCase.part.name, $0.powerLossCase.way] })
    #expect(ways.count + matrix.impossible.count == 7 * Geometries.parts.count)
    print(
      "power loss, \(results.count) cases: \(results.reduce(0) { $0 + $1.report.singleCuts }) single cuts, "
        + "\(results.reduce(0) { $0 + $1.report.states }) states, seed \(TestSeed.value)")
  }

  @Test(
    "Only blocks of different sizes make a part impossible, and only for swaps without scratch and in place")
  func impossible() throws {
    let matrix = try PowerLossMatrix()
    #expect(matrix.impossible.allSatisfy { $0.reason == .unequalBlocks })
    #expect(matrix.impossible.map(\.part) == ["stm32f4-mixed", "stm32f4-mixed", "stm32f4-mixed"])
    #expect(Set(matrix.impossible.map(\.strategy)) == [.swapByMove, .swapByOffset, nil])
    let possible = 14 * 6 - 3
    #expect(matrix.cases.count == (2 * possible + 14) * PowerLossMatrix.writeSizes.count)
  }
}

extension PowerLossCase {
  fileprivate var way: String { strategy?.name ?? (subject == .partitionTable ? "table" : "in place") }
}

extension TestBoard {
  /// A device with noise where the journal is and slot b begins, and erased everywhere else: large ones stay cheap.
  fileprivate func worn() throws -> SimulatedFlash {
    var flash = SimulatedFlash(geometry)
    flash.writeToUsed = writeToUsed
    var random = SplitMix64(seed: 1)
    let slot = layout.slotB.lowerBound..<layout.slotB.lowerBound + 1024
    for range in [layout.journalA, layout.journalB, slot] {
      let noise = (0..<range.count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      try flash.write(noise.span, at: range.lowerBound)
    }
    return flash
  }
}
