import OTAFlashSimulator
import OTAInPlace
import OTAPartition
import OTATesting
import Testing

/// Updates in place: whatever is half done, the next start finishes it and boots a whole image.
@Suite("Updates in place under power cuts", .serialized)
struct InPlacePowerLossTests {
  @Test(
    "An update survives every cut, whether the new image is good or not", arguments: try TestBoard.all(),
    InPlaceScenario.Fate.allCases)
  func survives(_ board: TestBoard, fate: InPlaceScenario.Fate) async throws {
    let report = try await onOwnThread {
      var checker = PowerLossChecker(seed: TestSeed.value, depth: TestSeed.isSlow ? 2 : 1)
      checker.randomWalks = .init(count: TestSeed.isSlow ? 200 : 4, length: 6)
      return checker.check(try board.scenario(fate))
    }
    print("in place, \(board.name), \(fate): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    // Staging, moving, segments, and two writes for every record.
    #expect(report.operations >= 25)
    #expect(report.singleCuts > 8 * report.operations)
  }
}
