import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// The promise of the project, on the real code: whatever operation the power fails in, a verified image boots.
@Suite("An update under power cuts")
struct UpdatePowerLossTests {
  @Test(
    "Installing completes after every cut, and a whole image boots at each of them",
    arguments: try TestBoard.all())
  func install(_ board: TestBoard) async throws {
    let agent = TestAgent(board: board, image: .new)
    let report = try await check(agent) { storage in
      guard storage.state.boot.selection == .confirmed(.b) else { return "the new image is not confirmed" }
      guard storage.state.boot.securityCounter == TestImage.new.sequenceNumber else {
        return "the security counter was not raised"
      }
      return nil
    }
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations > 30)
  }

  @Test("An unhealthy image is reverted after every cut", arguments: try TestBoard.all())
  func revert(_ board: TestBoard) async throws {
    var agent = TestAgent(board: board, image: .new)
    agent.isHealthy = false
    let report = try await check(agent) { storage in
      guard storage.state.boot.selection == .confirmed(.a) else { return "the old image is not confirmed" }
      guard storage.state.boot.lastRevert != nil else { return "the cause of the revert is lost" }
      guard storage.state.boot.securityCounter == TestImage.old.sequenceNumber else {
        return "the security counter was raised without a confirmed image"
      }
      return nil
    }
    #expect(report.violations.isEmpty, "\(report)")
  }

  private func check(
    _ agent: TestAgent, completion: @escaping @Sendable (borrowing DeviceStorage<SharedFlash>) -> String?
  ) async throws -> PowerLossReport {
    try await onOwnThread { try checked(agent, completion: completion) }
  }

  private func checked(
    _ agent: TestAgent, completion: (borrowing DeviceStorage<SharedFlash>) -> String?
  ) throws -> PowerLossReport {
    let board = agent.board
    let start = try board.provisioned(.old)
    let seed = TestSeed.value
    let checker = PowerLossChecker(
      seed: seed, secondCuts: TestSeed.isSlow ? .exhaustive : .none, mayChange: board.ownRanges)
    let report = checker.check(
      start,
      scenario: { device throws(AgentError) in try agent.run(device) },
      invariant: { bootProblem(on: $0, board: board, images: [.old, .new]) },
      completion: { device in
        if let problem = bootProblem(on: device, board: board, images: [.old, .new]) { return problem }
        guard let storage = try? DeviceStorage(opening: device, layout: board.layout) else {
          return "the journal cannot be opened"
        }
        guard storage.state.update == .idle else { return "the update has not ended" }
        return completion(storage)
      })
    print("power loss, \(board.name), healthy \(agent.isHealthy): \(report)")
    return report
  }
}

/// Boots a device, and looks at the bytes themselves: the boot manager's word is not enough.
func bootProblem(on device: SharedFlash, board: TestBoard, images: [TestImage]) -> String? {
  do {
    var storage = try DeviceStorage(opening: device, layout: board.layout)
    let decision = try BootManager.boot(&storage, hash: SodiumSHA256.self)
    guard decision.image.sequenceNumber >= storage.state.boot.securityCounter else {
      return "an image below the security counter boots"
    }
    let flash = device.snapshot
    let isWhole = images.contains {
      decision.image == $0.record && board.runs($0, of: decision.slot, on: flash)
    }
    return isWhole ? nil : "what boots is neither the old image nor the new one"
  } catch {
    return "nothing boots: \(error)"
  }
}
