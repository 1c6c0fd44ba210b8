import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("BootManager")
struct BootManagerTests {
  private static func boot(
    _ flash: SimulatedFlash, _ board: TestBoard
  ) throws -> (decision: BootDecision, state: DeviceState, flash: SimulatedFlash) {
    var storage = try DeviceStorage(opening: flash, layout: board.layout)
    let decision = try BootManager.boot(&storage, hash: SodiumSHA256.self)
    return (decision, storage.state, storage.closed())
  }

  private static func onTrial(_ board: TestBoard, attempts: UInt8) throws -> SimulatedFlash {
    var storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    try install(.new, on: &storage, attempts: attempts)
    return storage.closed()
  }

  @Test("A confirmed image boots, and nothing is written")
  func confirmed() throws {
    let board = try TestBoard.uniform()
    let result = try Self.boot(try board.provisioned(.old), board)
    #expect(result.decision == BootDecision(slot: .a, image: TestImage.old.record, kind: .confirmed))
    #expect(result.flash.counters.modifications == 0)
  }

  @Test("Each boot of a trial costs an attempt, then the device reverts")
  func attempts() throws {
    let board = try TestBoard.uniform()
    var flash = try Self.onTrial(board, attempts: 2)
    for left: UInt8 in [1, 0] {
      let result = try Self.boot(flash, board)
      #expect(result.decision.kind == .trial(attemptsLeft: left) && result.decision.slot == .b)
      #expect(result.state.boot.selection == .trial(.b, attemptsLeft: left))
      flash = result.flash
    }
    let reverted = try Self.boot(flash, board)
    #expect(reverted.decision.kind == .reverted(.bootAttemptsExhausted) && reverted.decision.slot == .a)
    #expect(reverted.state.boot.lastRevert == .bootAttemptsExhausted)
    #expect(reverted.state.update == .rollingBack(TestImage.new.offer, .bootAttemptsExhausted))
    #expect(try Self.boot(reverted.flash, board).decision.kind == .confirmed)
  }

  @Test("Every single wrong byte of an image on trial reverts it", arguments: [0, 1, 2500, 5002])
  func damagedTrial(_ offset: UInt32) throws {
    let board = try TestBoard.uniform()
    var flash = try Self.onTrial(board, attempts: 3)
    flash.flipBits(0x10, at: board.layout.slotB.lowerBound + offset)
    let result = try Self.boot(flash, board)
    #expect(result.decision.kind == .reverted(.bootVerificationFailed))
    #expect(result.decision.image == TestImage.old.record)
    #expect(result.state.update == .rollingBack(TestImage.new.offer, .bootVerificationFailed))
  }

  @Test("A wrong byte behind the image is none of its business")
  func behindImage() throws {
    let board = try TestBoard.uniform()
    var flash = try board.provisioned(.old)
    flash.flipBits(0x10, at: board.layout.slotA.lowerBound + 3001)
    #expect(try Self.boot(flash, board).decision.kind == .confirmed)
  }

  @Test("Without a second image a damaged one stops the boot")
  func nothingBoots() throws {
    let board = try TestBoard.uniform()
    var flash = try board.provisioned(.old)
    flash.flipBits(1, at: board.layout.slotA.lowerBound)
    #expect(throws: BootError.noBootableImage) { try Self.boot(flash, board) }
  }

  /// Both slots filled, slot a confirmed; the state is written as another boot loader of the same format may have.
  private static func twoImages(_ board: TestBoard, other: TestImage) throws -> SimulatedFlash {
    var flash = try onTrial(board, attempts: 3)
    let state = DeviceState(
      boot: BootState(
        selection: .confirmed(.a), slotA: TestImage.old.record, slotB: other.record,
        securityCounter: TestImage.old.sequenceNumber))
    var journal = Journal(layout: board.layout, geometry: board.geometry)
    let payload = try [UInt8](capacity: DeviceState.maximumSize) { (writer) throws(ParseError) in
      try state.serialize(into: &writer)
    }
    try journal.format(&flash, payload: payload.span)
    return flash
  }

  @Test("A damaged confirmed image gives way to the other slot, for good")
  func fallback() throws {
    let board = try TestBoard.uniform()
    var flash = try Self.twoImages(board, other: .new)
    flash.flipBits(1, at: board.layout.slotA.lowerBound)
    let result = try Self.boot(flash, board)
    #expect(result.decision == BootDecision(slot: .b, image: TestImage.new.record, kind: .fallback))
    #expect(result.state.boot.selection == .confirmed(.b))
    #expect(result.state.boot.lastRevert == .bootVerificationFailed)
    #expect(try Self.boot(result.flash, board).decision.kind == .confirmed)
  }

  @Test("An image below the security counter does not boot, even as the last one")
  func belowCounter() throws {
    let board = try TestBoard.uniform()
    let low = TestImage(size: 5003, sequenceNumber: 4, seed: 200)
    #expect(low.bytes == TestImage.new.bytes)
    var flash = try Self.twoImages(board, other: low)
    flash.flipBits(1, at: board.layout.slotA.lowerBound)
    #expect(throws: BootError.noBootableImage) { try Self.boot(flash, board) }
  }

  @Test("A trial that has ended still boots if the image before it is damaged")
  func lastResort() throws {
    let board = try TestBoard.uniform()
    var flash = try Self.boot(try Self.onTrial(board, attempts: 1), board).flash
    flash.flipBits(1, at: board.layout.slotA.lowerBound)
    let result = try Self.boot(flash, board)
    #expect(result.decision == BootDecision(slot: .b, image: TestImage.new.record, kind: .fallback))
    #expect(result.state.boot.selection == .trial(.b, attemptsLeft: 0))
  }

  @Test("A worn-out journal does not stop a confirmed image, and starts no trial")
  func wornOut() throws {
    let board = try TestBoard.uniform()
    var confirmed = try DeviceStorage(
      opening: WornFlash(try board.provisioned(.old), worn: 0..<4096), layout: board.layout)
    #expect(try BootManager.boot(&confirmed, hash: SodiumSHA256.self).kind == .confirmed)

    var trial = try DeviceStorage(
      opening: WornFlash(try Self.onTrial(board, attempts: 3), worn: 0..<4096), layout: board.layout)
    let decision = try BootManager.boot(&trial, hash: SodiumSHA256.self)
    #expect(decision.slot == .a && !decision.isRecorded)
  }
}

/// A device that can no longer change some of its bytes.
struct WornFlash: Flash {
  private var flash: SimulatedFlash
  private let worn: Range<UInt32>

  init(_ flash: SimulatedFlash, worn: Range<UInt32>) {
    self.flash = flash
    self.worn = worn
  }

  var geometry: FlashGeometry { flash.geometry }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try flash.read(into: &destination, at: offset)
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    guard !worn.contains(offset) else { throw .deviceFailure }
    try flash.write(source, at: offset)
  }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    guard !worn.overlaps(range) else { throw .deviceFailure }
    try flash.erase(range)
  }
}
