import OTACore
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("PartitionTableStore")
struct PartitionTableStoreTests {
  @Test("What was written is read, in another session too", arguments: try TestBoard.all())
  func roundTrip(_ board: TestBoard) throws {
    var flash = try board.withTable(3)
    var store = try board.tableStore()
    #expect(try store.read(from: &flash) == board.table(3))
    #expect(store.hasTwoCopies)
    for number in 4...UInt32(40) {
      let before = store.sequenceNumber
      try store.update(try board.table(number), on: &flash)
      #expect(store.hasTwoCopies)
      #expect(store.sequenceNumber > before)
      var other = try board.tableStore()
      #expect(try other.read(from: &flash) == board.table(number))
    }
  }

  @Test("A full table of sixteen, and an empty one, are kept")
  func extremes() throws {
    let board = try TestBoard.uniform()
    var flash = board.used()
    var store = try board.tableStore()
    var full = PartitionTable()
    for index in 0..<UInt32(16) {
      let letter: [UInt8] = [0x61 + UInt8(index)]
      let name = try PartitionName(bytes: letter.span)
      try full.append(Partition(name: name, kind: .data, offset: 4096 + index * 1024, size: 1024))
    }
    try store.format(full, on: &flash)
    #expect(try store.read(from: &flash) == full)
    try store.update(PartitionTable(), on: &flash)
    #expect(try store.read(from: &flash) == PartitionTable())
  }

  @Test(
    "Every unit of writing has room for four tables in the documented size", arguments: [1, 2, 4, 8, 16, 32])
  func sizes(_ unit: UInt32) throws {
    let block: UInt32 = unit == 32 ? 2176 : 2048
    let geometry = try FlashGeometry(eraseBlockSize: block, blockCount: 4, writeSize: unit)
    var flash = SimulatedFlash(geometry)
    var store = try PartitionTableStore(copyA: 0..<block, copyB: block..<2 * block, on: geometry)
    var table = PartitionTable()
    try table.append(Partition(name: PartitionName("data"), kind: .data, offset: 2 * block, size: block))
    try store.format(table, on: &flash)
    #expect(try store.read(from: &flash) == table)
    #expect(store.hasTwoCopies)
  }

  @Test("Reading writes nothing when both copies are whole", arguments: try TestBoard.all())
  func quiet(_ board: TestBoard) throws {
    var flash = try board.withTable(3)
    for _ in 0..<5 {
      var store = try board.tableStore()
      _ = try store.read(from: &flash)
    }
    #expect(flash.counters.modifications == 0)
  }

  @Test("Every damaged byte of either copy is repaired from the other", arguments: [0, 1])
  func repair(_ copy: Int) throws {
    let board = try TestBoard.uniform()
    let whole = try board.withTable(5)
    let area = copy == 0 ? board.layout.journalA : board.layout.journalB
    let table = try board.table(5)
    // The claim is not used; after it header, table, checksum; at the end of the place the seal.
    let used = 12 + (8 + 28 * table.count + 4) + 4
    let bytes = Array(8..<8 + used) + Array(484..<492)
    for byte in bytes {
      var flash = whole
      flash.flipBits(1 << UInt8(byte % 8), at: area.lowerBound + UInt32(byte))
      var store = try board.tableStore()
      #expect(try store.read(from: &flash) == table)
      #expect(store.hasTwoCopies)
      // A record of which only the seal is damaged may be the newest: it is committed again before it is copied.
      let isQuick = flash.counters.erases == 1 && flash.counters.writes == 2
      #expect(isQuick || byte >= 484 && flash.counters.erases <= 3, "byte \(byte)")
      // Once repaired there is nothing left to do, and the other copy can go.
      flash.resetCounters()
      flash.destroy(copy == 0 ? board.layout.journalB : board.layout.journalA)
      var next = try board.tableStore()
      #expect(try next.read(from: &flash) == table)
    }
  }

  @Test(
    "Two damaged copies are an error of their own, and nothing is written", arguments: try TestBoard.all())
  func bothDamaged(_ board: TestBoard) throws {
    var flash = try board.withTable(5)
    flash.flipBits(0x10, at: board.layout.journalA.lowerBound + 30)
    flash.flipBits(0x01, at: board.layout.journalB.lowerBound + 40)
    var store = try board.tableStore()
    #expect(throws: StorageError.partitionTableUnreadable) { try store.read(from: &flash) }
    #expect(throws: StorageError.partitionTableUnreadable) {
      try store.update(try board.table(6), on: &flash)
    }
    #expect(!store.hasTwoCopies)
    #expect(flash.counters.modifications == 0)
    try store.format(try board.table(6), on: &flash)
    #expect(try store.read(from: &flash) == board.table(6))
  }

  @Test("Erased, zeroed and noisy areas hold no table", arguments: try TestBoard.all())
  func noTable(_ board: TestBoard) throws {
    var zeroed = SimulatedFlash(board.geometry)
    zeroed.setContents([UInt8](repeating: 0, count: Int(board.geometry.capacity)))
    for flash in [SimulatedFlash(board.geometry), zeroed, board.used()] {
      var flash = flash
      var store = try board.tableStore()
      #expect(throws: StorageError.partitionTableUnreadable) { try store.read(from: &flash) }
    }
  }

  @Test("A table that does not fit, or covers the copies, is refused before anything is written")
  func misfits() throws {
    let board = try TestBoard.uniform()
    var flash = try board.withTable(5)
    var store = try board.tableStore()
    let cases: [(UInt32, UInt32, LayoutError)] = [
      (1024, 1024, .overlap), (3072, 2048, .overlap), (4096, 1000, .notAligned),
      (23 << 10, 2048, .outOfBounds),
      (4096, 0, .tooSmall),
    ]
    for (offset, size, error) in cases {
      var table = PartitionTable()
      try table.append(Partition(name: PartitionName("data"), kind: .data, offset: offset, size: size))
      #expect(throws: StorageError.layout(error)) { try store.update(table, on: &flash) }
      #expect(throws: StorageError.layout(error)) { try store.format(table, on: &flash) }
    }
    #expect(flash.counters.modifications == 0)
    #expect(try store.read(from: &flash) == board.table(5))
  }

  @Test("A whole table of another device is refused, never passed over for an older one")
  func foreign() throws {
    let board = try TestBoard.uniform()
    var flash = try board.withTable(5)
    // The same areas on a device that is larger.
    let geometry = try FlashGeometry(eraseBlockSize: 1 << 10, blockCount: 32, writeSize: 4)
    var large = SimulatedFlash(geometry)
    large.setContents(flash.contents + [UInt8](repeating: 0xff, count: 8 << 10))
    var store = try PartitionTableStore(
      copyA: board.layout.journalA, copyB: board.layout.journalB, on: geometry)
    var table = PartitionTable()
    try table.append(Partition(name: PartitionName("far"), kind: .data, offset: 24 << 10, size: 1024))
    try store.update(table, on: &large)
    flash.setContents(Array(large.contents.prefix(24 << 10)))
    store = try board.tableStore()
    #expect(throws: StorageError.layout(.outOfBounds)) { try store.read(from: &flash) }
    #expect(throws: StorageError.layout(.outOfBounds)) { try store.update(try board.table(6), on: &flash) }
  }

  @Test("A record that is no table is refused, whole as it is")
  func noRecordOfATable() throws {
    let board = try TestBoard.uniform()
    let store = try board.tableStore()
    var flash = SimulatedFlash(board.geometry)
    var contents = flash.contents
    let record: [UInt8] = Array("OTAJ".utf8) + [1, 0, 3, 0, 1, 0, 0, 0] + [1, 2, 3]
    let checksum = CRC32.checksum(of: record.span)
    let place = record + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> UInt32(8 * $0)) }
    contents.replaceSubrange(8..<8 + place.count, with: place)
    contents.replaceSubrange(484..<492, with: [0x53, 0xac, 0x35, 0xca, 0x53, 0xac, 0x35, 0xca])
    flash.setContents(contents)
    var reader = store
    #expect(throws: StorageError.record(ParseError(.truncated, at: 0))) { try reader.read(from: &flash) }
  }

  @Test("A worn area leaves the table readable in one copy, and updates go to the other")
  func worn() throws {
    let board = try TestBoard.uniform()
    // One byte of every place of the second area does not take its value.
    var flash = WornArea(try board.withTable(5), area: board.layout.journalB)
    flash.isWorn = true
    flash.flash.destroy(board.layout.journalB)
    var store = try board.tableStore()
    #expect(try store.read(from: &flash) == board.table(5))
    #expect(!store.hasTwoCopies)
    // The only copy is not given up for a new one.
    #expect(throws: StorageError.flash(.deviceFailure)) { try store.update(try board.table(6), on: &flash) }
    #expect(try store.read(from: &flash) == board.table(5))
    flash.isWorn = false
    try store.update(try board.table(6), on: &flash)
    #expect(store.hasTwoCopies)
    #expect(try store.read(from: &flash) == board.table(6))
  }

  @Test("Areas are held against the device and each other")
  func areas() throws {
    let geometry = try TestBoard.uniform().geometry
    let cases: [(Range<UInt32>, Range<UInt32>, LayoutError)] = [
      (0..<2048, 1024..<3072, .overlap), (0..<1024, 2048..<4096, .tooSmall),
      (0..<2048, 2048..<3072, .tooSmall),
      (0..<2048, 2048..<2048, .tooSmall), (0..<2048, 23 << 10..<25 << 10, .outOfBounds),
      (512..<2560, 4096..<6144, .notAligned),
    ]
    for (copyA, copyB, error) in cases {
      #expect(throws: error) { try PartitionTableStore(copyA: copyA, copyB: copyB, on: geometry) }
    }
  }

  @Test("Noise in both areas never traps, and never gives a table that was not written")
  func noise() throws {
    let board = try TestBoard.uniform()
    let whole = try board.withTable(5)
    let table = try board.table(5)
    print("partition table store noise: seed \(TestSeed.value)")
    var random = SplitMix64(seed: TestSeed.value)
    for _ in 0..<300 {
      var flash = whole
      for _ in 0..<1 + random.next() % 40 {
        let offset = UInt32(random.next() % 1024)
        let area = random.next() % 2 == 0 ? board.layout.journalA : board.layout.journalB
        flash.flipBits(UInt8(truncatingIfNeeded: random.next()), at: area.lowerBound + offset)
      }
      var store = try board.tableStore()
      do throws(StorageError) {
        #expect(try store.read(from: &flash) == table)
      } catch {
        #expect(error == .partitionTableUnreadable)
      }
    }
  }
}

/// A device of which one area takes no writes while it is worn, and says so.
private struct WornArea: Flash {
  var flash: SimulatedFlash
  let area: Range<UInt32>
  var isWorn = false

  init(_ flash: SimulatedFlash, area: Range<UInt32>) {
    self.flash = flash
    self.area = area
  }

  var geometry: FlashGeometry { flash.geometry }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try flash.read(into: &destination, at: offset)
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    if isWorn, area.contains(offset) { throw .deviceFailure }
    try flash.write(source, at: offset)
  }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try flash.erase(range)
  }
}
