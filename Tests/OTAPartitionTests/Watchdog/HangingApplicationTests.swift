import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

/// An image on trial that hangs: the watchdog makes it cost an attempt.
@Suite("A hanging application")
struct HangingApplicationTests {
  /// One start of the device: what the boot manager decided, and whether the device came out of it again.
  private struct Start: Equatable {
    var kind: BootDecision.Kind
    var isReset: Bool
  }

  /// Starts a device with an image on trial that hangs, until it runs the image before it or is stuck.
  private static func starts(attempts: UInt8, isGuarded: Bool) throws -> (
    starts: [Start], device: SharedFlash
  ) {
    let board = try TestBoard.uniform()
    var storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    try install(.new, on: &storage, attempts: attempts)
    let device = SharedFlash(storage.closed())
    var dog = SimulatedWatchdog(device)
    var starts: [Start] = []
    for _ in 0..<10 {
      dog.reset()
      var storage = try DeviceStorage(
        opening: WatchedFlash(device, watchdog: dog), layout: board.layout)
      let decision = try BootManager.boot(&storage, hash: SodiumSHA256.self)
      if isGuarded { try dog.guardTrial(of: decision, timeout: 2000) }
      // The new image hangs; the old one would feed.
      let hangs = decision.slot == .b
      if hangs { dog.pass(.seconds(3600)) }
      starts.append(Start(kind: decision.kind, isReset: dog.hasFired))
      if !dog.hasFired { break }
    }
    return (starts, device)
  }

  @Test("It is reset, and after the last attempt the device reverts and knows the cause")
  func reverts() throws {
    let (starts, device) = try Self.starts(attempts: 3, isGuarded: true)
    #expect(
      starts == [
        Start(kind: .trial(attemptsLeft: 2), isReset: true),
        Start(kind: .trial(attemptsLeft: 1), isReset: true),
        Start(kind: .trial(attemptsLeft: 0), isReset: true),
        Start(kind: .reverted(.bootAttemptsExhausted), isReset: false),
      ])
    let state = try openedState(device.snapshot, layout: TestBoard.uniform().layout)
    #expect(state.boot.lastRevert == .bootAttemptsExhausted && state.boot.selection == .confirmed(.a))
    #expect(state.update == .rollingBack(TestImage.new.offer, .bootAttemptsExhausted))
  }

  @Test("Without a watchdog it hangs for ever")
  func unguarded() throws {
    let (starts, _) = try Self.starts(attempts: 3, isGuarded: false)
    #expect(starts == [Start(kind: .trial(attemptsLeft: 2), isReset: false)])
  }

  @Test("A second stage that hangs is reverted by the first one, and the cause is in the hand-off")
  func secondStage() async throws {
    let board = try await ChainBoard.uniform()
    var storage = try DeviceStorage(opening: try board.provisioned(), layout: board.secondStage)
    try install(board.newStage.image, on: &storage, attempts: 2)
    let device = SharedFlash(storage.closed())
    var dog = SimulatedWatchdog(device)
    var reasons: [HandOff.Reason] = []
    repeat {
      dog.reset()
      let stage = try board.link(.secondStage, of: BootChain(), keys: board.keys.root, on: device)
      try dog.guardTrial(of: stage, timeout: 500)
      reasons.append(stage.handOff.reason)
      if device.snapshot.contents(of: stage.firmware) == board.newStage.firmware { dog.pass(.seconds(60)) }
    } while dog.hasFired && reasons.count < 9
    #expect(
      reasons == [
        .trial(attemptsLeft: 1), .trial(attemptsLeft: 0), .reverted(.bootAttemptsExhausted),
      ])
    #expect(!dog.isRunning)
  }

  @Test("Only what is on trial starts the watchdog")
  func onlyTrials() throws {
    let board = try TestBoard.uniform()
    var dog = SimulatedWatchdog(SharedFlash(try board.provisioned(.old)))
    for kind in [BootDecision.Kind.confirmed, .reverted(.healthCheckFailed), .fallback] {
      try dog.guardTrial(of: BootDecision(slot: .a, image: TestImage.old.record, kind: kind), timeout: 1)
      #expect(!dog.isRunning)
    }
    try dog.guardTrial(
      of: BootDecision(slot: .a, image: TestImage.old.record, kind: .trial(attemptsLeft: 0)), timeout: 1)
    #expect(dog.isRunning)
  }
}
