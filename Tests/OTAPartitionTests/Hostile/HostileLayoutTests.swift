import OTACore
import OTAFlashSimulator
import OTAPartition
import Testing

/// Layouts from anywhere, held against a judgement in 64 bits that has no room for an overflow.
@Suite("Hostile layouts and partition tables")
struct HostileLayoutTests {
  /// Devices that are small, mixed, and as large as addresses go.
  private static func geometries() throws -> [FlashGeometry] {
    let largest = [
      FlashGeometry.Region(eraseBlockSize: 1 << 20, blockCount: 4095),
      FlashGeometry.Region(eraseBlockSize: 1 << 16, blockCount: 15),
      FlashGeometry.Region(eraseBlockSize: 0xffff, blockCount: 1),
    ]
    return [
      try TestBoard.uniform().geometry, try TestBoard.mixed().geometry,
      try FlashGeometry(regions: largest.span, writeSize: 1),
      try FlashGeometry(eraseBlockSize: .max, blockCount: 1, writeSize: 1),
    ]
  }

  /// The borders of erase blocks, the first and last few of each region.
  private static func borders(_ geometry: FlashGeometry) -> [UInt32] {
    var borders: Set<UInt32> = [0, geometry.capacity]
    var start: UInt64 = 0
    for index in 0..<geometry.regionCount {
      let region = geometry.region(index)
      for number in 0...region.blockCount where number < 24 || number + 4 > region.blockCount {
        borders.insert(UInt32(start + UInt64(number) * UInt64(region.eraseBlockSize)))
      }
      start += UInt64(region.eraseBlockSize) * UInt64(region.blockCount)
    }
    return borders.sorted()
  }

  private static func range(_ borders: [UInt32], _ random: inout SplitMix64) -> Range<UInt32> {
    func offset() -> UInt32 {
      let border = random.pick(borders)
      switch random.next() % 12 {
      case 0: return border &+ 1
      case 1: return border &- 1
      case 2: return UInt32(truncatingIfNeeded: random.next())
      case 3: return .max - UInt32(random.next() % 3)
      default: return border
      }
    }
    let (one, other) = (offset(), offset())
    return min(one, other)..<max(one, other)
  }

  /// Ranges of which every other set goes together but for at most one of them.
  private static func ranges(
    _ count: Int, _ borders: [UInt32], _ random: inout SplitMix64
  ) -> [Range<UInt32>] {
    guard random.isOne(in: 2) else { return (0..<count).map { _ in range(borders, &random) } }
    let ends = (0..<2 * count).map { _ in random.pick(borders) }.sorted()
    var ranges = (0..<count).map { ends[2 * $0]..<ends[2 * $0 + 1] }.shuffled(using: &random)
    if count > 0, random.isOne(in: 3) { ranges[0] = range(borders, &random) }
    return ranges
  }

  /// Whether a range may be a partition, without the code under test.
  private static func isPartition(_ range: Range<UInt64>, _ geometry: FlashGeometry) -> Bool {
    guard !range.isEmpty, range.upperBound <= UInt64(geometry.capacity) else { return false }
    return [range.lowerBound, range.upperBound].allSatisfy { offset in
      var start: UInt64 = 0
      for index in 0..<geometry.regionCount {
        let region = geometry.region(index)
        let end = start + UInt64(region.eraseBlockSize) * UInt64(region.blockCount)
        if offset >= start, offset <= end { return (offset - start) % UInt64(region.eraseBlockSize) == 0 }
        start = end
      }
      return false
    }
  }

  private static func wide(_ range: Range<UInt32>) -> Range<UInt64> {
    UInt64(range.lowerBound)..<UInt64(range.upperBound)
  }

  @Test("A layout is taken if and only if it fits")
  func layouts() async throws {
    try await onOwnThread {
      var random = SplitMix64(seed: TestSeed.value)
      var taken = 0
      for geometry in try Self.geometries() {
        let borders = Self.borders(geometry)
        let room = UInt64(4 * RawRecord.stride(geometry))
        for _ in 0..<5_000 {
          let ranges = Self.ranges(4, borders, &random)
          let wide = ranges.map(Self.wide)
          var fits = wide.allSatisfy { Self.isPartition($0, geometry) }
          for one in 0..<4 { for other in 0..<one where wide[one].overlaps(wide[other]) { fits = false } }
          for area in wide[2...] where UInt64(area.count) < room { fits = false }
          do throws(LayoutError) {
            _ = try DeviceLayout(
              slotA: ranges[0], slotB: ranges[1], journalA: ranges[2], journalB: ranges[3], on: geometry)
            #expect(fits, "\(ranges) on \(geometry), seed \(TestSeed.value)")
            taken += 1
          } catch {
            #expect(!fits, "\(error): \(ranges) on \(geometry), seed \(TestSeed.value)")
          }
        }
      }
      #expect(taken > 20, "\(taken)")
    }
  }

  @Test("A partition table is taken if and only if it fits, and a layout only from one that does")
  func tables() async throws {
    try await onOwnThread {
      var random = SplitMix64(seed: TestSeed.value)
      var taken = 0
      var layouts = 0
      for geometry in try Self.geometries() {
        let borders = Self.borders(geometry)
        for _ in 0..<4_000 {
          var table = PartitionTable()
          var ranges: [Range<UInt64>] = []
          let parts = Self.ranges(Int(random.next() % 7), borders, &random)
          for (index, range) in parts.enumerated() {
            let size = random.isOne(in: 12) ? UInt32.max - UInt32(random.next() % 5) : UInt32(range.count)
            let name = [UInt8](repeating: 0x61 + UInt8(index), count: 3)
            try table.append(
              Partition(
                name: try PartitionName(bytes: name.span),
                kind: random.pick([.app, .app, .journal, .journal, .data]),
                offset: range.lowerBound, size: size))
            ranges.append(UInt64(range.lowerBound)..<UInt64(range.lowerBound) + UInt64(size))
          }
          var fits = ranges.allSatisfy { Self.isPartition($0, geometry) }
          for one in ranges.indices {
            for other in 0..<one where ranges[one].overlaps(ranges[other]) { fits = false }
          }
          do throws(LayoutError) {
            try table.validate(on: geometry)
            #expect(fits, "seed \(TestSeed.value)")
            taken += 1
          } catch {
            #expect(!fits, "\(error), seed \(TestSeed.value)")
          }
          if (try? DeviceLayout(table, on: geometry)) != nil {
            #expect(fits, "seed \(TestSeed.value)")
            layouts += 1
          }
        }
      }
      #expect(taken > 500 && layouts > 10, "\(taken), \(layouts)")
      print("hostile tables: \(taken) taken, \(layouts) layouts, seed \(TestSeed.value)")
    }
  }

  @Test("The store of the table: a table that fits, or a typed error, and the same the next time")
  func store() async throws {
    try await onOwnThread {
      let board = try TestBoard.uniform()
      let start = ArrayFlash(try board.withTable(3))
      let capacity = PartitionTable.maximumSize
      let stride = RawRecord.stride(board.geometry, capacity: capacity)
      var random = SplitMix64(seed: TestSeed.value)
      var outcomes: [String: Int] = [:]
      for round in 0..<3_000 {
        var flash = start
        for area in [0, 2048] where random.isOne(in: 2) {
          let index = Int(random.next() % UInt64(2048 / stride))
          var payload = try Self.serialized(try board.table(UInt32(random.next() % 9)))
          // Changed under a checksum that is right again, or not.
          random.mutate(&payload, in: 0..<payload.count - 4, times: Int(random.next() % 3))
          if !random.isOne(in: 5) {
            let body = Array(payload.dropLast(4))
            payload = body + CRC32.checksum(of: body.span).littleEndianBytes
          }
          if random.isOne(in: 8) { payload = random.bytes(Int(random.next() % 461)) }
          var record = RawRecord(
            sequence: random.pick([0, 1, 2, 3, 9, 9, .max - 9, .max - 1, .max]), payload: payload)
          record.hasSeal = !random.isOne(in: 4)
          let bytes = record.bytes(board.geometry, capacity: capacity)
          flash.bytes.replaceSubrange(area + index * stride..<area + (index + 1) * stride, with: bytes)
        }
        if random.isOne(in: 3) { random.mutate(&flash.bytes, in: 0..<4096, times: 6) }
        do throws(StorageError) {
          let table = try Self.read(&flash, board)
          #expect((try? table.validate(on: board.geometry)) != nil, "round \(round), seed \(TestSeed.value)")
          for index in 0..<table.count {
            let range = table[index].range ?? 0..<1
            #expect(range.lowerBound >= 4096, "round \(round), seed \(TestSeed.value)")
          }
          let again = try Self.read(&flash, board)
          #expect(again == table, "round \(round), seed \(TestSeed.value)")
          outcomes["read", default: 0] += 1
        } catch {
          switch error {
          case .record: outcomes["record", default: 0] += 1
          case .layout: outcomes["layout", default: 0] += 1
          case .partitionTableUnreadable: outcomes["unreadable", default: 0] += 1
          default: Issue.record("\(error), round \(round), seed \(TestSeed.value)")
          }
        }
      }
      print("hostile table store: \(outcomes.sorted { $0.key < $1.key }), seed \(TestSeed.value)")
      #expect(outcomes["read", default: 0] > 500 && outcomes["record", default: 0] > 50)
      #expect(outcomes["layout", default: 0] > 50)
    }
  }

  private static func read(
    _ flash: inout ArrayFlash, _ board: TestBoard
  ) throws(StorageError) -> PartitionTable {
    var store = try store(board)
    return try store.read(from: &flash)
  }

  private static func store(_ board: TestBoard) throws(StorageError) -> PartitionTableStore {
    do throws(LayoutError) { return try board.tableStore() } catch { throw .layout(error) }
  }

  private static func serialized(_ table: PartitionTable) throws(ParseError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: PartitionTable.maximumSize)
    var writer = ByteWriter(bytes.mutableSpan)
    try table.serialize(into: &writer)
    let count = writer.count
    return Array(bytes.prefix(count))
  }
}
