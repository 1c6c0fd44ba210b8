import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Updates in every way of activation on small blocks, with images of several groups; the parts have their own tests.
@Suite("Every strategy under power cuts", .serialized)
struct StrategyPowerLossTests {
  static func boards() throws -> [TestBoard] { try TestBoard.all().flatMap { try $0.withEveryStrategy() } }

  @Test(
    "Images of several groups of blocks survive every cut, healthy and not",
    .enabled(if: TestSeed.isSlow, "the short form is that of EveryPartPowerLossTests"),
    arguments: try boards(), [true, false])
  func severalGroups(_ board: TestBoard, isHealthy: Bool) async throws {
    let report = try await onOwnThread {
      let scenario = try UpdateScenario(
        geometry: board.geometry, layout: board.layout, oldSizes: [3001], newSizes: [5003],
        isHealthy: isHealthy, writeToUsed: board.writeToUsed)
      return PowerLossChecker(seed: TestSeed.value, secondCuts: .sampled(10)).check(scenario)
    }
    print("power loss, \(board.name), healthy \(isHealthy): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
  }

  @Test("Images that do not fit the layout are refused")
  func refusal() throws {
    let board = try TestBoard.uniform()
    #expect(throws: PowerLossFailure.self) {
      _ = try UpdateScenario(
        geometry: board.geometry, layout: board.layout, oldSizes: [9000], newSizes: [10], isHealthy: true)
    }
    #expect(throws: PowerLossFailure.self) {
      _ = try UpdateScenario(
        geometry: board.geometry, layout: board.layout, oldSizes: [10, 10], newSizes: [10, 10],
        isHealthy: true)
    }
  }
}
