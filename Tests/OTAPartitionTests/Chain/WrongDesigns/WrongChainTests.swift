import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// First stages that measure at the wrong time or not at all, and a second stage without a second slot.
@Suite("The checker finds wrong chains")
struct WrongChainTests {
  @Test("A measurement taken before it is decided what boots is found")
  func measuredEarly() async throws {
    let report = try await check(.beforeDecision)
    #expect(report.violations.contains { $0.problem.contains("measurement") }, "\(report)")
  }

  @Test("A stage that is not measured is found")
  func notMeasured() async throws {
    let report = try await check(.never)
    #expect(report.violations.contains { $0.problem.contains("measurement") }, "\(report)")
  }

  @Test("The same first stage that measures what it has decided is not")
  func measuredRight() async throws {
    let report = try await check(.afterDecision)
    #expect(report.violations.isEmpty && report.singleCuts > 300, "\(report)")
  }

  @Test("A second stage that is overwritten in place is found as a brick")
  func overwritten() async throws {
    let board = try await ChainBoard.uniform()
    let report = try await onOwnThread {
      var checker = PowerLossChecker(seed: TestSeed.value, readings: 1, mayChange: board.ownRanges)
      checker.stopsEarly = true
      return checker.check(
        try board.provisioned(),
        scenario: { device throws(FlashError) in try Self.overwrite(board, device) },
        invariant: { Self.singleSlotProblem(board, $0) }, completion: { Self.singleSlotProblem(board, $0) })
    }
    #expect(
      report.violations.first.map { $0.trace.count == 1 && $0.problem.contains("brick") } == true, "\(report)"
    )
  }

  private func check(_ order: HastyChain.Order) async throws -> PowerLossReport {
    let board = try await ChainBoard.uniform()
    return try await onOwnThread {
      var agent = ChainAgent(board: board)
      agent.stageHangs = true
      agent.updatesApplication = false
      let chain = HastyChain(board: board, order: order)
      var checker = PowerLossChecker(
        seed: TestSeed.value, secondCuts: order == .afterDecision ? .none : .sampled(1), readings: 1,
        mayChange: board.ownRanges)
      checker.stopsEarly = true
      let hanging = agent
      return checker.check(
        try board.provisioned(),
        scenario: { device throws(AgentError) in try hanging.run(device) },
        invariant: chain.problem, completion: chain.problem)
    }
  }

  private static func overwrite(_ board: ChainBoard, _ device: SharedFlash) throws(FlashError) {
    let bytes = board.newStage.image.bytes
    let padding = [UInt8](repeating: 0xff, count: (4 - bytes.count % 4) % 4)
    let padded = bytes + padding
    try device.erase(board.secondStage.slotA)
    try device.write(padded.span, at: board.secondStage.slotA.lowerBound)
  }

  /// A first stage with one slot and a key.
  private static func singleSlotProblem(_ board: ChainBoard, _ device: SharedFlash) -> String? {
    let authority = SignedImages(MCUbootKeys(board.keys.root.publicKey), verifier: SodiumVerifier())
    var flash = device
    do throws(AuthorityError) {
      _ = try authority.authenticate(board.secondStage.slotA, on: &flash, using: SodiumSHA256.self)
      return nil
    } catch {
      return "a brick: \(error)"
    }
  }
}

/// A first stage that is written without `BootChain`.
struct HastyChain {
  enum Order { case beforeDecision, afterDecision, never }

  var board: ChainBoard
  var order: Order

  /// Starts the second stage, and holds the measurement against what was started.
  func problem(on device: SharedFlash) -> String? {
    do {
      var storage = try DeviceStorage(opening: device, layout: board.secondStage)
      var log = MeasurementLog()
      let selected = storage.state.boot[storage.state.boot.selection.slot]
      if order == .beforeDecision, let selected { try log.extend(.secondStage, with: digest(of: selected)) }
      let decision = try BootManager.boot(&storage, hash: SodiumSHA256.self)
      if order == .afterDecision { try log.extend(.secondStage, with: digest(of: decision.image)) }
      let ran = [board.oldStage, board.newStage].filter {
        $0.image.bytes
          == device.snapshot.contents(
            of: board.secondStage[decision.slot].lowerBound..<board.secondStage[decision.slot].lowerBound
              + decision.image.image.size)
      }
      return ChainRun.measurementProblem(log, ran: ran)
    } catch {
      return "nothing boots: \(error)"
    }
  }

  private func digest(of record: ImageRecord) -> Digest {
    record == board.oldStage.image.record ? board.oldStage.digest : board.newStage.digest
  }
}
