import OTACore
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("PartitionTable")
struct PartitionTableTests {
  static func sample() throws -> PartitionTable {
    var table = PartitionTable()
    try table.append(Partition(name: PartitionName("loader"), kind: .boot, offset: 20480, size: 1024))
    try table.append(Partition(name: PartitionName("app-a"), kind: .app, offset: 4096, size: 8192))
    try table.append(Partition(name: PartitionName("app-b"), kind: .app, offset: 12288, size: 8192))
    try table.append(Partition(name: PartitionName("journal-a"), kind: .journal, offset: 0, size: 2048))
    try table.append(
      Partition(name: PartitionName("sixteen-letters!"), kind: .journal, offset: 2048, size: 2048))
    return table
  }

  static func bytes(_ table: PartitionTable) throws -> [UInt8] {
    try [UInt8](capacity: PartitionTable.maximumSize) { (writer) throws(ParseError) in
      try table.serialize(into: &writer)
    }
  }

  static func parse(_ bytes: [UInt8]) throws(ParseError) -> PartitionTable {
    var cursor = ByteCursor(bytes.span)
    return try PartitionTable(parsing: &cursor)
  }

  @Test("What is written is read again")
  func roundTrip() throws {
    let table = try Self.sample()
    #expect(try Self.parse(try Self.bytes(table)) == table)
    #expect(try Self.parse(try Self.bytes(PartitionTable())) == PartitionTable())
  }

  @Test("The bytes are those of the documented form")
  func form() throws {
    var table = PartitionTable()
    try table.append(
      Partition(name: PartitionName("app"), kind: .app, offset: 0x0102_0304, size: 0x0506_0708))
    let bytes = try Self.bytes(table)
    let expected: [UInt8] =
      Array("OTAP".utf8) + [1, 1, 0, 0] + Array("app".utf8) + [UInt8](repeating: 0, count: 13)
      + [2, 0, 0, 0, 4, 3, 2, 1, 8, 7, 6, 5]
    #expect(bytes.prefix(36) == expected[...])
    #expect(bytes.count == 40)
  }

  @Test("A full table of sixteen is read again, a seventeenth is refused")
  func full() throws {
    var table = PartitionTable()
    for index in 0..<16 {
      let name: [UInt8] = [0x61 + UInt8(index)]
      table = try Self.appending(name, to: table)
    }
    #expect(try Self.bytes(table).count == PartitionTable.maximumSize)
    #expect(try Self.parse(try Self.bytes(table)) == table)
    #expect(throws: LayoutError.tooManyPartitions) { try Self.appending([0x7a], to: table) }
  }

  private static func appending(_ name: [UInt8], to table: PartitionTable) throws -> PartitionTable {
    var table = table
    let name = try PartitionName(bytes: name.span)
    try table.append(Partition(name: name, kind: .data, offset: 0, size: 1))
    return table
  }

  @Test("Every single wrong bit, and every truncation, is refused")
  func damaged() throws {
    let bytes = try Self.bytes(try Self.sample())
    for bit in 0..<bytes.count * 8 {
      var wrong = bytes
      wrong[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: ParseError.self) { try Self.parse(wrong) }
    }
    for count in 0..<bytes.count {
      #expect(throws: ParseError.self) { try Self.parse(Array(bytes.prefix(count))) }
    }
  }

  @Test(
    "Bad fields under a good checksum are refused",
    arguments: [
      (4, 2, ParseError(.unsupported, at: 4)), (5, 17, ParseError(.limitExceeded, at: 5)),
      (6, 1, ParseError(.invalidValue, at: 6)), (8, 0x20, ParseError(.invalidValue, at: 8)),
      (8, 0, ParseError(.invalidValue, at: 9)), (24, 0, ParseError(.invalidValue, at: 24)),
      (24, 8, ParseError(.invalidValue, at: 24)), (25, 1, ParseError(.invalidValue, at: 24)),
    ] as [(Int, UInt8, ParseError)])
  func badFields(_ offset: Int, _ value: UInt8, _ error: ParseError) throws {
    var bytes = try Self.bytes(try Self.sample())
    bytes[offset] = value
    let end = bytes.count - 4
    let checksum = CRC32.checksum(of: bytes.span.extracting(0..<end))
    for index in 0..<4 { bytes[end + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index)) }
    #expect(throws: error) { try Self.parse(bytes) }
  }

  @Test("Noise never traps")
  func noise() throws {
    let seed = TestSeed.value
    print("partition table noise: seed \(seed)")
    var random = SplitMix64(seed: seed)
    let good = try Self.bytes(try Self.sample())
    for _ in 0..<2000 {
      var bytes = good
      for _ in 0..<1 + random.next() % 6 {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      if bytes != good { #expect(throws: ParseError.self) { try Self.parse(bytes) } }
    }
  }

  @Test("A name that is taken is refused")
  func duplicateName() throws {
    var table = try Self.sample()
    #expect(throws: LayoutError.duplicatePartition) {
      try table.append(Partition(name: PartitionName("app-a"), kind: .data, offset: 0, size: 1))
    }
  }

  @Test(
    "Partitions are held against the device",
    arguments: [
      (0, 0, LayoutError.tooSmall), (0, 1000, .notAligned), (512, 1024, .notAligned),
      (23 << 10, 2048, .outOfBounds), (0xffff_fc00, 2048, .outOfBounds), (1024, 1024, .overlap),
      (21 << 10, 1024, nil),
    ] as [(UInt32, UInt32, LayoutError?)])
  func validation(_ offset: UInt32, _ size: UInt32, _ error: LayoutError?) throws {
    let board = try TestBoard.uniform()
    var table = try Self.sample()
    try table.append(Partition(name: PartitionName("more"), kind: .data, offset: offset, size: size))
    if let error {
      #expect(throws: error) { try table.validate(on: board.geometry) }
    } else {
      try table.validate(on: board.geometry)
    }
  }

  @Test("Misuse by the caller traps")
  func preconditions() async {
    await #expect(processExitsWith: .failure) { _ = PartitionName("") }
    await #expect(processExitsWith: .failure) { _ = PartitionName("seventeen letters") }
    await #expect(processExitsWith: .failure) { _ = PartitionTable()[0] }
  }
}
