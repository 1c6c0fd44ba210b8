import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("SimulatedFlash")
struct SimulatedFlashTests {
  private static func read(_ flash: inout SimulatedFlash, _ range: Range<UInt32>) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var span = bytes.mutableSpan
    try flash.read(into: &span, at: range.lowerBound)
    return bytes
  }

  private static func write(_ flash: inout SimulatedFlash, _ bytes: [UInt8], at offset: UInt32)
    throws(FlashError)
  {
    try flash.write(bytes.span, at: offset)
  }

  private static let bytes = [UInt8](repeating: 0x3c, count: 64)

  @Test("A used unit is not written again, also with what it holds")
  func usedUnits() throws {
    var flash = SimulatedFlash(try TestBoard.uniform().geometry)
    try Self.write(&flash, [1, 2, 3, 4], at: 8)
    #expect(throws: FlashError.notErased) { try Self.write(&flash, [1, 2, 3, 4], at: 8) }
    #expect(throws: FlashError.notErased) {
      try Self.write(&flash, [UInt8](repeating: 0xff, count: 8), at: 4)
    }
    #expect(flash.counters.writes == 1)
    try Self.write(&flash, [UInt8](repeating: 0xff, count: 4), at: 12)
    #expect(throws: FlashError.notErased) { try Self.write(&flash, [0, 0, 0, 0], at: 12) }
    try flash.erase(0..<1024)
    try Self.write(&flash, [9, 9, 9, 9], at: 8)
    #expect(try Self.read(&flash, 8..<12) == [9, 9, 9, 9])
  }

  @Test("A copy is a snapshot")
  func snapshot() throws {
    var flash = SimulatedFlash(try TestBoard.uniform().geometry)
    var copy = flash
    try Self.write(&flash, [1, 2, 3, 4], at: 0)
    #expect(try Self.read(&copy, 0..<4) == [255, 255, 255, 255])
    #expect(try Self.read(&flash, 0..<4) == [1, 2, 3, 4])
  }

  @Test("Work and wear are counted")
  func counters() throws {
    var flash = SimulatedFlash(try TestBoard.mixed().geometry)
    flash.log = []
    try flash.erase(3584..<6144)
    try flash.erase(0..<0)
    try Self.write(&flash, Self.bytes, at: 4064)
    _ = try Self.read(&flash, 4064..<4128)
    #expect(flash.counters.erases == 1 && flash.counters.blocksErased == 2 && flash.counters.writes == 1)
    #expect(flash.counters.bytesWritten == 64 && flash.counters.bytesRead == 64 && flash.counters.reads == 1)
    #expect(flash.wear[6] == 0 && flash.wear[7] == 1 && flash.wear[8] == 1 && flash.wear[9] == 0)
    #expect(flash.log?.count == 2)
  }

  @Test("After a cut nothing works until power is back")
  func powerLost() throws {
    var flash = SimulatedFlash(try TestBoard.uniform().geometry)
    flash.cutPower(atOperation: 1, outcome: .notDone)
    try Self.write(&flash, [1, 2, 3, 4], at: 0)
    #expect(throws: FlashError.powerLost) { try Self.write(&flash, [5, 6, 7, 8], at: 4) }
    #expect(throws: FlashError.powerLost) { _ = try Self.read(&flash, 0..<4) }
    #expect(throws: FlashError.powerLost) { try flash.erase(0..<1024) }
    #expect(!flash.isPowered)
    flash.restorePower()
    #expect(try Self.read(&flash, 0..<8) == [1, 2, 3, 4, 255, 255, 255, 255])
    try Self.write(&flash, [5, 6, 7, 8], at: 4)
  }

  /// What a write of 64 bytes leaves, at most: units before, units torn, units behind.
  @Test("An interrupted write leaves what its outcome says", arguments: try TestBoard.all())
  func tornWrite(_ board: TestBoard) throws {
    let unit = Int(board.geometry.writeSize)
    let erased = board.geometry.erasedByte
    func torn(_ outcome: TornOutcome, seed: UInt64 = 0) throws -> [UInt8] {
      var flash = SimulatedFlash(board.geometry)
      flash.cutPower(atOperation: 0, outcome: outcome)
      #expect(throws: FlashError.powerLost) { try Self.write(&flash, Self.bytes, at: 64) }
      flash.restorePower(seed: seed)
      #expect(try Self.read(&flash, 0..<64).allSatisfy { $0 == erased })
      #expect(try Self.read(&flash, 128..<192).allSatisfy { $0 == erased })
      return try Self.read(&flash, 64..<128)
    }
    let blank = [UInt8](repeating: erased, count: 64)
    #expect(try torn(.notDone) == blank)
    #expect(try torn(.unseen) == blank)
    #expect(try torn(.done) == Self.bytes)
    #expect(try torn(.prefix(units: 3)) == Array(Self.bytes[..<(3 * unit)] + blank[(3 * unit)...]))
    let partial = try torn(.partial(after: 2, seed: 5))
    #expect(
      partial[..<(2 * unit)] == Self.bytes[..<(2 * unit)] && partial[(3 * unit)...] == blank[(3 * unit)...])
    let random = try torn(.randomBits(seed: 5))
    #expect(random != blank && random != Self.bytes)
    // Only bits that were to change have changed.
    #expect(zip(random, Self.bytes).allSatisfy { ($0 ^ erased) & ~($1 ^ erased) == 0 })
    #expect(Set(try (0..<16).map { try torn(.unstable(after: 1), seed: $0) }).count > 4)
    #expect(Set(try (0..<16).map { try torn(.marginal(after: 1, seed: 3), seed: $0) }).count == 2)
    #expect(
      Set(try (0..<16).map { try torn(.faint(after: 1, seed: 3), seed: $0) }).contains(
        Array(Self.bytes[..<unit] + blank[unit...])))
  }

  @Test("An interrupted erase leaves what its outcome says, and no unit that may be written")
  func tornErase() throws {
    let board = try TestBoard.uniform()
    let outcomes: [TornOutcome] = [
      .prefix(units: 300), .randomBits(seed: 1), .partial(after: 300, seed: 1), .unstable(after: 300),
      .marginal(after: 300, seed: 1), .faint(after: 300, seed: 1), .unseen,
    ]
    for outcome in outcomes {
      var flash = SimulatedFlash(board.geometry)
      flash.setContents([UInt8](repeating: 0x3c, count: Int(board.geometry.capacity)))
      flash.cutPower(atOperation: 0, outcome: outcome)
      #expect(throws: FlashError.powerLost) { try flash.erase(1024..<3072) }
      flash.restorePower()
      #expect(try Self.read(&flash, 0..<1024).allSatisfy { $0 == 0x3c }, "\(outcome)")
      #expect(try Self.read(&flash, 3072..<4096).allSatisfy { $0 == 0x3c }, "\(outcome)")
      #expect(throws: FlashError.notErased, "\(outcome)") { try Self.write(&flash, [0, 0, 0, 0], at: 3068) }
      try flash.erase(1024..<3072)
      try Self.write(&flash, [0, 0, 0, 0], at: 3068)
    }
  }

  @Test("What is written over used units is lost sooner or later")
  func decay() throws {
    let board = try TestBoard.mixed()
    var flash = SimulatedFlash(board.geometry)
    flash.writeToUsed = .isUndefined
    flash.cutPower(atOperation: 0, outcome: .unseen)
    #expect(throws: FlashError.powerLost) { try Self.write(&flash, Self.bytes, at: 0) }
    flash.restorePower()
    try Self.write(&flash, Self.bytes, at: 0)
    #expect(try Self.read(&flash, 0..<64) == Self.bytes)
    let seeds = try (UInt64(0)..<16).filter { seed in
      var later = flash
      later.restorePower(seed: seed)
      return try Self.read(&later, 0..<64) != Self.bytes
    }
    #expect(!seeds.isEmpty && seeds.count < 16)
  }
}
