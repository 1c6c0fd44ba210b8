import OTACore
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Sets of images in every way of activation: what runs after a cut is one set or the other, never some of each.
///
/// In the short form each way is cut with a set of two images, healthy or unhealthy in turn; with `OTA_SLOW_TESTS` also
/// sets of three, on both kinds of blocks, both healthy and unhealthy, with second cuts.
@Suite("Sets of images under power cuts")
struct SetPowerLossTests {
  /// One run of the checker.
  struct Case: Sendable, CustomTestStringConvertible {
    var board: TestBoard
    var isHealthy: Bool

    var testDescription: String { "\(board.name), \(isHealthy ? "healthy" : "unhealthy")" }
  }

  static func cases() throws -> [Case] {
    if TestSeed.isSlow {
      return try TestBoard.sets(of: [2, 3]).flatMap { board in
        [true, false].map { Case(board: board, isHealthy: $0) }
      }
    }
    let kinds = ActivationStrategy.Kind.allCases
    return try kinds.enumerated().map { index, kind in
      Case(
        board: try TestBoard.set(of: kind == .overwrite ? 3 : 2, kind, isMixed: index % 2 == 1),
        isHealthy: index % 2 == 0)
    }
  }

  @Test("All images are of one set after every cut, and the update comes to its end", arguments: try cases())
  func everyCut(_ test: Case) async throws {
    let report = try await onOwnThread { try Self.check(test) }
    print("power loss, \(test.testDescription): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations > 15)
  }

  private static func check(_ test: Case) throws -> PowerLossReport {
    let board = test.board
    let old = TestSeed.isSlow ? board.oldSet : smallSet(of: board.layout.imageCount, isNew: false)
    let new = TestSeed.isSlow ? board.newSet : smallSet(of: board.layout.imageCount, isNew: true)
    var agent = TestAgent(board: board, image: new)
    agent.isHealthy = test.isHealthy
    agent.attempts = 3
    agent.chunkSize = 300
    agent.checkpointInterval = 256
    let checker = PowerLossChecker(
      seed: TestSeed.value, secondCuts: TestSeed.isSlow ? .sampled(8) : .none, readings: 1,
      mayChange: board.ownRanges)
    return checker.check(
      try board.provisioned(old),
      scenario: { device throws(AgentError) in try agent.run(device) },
      invariant: { bootProblem(on: $0, board: board, images: [old, new]) },
      completion: { device in
        guard let state = try? openedState(device.snapshot, layout: board.layout) else {
          return "the journal cannot be opened"
        }
        return bootProblem(on: device, board: board, images: [old, new])
          ?? problem(with: state, after: test, old: old, new: new)
      })
  }

  /// One record says of the whole set what became of it.
  private static func problem(
    with state: DeviceState, after test: Case, old: TestImage, new: TestImage
  ) -> String? {
    let isNew = test.isHealthy || !test.board.layout.strategy.canRevert
    guard state.update == .idle else { return "the update has not ended" }
    guard state.boot.selection == .confirmed(isNew ? .b : .a) else {
      return "\(state.boot.selection) is selected"
    }
    guard state.boot.placement == .settled(primary: isNew && test.board.layout.strategy != .direct ? .b : .a)
    else {
      return "\(state.boot.placement)"
    }
    guard state.boot.securityCounter == (test.isHealthy ? new : old).sequenceNumber else {
      return "the security counter is \(state.boot.securityCounter)"
    }
    return (state.boot.lastRevert == nil) == test.isHealthy ? nil : "the cause is not recorded as it is"
  }

  /// One block, and less than one; a third image is empty before, and has bytes after.
  private static func smallSet(of count: Int, isNew: Bool) -> TestImage {
    let companions = Array((isNew ? [61, 20] : [90, 0]).prefix(count - 1))
    return TestImage(
      size: isNew ? 200 : 256, companions: companions, sequenceNumber: isNew ? 6 : 5, seed: isNew ? 2 : 1)
  }
}
