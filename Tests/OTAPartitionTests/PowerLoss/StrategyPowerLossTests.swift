import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Updates in every way of activation.
@Suite("Every strategy under power cuts")
struct StrategyPowerLossTests {
  static func boards() throws -> [TestBoard] { try TestBoard.all().flatMap { try $0.withEveryStrategy() } }

  @Test("Installing completes after every cut", arguments: try boards())
  func install(_ board: TestBoard) async throws {
    let report = try await onOwnThread {
      try check(TestAgent(board: board, image: .new)) { state in
        guard state.boot.selection == .confirmed(.b), state.update == .idle else {
          return "the new image is not confirmed"
        }
        return state.boot.securityCounter == TestImage.new.sequenceNumber
          ? nil : "the security counter was not raised"
      }
    }
    print("power loss, \(board.name): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
  }

  @Test("An unhealthy image is reverted, or kept and reported, after every cut", arguments: try boards())
  func revert(_ board: TestBoard) async throws {
    let report = try await onOwnThread {
      var agent = TestAgent(board: board, image: .new)
      agent.isHealthy = false
      return try check(agent) { state in
        guard state.boot.selection == .confirmed(board.layout.strategy.canRevert ? .a : .b) else {
          return "\(state.boot.selection) is selected"
        }
        guard state.boot.lastRevert != nil else { return "the cause of the revert is lost" }
        return state.boot.securityCounter == TestImage.old.sequenceNumber
          ? nil : "the security counter was raised without a confirmed image"
      }
    }
    print("power loss, \(board.name), unhealthy: \(report)")
    #expect(report.violations.isEmpty, "\(report)")
  }

  private func check(
    _ agent: TestAgent, completion: (DeviceState) -> String?
  ) throws -> PowerLossReport {
    let board = agent.board
    let checker = PowerLossChecker(
      seed: TestSeed.value, secondCuts: TestSeed.isSlow ? .sampled(40) : .none, mayChange: board.ownRanges)
    return checker.check(
      try board.provisioned(.old),
      scenario: { device throws(AgentError) in try agent.run(device) },
      invariant: { bootProblem(on: $0, board: board, images: [.old, .new]) },
      completion: { device in
        if let problem = bootProblem(on: device, board: board, images: [.old, .new]) { return problem }
        guard let state = try? openedState(device.snapshot, layout: board.layout) else {
          return "the journal cannot be opened"
        }
        return completion(state)
      })
  }
}
