import OTACore
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// The partition table: never none, never an older one than was read, and two copies after every start.
@Suite("The partition table under power cuts")
struct TablePowerLossTests {
  @Test("A table survives every cut and every second cut, in two copies", arguments: try TestBoard.all())
  func updates(_ board: TestBoard) async throws {
    let counter = CountingScenario(goal: 6, perSession: 2)
    let checker = PowerLossChecker(
      seed: TestSeed.value, secondCuts: TestSeed.isSlow ? .sampled(40) : .sampled(1), readings: 2,
      mayChange: [board.layout.journalA, board.layout.journalB])
    let report = try await onOwnThread {
      counter.check(try board.withTable(0), with: checker) { device throws(StorageError) in
        try TableValueStore(opening: device, board: board)
      }
    }
    print("partition table, \(board.name): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 18)
    #expect(report.singleCuts > 10 * report.operations)
  }

  @Test("The first table is whole or not there, and can be written again", arguments: try TestBoard.all())
  func format(_ board: TestBoard) async throws {
    let checker = PowerLossChecker(
      seed: TestSeed.value, secondCuts: TestSeed.isSlow ? .sampled(40) : .sampled(1), readings: 2,
      mayChange: [board.layout.journalA, board.layout.journalB])
    let report = try await onOwnThread {
      checker.check(
        board.used(),
        scenario: { device throws(StorageError) in
          try TableValueStore.format(device, board: board, value: 7)
        },
        invariant: { device in
          do throws(StorageError) {
            let value = try TableValueStore(opening: device, board: board).value
            return value == 7 ? nil : "table \(value) was never written"
          } catch {
            return error == .partitionTableUnreadable ? nil : "\(error)"
          }
        },
        completion: { device in
          let value = try? TableValueStore(opening: device, board: board).value
          return value == 7 ? nil : "the table is not there"
        })
    }
    print("first partition table, \(board.name): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations == 7)
  }
}
