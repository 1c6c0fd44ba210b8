import OTAFlashSimulator
import OTAPartition
import OTATesting

/// Erases a block and writes one unit to it, at every start.
struct ToyScenario: Sendable {
  /// Counts starts in the note, up to this: so many states differ for no other reason.
  var countedStarts: UInt64 = 0
  /// What is wrong: after so many starts that were interrupted, with a unit that is written in part.
  var failsAfterStarts: UInt64?

  static func device() throws -> SimulatedFlash {
    SimulatedFlash(try FlashGeometry(eraseBlockSize: 16, blockCount: 2, writeSize: 4))
  }

  /// Runs it; `found` gets every state with a violation.
  func check(_ checker: PowerLossChecker, found: (StateHash) -> Void = { _ in }) throws -> PowerLossReport {
    checker.check(
      try ToyScenario.device(), scenario: { device throws(FlashError) in try run(device) },
      invariant: { device in
        let problem = problem(device)
        if problem != nil { found(device.snapshot.stateHash) }
        return problem
      }, completion: completion)
  }

  func replay(_ trace: PowerLossTrace, with checker: PowerLossChecker) throws -> PowerLossReport {
    try checker.replay(
      try ToyScenario.device(), trace: trace,
      scenario: { device throws(FlashError) in try run(device) }, invariant: problem,
      completion: completion)
  }

  private func run(_ device: SharedFlash) throws(FlashError) {
    device.withFlash { $0.note = min(countedStarts, $0.note + 1) }
    let bytes: [UInt8] = [0, 0, 0, 0]
    try device.erase(0..<16)
    try device.write(bytes.span, at: 0)
  }

  private func problem(_ device: SharedFlash) -> String? {
    guard let failsAfterStarts else { return nil }
    let flash = device.snapshot
    let first = flash.contents(of: 0..<4)
    let isTorn = first.contains { $0 != 0 } && first.contains { $0 != 0xff }
    return flash.note == failsAfterStarts && isTorn ? "torn after start \(flash.note)" : nil
  }

  private func completion(_ device: SharedFlash) -> String? {
    let isWritten =
      device.snapshot.contents(of: 0..<16) == [0, 0, 0, 0] + [UInt8](repeating: 0xff, count: 12)
    return isWritten ? nil : "not written"
  }
}
