import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("FlashGeometry")
struct FlashGeometryTests {
  @Test(
    "Sizes that break a rule are refused",
    arguments: [
      (0, 8, 4, 1, 0xff), (1000, 8, 16, 1, 0xff), (1024, 0, 4, 1, 0xff), (1024, 8, 3, 1, 0xff),
      (1024, 8, 64, 1, 0xff), (1024, 8, 0, 1, 0xff), (1024, 8, 4, 8, 0xff), (1024, 8, 4, 0, 0xff),
      (1024, 8, 4, 1, 0x55), (0x1_0000, 0x1_0000, 4, 1, 0xff), (0x8000_0000, 2, 4, 1, 0xff),
    ] as [(UInt32, UInt32, UInt32, UInt32, UInt8)])
  func refused(_ block: UInt32, _ count: UInt32, _ write: UInt32, _ read: UInt32, _ erased: UInt8) {
    #expect(throws: LayoutError.invalidGeometry) {
      try FlashGeometry(
        eraseBlockSize: block, blockCount: count, writeSize: write, readSize: read, erasedByte: erased)
    }
  }

  @Test("No region, and more than sixteen, are refused")
  func regionCount() {
    let region = FlashGeometry.Region(eraseBlockSize: 1024, blockCount: 1)
    for count in [0, 17] {
      let regions = [FlashGeometry.Region](repeating: region, count: count)
      #expect(throws: LayoutError.invalidGeometry) { try FlashGeometry(regions: regions.span, writeSize: 4) }
    }
  }

  @Test(
    "Blocks of every size are found",
    arguments: [
      (0, 0..<512), (4095, 3584..<4096), (4096, 4096..<6144), (20479, 18432..<20480), (20480, 20480..<21504),
      (24575, 23552..<24576), (24576, nil), (.max, nil),
    ] as [(UInt32, Range<UInt32>?)])
  func blocks(_ offset: UInt32, _ block: Range<UInt32>?) throws {
    #expect(try TestBoard.mixed().geometry.eraseBlock(containing: offset) == block)
  }

  @Test("Bounds are tested before alignment, without overflow")
  func checks() throws {
    let geometry = try TestBoard.mixed().geometry
    let capacity = geometry.capacity
    for (offset, count) in [
      (capacity, 8), (capacity - 8, 16), (.max - 7, 8), (.max, 1), (1, Int(capacity)), (0, -8),
    ] {
      #expect(throws: FlashError.outOfBounds) { try geometry.checkWrite(at: offset, count: count) }
      #expect(throws: FlashError.outOfBounds) { try geometry.checkRead(at: offset, count: count) }
    }
    #expect(throws: FlashError.notAligned) { try geometry.checkWrite(at: 4, count: 8) }
    #expect(throws: FlashError.notAligned) { try geometry.checkWrite(at: 8, count: 4) }
    #expect(throws: FlashError.notAligned) { try geometry.checkRead(at: 2, count: 4) }
    #expect(throws: FlashError.outOfBounds) { try geometry.checkErase(1..<capacity + 1) }
    #expect(throws: FlashError.notAligned) { try geometry.checkErase(4096..<4608) }
    try geometry.checkErase(3584..<6144)
    try geometry.checkErase(capacity..<capacity)
    try geometry.checkWrite(at: capacity, count: 0)
    try geometry.checkRead(at: 4, count: 4)
  }

  @Test("The geometries of real parts have their sizes")
  func parts() {
    #expect(Geometries.uniform4K.capacity == 512 << 10)
    #expect(Geometries.stm32F4.capacity == 1 << 20)
    #expect(Geometries.stm32F4.eraseBlock(containing: 0x1_0000) == 0x1_0000..<0x2_0000)
    #expect(Geometries.eccDoubleWord.writeSize == 8 && !Geometries.eccDoubleWord.isMultiwrite)
  }
}
