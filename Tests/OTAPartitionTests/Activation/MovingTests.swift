import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("What is refused before images are in their places")
struct MovingTests {
  /// A device whose power went while the images of slot b were brought to the primary place.
  private static func moving(_ board: TestBoard) throws -> SimulatedFlash {
    let device = SharedFlash(try board.activated())
    // The first record and a step or two are done.
    device.withFlash { $0.cutPower(atOperation: 6, outcome: .notDone) }
    #expect(throws: BootError.storage(.flash(.powerLost))) { try boot(device, board) }
    var flash = device.snapshot
    flash.restorePower(seed: 1)
    return flash
  }

  private static func boot(_ device: SharedFlash, _ board: TestBoard) throws -> BootDecision {
    var storage = try DeviceStorage(opening: device, layout: board.layout)
    return try BootManager.boot(&storage, hash: SodiumSHA256.self)
  }

  static func boards() throws -> [TestBoard] {
    try ActivationStrategy.Kind.allCases.filter { $0 != .direct }.map { try TestBoard.set(of: 2, $0) }
  }

  @Test(
    "Nothing is staged, confirmed, reverted or kept while images move, and nothing is written",
    arguments: try boards())
  func refused(_ board: TestBoard) throws {
    var storage = try DeviceStorage(opening: try Self.moving(board), layout: board.layout)
    guard case .moving(.b, _) = storage.state.boot.placement else {
      Issue.record("\(storage.state.boot.placement)")
      return
    }
    let state = storage.state
    let third = TestImage(size: 10, companions: [10], sequenceNumber: 7, seed: 1)
    #expect(throws: StorageError.slotInUse) {
      _ = try storage.beginStaging(third.verifiedManifest(), offer: third.offer)
    }
    #expect(throws: StorageError.slotInUse) { try storage.confirm() }
    #expect(throws: StorageError.slotInUse) { try storage.revert(.healthCheckFailed) }
    #expect(throws: StorageError.slotInUse) {
      try storage.keep(.healthCheckFailed, verifying: SodiumSHA256.self)
    }
    #expect(storage.state == state)
    var flash = storage.closed()
    flash.resetCounters()
    #expect(try openedState(flash, layout: board.layout) == state)
    // The next start moves them to the end.
    let device = SharedFlash(flash)
    #expect(try Self.boot(device, board).kind == .trial(attemptsLeft: 2))
    #expect(board.runs(board.newSet, of: .b, on: device.snapshot))
  }

  @Test("After a revert nothing is staged to where the failed set still runs", arguments: try boards())
  func afterRevert(_ board: TestBoard) throws {
    guard board.layout.strategy.canRevert else { return }
    let device = SharedFlash(try board.activated())
    _ = try Self.boot(device, board)
    var storage = try DeviceStorage(opening: device, layout: board.layout)
    try storage.revert(.healthCheckFailed)
    try storage.record(.idle)
    let third = TestImage(size: 10, companions: [10], sequenceNumber: 7, seed: 1)
    let before = device.withFlash { $0.counters.modifications }
    #expect(throws: StorageError.slotInUse) {
      _ = try storage.beginStaging(third.verifiedManifest(), offer: third.offer)
    }
    #expect(device.withFlash { $0.counters.modifications } == before)
    #expect(try Self.boot(device, board).kind == .confirmed)
    #expect(board.runs(board.oldSet, of: .a, on: device.snapshot))
    var next = try DeviceStorage(opening: device, layout: board.layout)
    try installThird(third, on: &next)
    #expect(try Self.boot(device, board).image == third.record)
  }

  @Test("A failed update that cannot be reverted is kept: selected, reported, and open to the next one")
  func keep() throws {
    let board = try TestBoard.set(of: 2, .overwrite)
    let device = SharedFlash(try board.activated())
    _ = try Self.boot(device, board)
    var storage = try DeviceStorage(opening: device, layout: board.layout)
    #expect(throws: StorageError.slotEmpty) { try storage.revert(.healthCheckFailed) }
    try storage.keep(.healthCheckFailed, verifying: SodiumSHA256.self)
    #expect(storage.state.boot.selection == .confirmed(.b) && storage.state.boot.slotB == board.newSet.record)
    #expect(storage.state.boot.lastRevert == .healthCheckFailed)
    #expect(storage.state.boot.securityCounter == board.oldSet.sequenceNumber)
    let report = Report(updateID: board.newSet.updateID, outcome: .failed(.healthCheckFailed))
    #expect(storage.state.update == .reporting(report))
    #expect(throws: StorageError.notOnTrial) {
      try storage.keep(.healthCheckFailed, verifying: SodiumSHA256.self)
    }
    #expect(throws: StorageError.notOnTrial) { try storage.confirm() }
    #expect(try Self.boot(device, board).kind == .confirmed)
    var next = try DeviceStorage(opening: device, layout: board.layout)
    let third = TestImage(size: 10, companions: [10], sequenceNumber: 7, seed: 1)
    try installThird(third, on: &next)
    #expect(try Self.boot(device, board).image == third.record)
    #expect(board.runs(third, of: .a, on: device.snapshot))
  }

  @Test("What can revert is not kept, nor is what does not run, nor what is not on trial")
  func notKept() throws {
    let board = try TestBoard.set(of: 2, .swapByMove)
    let device = SharedFlash(try board.activated())
    _ = try Self.boot(device, board)
    var storage = try DeviceStorage(opening: device, layout: board.layout)
    let state = storage.state
    #expect(throws: StorageError.slotInUse) {
      try storage.keep(.healthCheckFailed, verifying: SodiumSHA256.self)
    }
    #expect(storage.state == state)
    var other = try DeviceStorage(opening: device, layout: board.layout, runningSlot: .a)
    #expect(throws: StorageError.notOnTrial) {
      try other.keep(.healthCheckFailed, verifying: SodiumSHA256.self)
    }
    var confirmed = try DeviceStorage(opening: try board.provisioned(board.oldSet), layout: board.layout)
    #expect(throws: StorageError.notOnTrial) {
      try confirmed.keep(.healthCheckFailed, verifying: SodiumSHA256.self)
    }
  }

  private func installThird(
    _ image: TestImage, on storage: inout DeviceStorage<SharedFlash>
  ) throws(StorageError) {
    var writer = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    let payload = image.payload
    try storage.write(payload.span, with: &writer)
    let staged = try storage.finish(writer)
    try storage.activate(try storage.verify(staged, using: SodiumSHA256.self), attempts: 2)
  }
}
