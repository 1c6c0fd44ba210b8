import OTACore
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Two layouts on one flash, both updated, the power cut everywhere: a verified second stage always starts a verified
/// application, and the application knows what was measured.
@Suite("A verified chain under power cuts")
struct ChainPowerLossTests {
  enum Course {
    /// Second stage and application are replaced.
    case healthy
    /// The new second stage hangs, and is reverted by the first one.
    case hangingStage
    /// The new application is not fit, and is reverted.
    case unfitApplication
  }

  @Test(
    "Second stage and application are updated",
    arguments: [
      (0, Course.healthy), (1, .healthy), (0, .hangingStage), (1, .unfitApplication), (2, .healthy),
      (2, .unfitApplication),
    ])
  func update(_ number: Int, _ course: Course) async throws {
    let board = try await ChainBoard.all()[number]
    let report = try await onOwnThread {
      var agent = ChainAgent(board: board)
      agent.stageHangs = course == .hangingStage
      agent.isHealthy = course != .unfitApplication
      return try Self.check(agent, course)
    }
    print("chain, \(board.name), \(course): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations > 40 && report.singleCuts > 600)
  }

  private static func check(_ agent: ChainAgent, _ course: Course) throws -> PowerLossReport {
    let board = agent.board
    // Every cut is followed by several starts with signatures: second cuts are for the slow form.
    let checker = PowerLossChecker(
      seed: TestSeed.value, secondCuts: TestSeed.isSlow ? .sampled(2) : .none, readings: 1,
      mayChange: board.ownRanges)
    return checker.check(
      try board.provisioned(),
      scenario: { device throws(AgentError) in try agent.run(device) },
      invariant: { problem(agent, on: $0) },
      completion: { device in problem(agent, on: device) ?? unfinished(board, course, device) })
  }

  /// Starts until an application runs, as the watchdog makes it do.
  private static func problem(_ agent: ChainAgent, on device: SharedFlash) -> String? {
    let board = agent.board
    for _ in 0...Int(agent.attempts) + 1 {
      do throws(StartError) {
        let run = try agent.start(device)
        if agent.stageHangs, run.firmware == [board.newStage.firmware] { continue }
        return run.problem(
          board, stages: [board.oldStage, board.newStage],
          applications: [board.oldApplication, board.newApplication])
      } catch {
        return "nothing boots: \(error)"
      }
    }
    return "the second stage hangs for ever"
  }

  private static func unfinished(
    _ board: ChainBoard, _ course: Course, _ device: SharedFlash
  ) -> String? {
    guard let stage = try? openedState(device.snapshot, layout: board.secondStage),
      let application = try? openedState(device.snapshot, layout: board.application)
    else { return "a journal cannot be opened" }
    guard stage.update == .idle, application.update == .idle else { return "an update has not ended" }
    let stageReverted = course == .hangingStage
    let applicationReverted = course == .unfitApplication
    guard stage.boot.selection == .confirmed(stageReverted ? .a : .b),
      (stage.boot.lastRevert != nil) == stageReverted
    else { return "the second stage ended as \(stage.boot)" }
    guard application.boot.selection == .confirmed(applicationReverted ? .a : .b),
      (application.boot.lastRevert != nil) == applicationReverted
    else { return "the application ended as \(application.boot)" }
    return nil
  }
}
