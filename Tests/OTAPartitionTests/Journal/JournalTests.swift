import OTACore
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("Journal")
struct JournalTests {
  private static func started(_ board: TestBoard) throws -> SharedFlash {
    var flash = board.used()
    var journal = Journal(layout: board.layout, geometry: board.geometry)
    let zero = RealStore.payload(0)
    try journal.format(&flash, payload: zero.span)
    flash.resetCounters()
    return SharedFlash(flash)
  }

  @Test(
    "A thousand commits in one session are all readable, and wear both areas alike",
    arguments: try TestBoard.all())
  func manyCommits(_ board: TestBoard) throws {
    let device = try Self.started(board)
    var store = try RealStore(opening: device, board: board)
    for value in 1...UInt32(1000) {
      try store.commit(value)
      if value % 97 == 0 { #expect(try RealStore(opening: device, board: board).value == value) }
    }
    #expect(try RealStore(opening: device, board: board).value == 1000)
    let wear = device.snapshot.wear
    let blocks = board.layout.journalA.count / (board.geometry.eraseBlock(containing: 0)?.count ?? 1)
    #expect(abs(wear[0] - wear[blocks]) <= 1 && wear[0] > 10)
  }

  @Test("Opening writes nothing when nothing was cut")
  func quietOpen() throws {
    let board = try TestBoard.uniform()
    let device = try Self.started(board)
    var store = try RealStore(opening: device, board: board)
    for value in 1...UInt32(9) { try store.commit(value) }
    let before = device.snapshot.counters.modifications
    for _ in 0..<5 { #expect(try RealStore(opening: device, board: board).value == 9) }
    #expect(device.snapshot.counters.modifications == before)
  }

  @Test("Every single wrong bit of the newest record leaves the one before")
  func damagedRecord() throws {
    let board = try TestBoard.uniform()
    let device = try Self.started(board)
    var store = try RealStore(opening: device, board: board)
    try store.commit(1)
    try store.commit(2)
    let whole = device.snapshot
    // Place 1 of area b: behind its claim, up to the end of its checksum.
    let start = board.layout.journalB.lowerBound + 352 + 8
    let count = UInt32(12 + RealStore.payload(2).count + 4)
    for offset in start..<start + count {
      var flash = whole
      flash.flipBits(1 << UInt8(offset % 8), at: offset)
      #expect(try RealStore(opening: SharedFlash(flash), board: board).value == 1)
    }
    #expect(try RealStore(opening: SharedFlash(whole), board: board).value == 2)
  }

  @Test("A full set of plausible garbage never traps, and commits go on")
  func garbage() throws {
    let board = try TestBoard.uniform()
    let seed = TestSeed.value
    print("journal garbage: seed \(seed)")
    var random = SplitMix64(seed: seed)
    for _ in 0..<200 {
      var flash = try Self.started(board).snapshot
      var bytes = flash.contents
      for _ in 0..<64 {
        // Headers with random lengths and numbers, at places and off them.
        let offset = Int(random.next() % 4000)
        let header: [UInt8] =
          Array("OTAJ".utf8) + [1, 0] + (0..<6).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        bytes.replaceSubrange(offset..<offset + header.count, with: header)
      }
      flash.setContents(bytes)
      do throws(StorageError) {
        var store = try RealStore(opening: SharedFlash(flash), board: board)
        try store.commit(77)
        #expect(store.value == 77)
      } catch {
        #expect(error == .journalEmpty)
      }
    }
  }

  @Test("Both areas wear evenly, however many records a start commits")
  func wear() throws {
    let board = try TestBoard.uniform()
    let device = try Self.started(board)
    device.withFlash { $0.resetCounters() }
    var random = SplitMix64(seed: TestSeed.value)
    for session in 0..<300 {
      var store = try RealStore(opening: device, board: board)
      for _ in 0..<random.next() % 12 { try store.commit(UInt32(session)) }
    }
    let wear = device.snapshot.wear
    // Two blocks of 1 KiB each, from the start of the device.
    #expect(wear[0] == wear[1] && wear[2] == wear[3] && abs(wear[0] - wear[2]) <= 1, "\(wear.prefix(4))")
    #expect(wear[0] > 140)
  }

  @Test("Numbers that are used up are an error, not a trap")
  func exhausted() throws {
    let board = try TestBoard.uniform()
    var flash = SimulatedFlash(board.geometry)
    // A record with the highest number there is, as it stands in flash.
    var record: [UInt8] = Array("OTAJ".utf8) + [1, 0]
    let payload = RealStore.payload(5)
    record += [UInt8(payload.count), 0] + [0xff, 0xff, 0xff, 0xff] + payload
    let checksum = CRC32.checksum(of: record.span)
    record += (0..<4).map { UInt8(truncatingIfNeeded: checksum >> UInt32(8 * $0)) }
    var contents = flash.contents
    contents.replaceSubrange(8..<8 + record.count, with: record)
    contents.replaceSubrange(344..<352, with: [0x53, 0xac, 0x35, 0xca, 0x53, 0xac, 0x35, 0xca])
    flash.setContents(contents)
    var store = try RealStore(opening: SharedFlash(flash), board: board)
    #expect(store.value == 5)
    #expect(throws: StorageError.journalFull) { try store.commit(6) }
  }

  @Test("A place that does not take its bytes is passed over")
  func worn() throws {
    let board = try TestBoard.uniform()
    // The first place of area b is worn; the erase still works.
    var device = StuckFlash(try Self.started(board).snapshot, stuck: 2048 + 100)
    var journal = Journal(layout: board.layout, geometry: board.geometry)
    var buffer = InlineArray<320, UInt8>(repeating: 0)
    var payload = buffer.mutableSpan
    _ = try journal.open(&device, payload: &payload)
    let one = RealStore.payload(1)
    try journal.commit(one.span, to: &device)
    #expect(try RealStore(opening: SharedFlash(device.flash), board: board).value == 1)
  }
}

/// A device with one byte that stays erased, without saying so.
struct StuckFlash: Flash {
  private(set) var flash: SimulatedFlash
  private let stuck: UInt32

  init(_ flash: SimulatedFlash, stuck: UInt32) {
    self.flash = flash
    self.stuck = stuck
  }

  var geometry: FlashGeometry { flash.geometry }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try flash.read(into: &destination, at: offset)
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try flash.write(source, at: offset)
    if stuck >= offset, stuck < offset + UInt32(source.count) {
      flash.flipBits(source[Int(stuck - offset)] ^ geometry.erasedByte, at: stuck)
    }
  }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try flash.erase(range)
  }
}
