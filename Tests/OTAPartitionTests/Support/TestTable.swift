import OTACore
import OTAFlashSimulator
import OTAPartition

extension TestBoard {
  /// The two areas of a partition table, where other tests have their journal.
  func tableStore() throws(LayoutError) -> PartitionTableStore {
    try PartitionTableStore(copyA: layout.journalA, copyB: layout.journalB, on: geometry)
  }

  /// A table that fits the device, another one for each number: a first partition that is named for it, and up to eight
  /// more.
  func table(_ number: UInt32) throws(LayoutError) -> PartitionTable {
    var table = PartitionTable()
    try table.append(
      Partition(name: name(Array("v\(number)".utf8)), kind: .app, offset: layout.slotA.lowerBound, size: 8192)
    )
    for index in 0..<number * 5 % 9 {
      let isLarge = index < 4
      let start = isLarge ? layout.slotB.lowerBound + index * 2048 : 20480 + (index - 4) * 1024
      try table.append(
        Partition(
          name: name([0x61 + UInt8(index)]), kind: isLarge ? .data : .secure, offset: start,
          size: isLarge ? 2048 : 1024))
    }
    return table
  }

  /// A device that holds one of these tables and is otherwise full of noise.
  func withTable(_ number: UInt32) throws(StorageError) -> SimulatedFlash {
    let device = SharedFlash(used())
    try TableValueStore.format(device, board: self, value: number)
    var flash = device.snapshot
    flash.resetCounters()
    return flash
  }

  /// The number that a table was made from; `nil` if it is another table.
  func number(of table: PartitionTable) -> UInt32? {
    guard table.count > 0 else { return nil }
    let name = table[0].name
    let digits = (1..<name.count).map { Character(Unicode.Scalar(name.bytes[$0])) }
    guard let number = UInt32(String(digits)), let expected = try? self.table(number), expected == table
    else { return nil }
    return number
  }

  private func name(_ characters: [UInt8]) -> PartitionName {
    do throws(ParseError) {
      return try PartitionName(bytes: characters.span)
    } catch {
      preconditionFailure("the names here are valid")
    }
  }
}

/// The store of the product, with tables as numbers.
struct TableValueStore: ValueStore {
  private var device: SharedFlash
  private var store: PartitionTableStore
  private let board: TestBoard
  private(set) var value: UInt32

  /// Reads the table, and then, on copies of the device, what is left if either area is lost.
  init(opening device: SharedFlash, board: TestBoard) throws(StorageError) {
    self.device = device
    self.board = board
    store = try TableValueStore.store(board)
    guard let value = board.number(of: try store.read(from: &self.device)) else {
      throw .imageDigestMismatch
    }
    self.value = value
    guard store.hasTwoCopies else { throw .slotEmpty }
    for area in [store.copyA, store.copyB] {
      var flash = device.snapshot
      // This look is one of the test: the cut that awaits the device is not for it.
      flash.restorePower(seed: 1)
      flash.destroy(area)
      var alone = try TableValueStore.store(board)
      guard board.number(of: try alone.read(from: &flash)) == value, alone.hasTwoCopies else {
        throw .imageDigestMismatch
      }
    }
  }

  /// Provisions a device.
  static func format(_ device: SharedFlash, board: TestBoard, value: UInt32) throws(StorageError) {
    var device = device
    var store = try store(board)
    try store.format(try table(value, board), on: &device)
  }

  mutating func commit(_ value: UInt32) throws(StorageError) {
    try store.update(try TableValueStore.table(value, board), on: &device)
    self.value = value
  }

  private static func store(_ board: TestBoard) throws(StorageError) -> PartitionTableStore {
    do throws(LayoutError) { return try board.tableStore() } catch { throw .layout(error) }
  }

  private static func table(_ value: UInt32, _ board: TestBoard) throws(StorageError) -> PartitionTable {
    do throws(LayoutError) { return try board.table(value) } catch { throw .layout(error) }
  }
}

extension SimulatedFlash {
  /// Fills a range with noise, as if it had always been there.
  mutating func destroy(_ range: Range<UInt32>) {
    var random = SplitMix64(seed: UInt64(range.lowerBound))
    var contents = self.contents
    for index in range { contents[Int(index)] = UInt8(truncatingIfNeeded: random.next()) }
    setContents(contents)
  }
}
