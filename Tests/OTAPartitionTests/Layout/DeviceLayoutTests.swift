import OTACore
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("DeviceLayout")
struct DeviceLayoutTests {
  @Test("A partition table gives the same layout as its ranges")
  func fromTable() throws {
    let board = try TestBoard.uniform()
    #expect(try DeviceLayout(try PartitionTableTests.sample(), on: board.geometry) == board.layout)
  }

  @Test("A table without two slots and two areas is refused")
  func incompleteTable() throws {
    let board = try TestBoard.uniform()
    #expect(throws: LayoutError.missingPartition) { try DeviceLayout(PartitionTable(), on: board.geometry) }
    var table = try PartitionTableTests.sample()
    try table.append(Partition(name: PartitionName("third"), kind: .app, offset: 21 << 10, size: 1024))
    #expect(throws: LayoutError.missingPartition) { try DeviceLayout(table, on: board.geometry) }
    table = try PartitionTableTests.sample()
    try table.append(Partition(name: PartitionName("third"), kind: .journal, offset: 21 << 10, size: 1024))
    #expect(throws: LayoutError.duplicatePartition) { try DeviceLayout(table, on: board.geometry) }
  }

  @Test(
    "Ranges that do not fit are refused",
    arguments: [
      (4096..<12288, 12288..<20480, 0..<1024, 2048..<4096, LayoutError.tooSmall),
      (4096..<12288, 12288..<20480, 0..<2048, 2048..<2048, .tooSmall),
      (4096..<12288, 12288..<32768, 0..<2048, 2048..<4096, .outOfBounds),
      (4096..<12288, 12288..<20000, 0..<2048, 2048..<4096, .notAligned),
      (4096..<12288, 11264..<20480, 0..<2048, 2048..<4096, .overlap),
      (4096..<12288, 12288..<20480, 0..<2048, 0..<2048, .overlap),
    ] as [(Range<UInt32>, Range<UInt32>, Range<UInt32>, Range<UInt32>, LayoutError)])
  func refused(
    _ slotA: Range<UInt32>, _ slotB: Range<UInt32>, _ journalA: Range<UInt32>, _ journalB: Range<UInt32>,
    _ error: LayoutError
  ) throws {
    let geometry = try TestBoard.uniform().geometry
    #expect(throws: error) {
      try DeviceLayout(slotA: slotA, slotB: slotB, journalA: journalA, journalB: journalB, on: geometry)
    }
  }

  @Test("A storage refuses a device that its layout was not made for")
  func otherDevice() throws {
    let board = try TestBoard.uniform()
    let small = try FlashGeometry(eraseBlockSize: 1 << 10, blockCount: 4, writeSize: 4)
    #expect(throws: StorageError.layout(.outOfBounds)) {
      try openedState(SimulatedFlash(small), layout: board.layout)
    }
  }
}
