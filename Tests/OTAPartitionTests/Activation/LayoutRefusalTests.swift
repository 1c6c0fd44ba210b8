import OTACore
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("Layouts that a way of activation refuses")
struct LayoutRefusalTests {
  /// Blocks of 1 KiB up to 20 KiB, then of 512 bytes, then of 2 KiB.
  private static func geometry() throws -> FlashGeometry {
    let regions = [
      FlashGeometry.Region(eraseBlockSize: 1024, blockCount: 20),
      FlashGeometry.Region(eraseBlockSize: 512, blockCount: 8),
      FlashGeometry.Region(eraseBlockSize: 2048, blockCount: 4),
    ]
    return try FlashGeometry(regions: regions.span, writeSize: 4)
  }

  private static func layout(
    _ a: Range<UInt32>, _ b: Range<UInt32>, _ strategy: ActivationStrategy, companions: [SlotRanges] = []
  ) throws -> DeviceLayout {
    try DeviceLayout(
      slotA: a, slotB: b, companions: companions.span, journalA: 0..<4096, journalB: 4096..<8192,
      strategy: strategy, on: geometry())
  }

  /// Where only two blocks of 512 bytes are one of 1 KiB, and at the end one of 2 KiB.
  private static let mixed = (a: UInt32(18432)..<22528, b: UInt32(22528)..<26624)

  @Test("Groups of different sizes swap over a scratch area or by overwriting only")
  func unequalBlocks() throws {
    // Slot a has blocks of 1, 1, 0.5, ... KiB, slot b of 0.5, 0.5, 0.5, 0.5, 2 KiB.
    for strategy in [ActivationStrategy.swapByMove, .swapByOffset] {
      #expect(throws: LayoutError.unequalBlocks) { try Self.layout(Self.mixed.a, Self.mixed.b, strategy) }
    }
    for strategy in [ActivationStrategy.direct, .overwrite, .swapWithScratch(8192..<10240)] {
      #expect(try Self.layout(Self.mixed.a, Self.mixed.b, strategy).strategy == strategy)
    }
    for part in [Geometries.stm32F4Mixed, Geometries.stm32F769DualBank] {
      let geometry = try part.combinedGeometry()
      let slots = part.layout.images[0]
      let (a, b) = (try part.range(of: slots.a), try part.range(of: slots.b))
      let areas = (try part.range(of: part.layout.journalA), try part.range(of: part.layout.journalB))
      for strategy in [ActivationStrategy.swapByMove, .swapByOffset] {
        if part.name == "stm32f4-mixed" {
          #expect(throws: LayoutError.self, "\(part.name)") {
            try DeviceLayout(
              slotA: a, slotB: b, journalA: areas.0, journalB: areas.1, strategy: strategy, on: geometry)
          }
        }
      }
      let scratch = try part.range(of: #require(part.layout.scratch))
      _ = try DeviceLayout(
        slotA: a, slotB: b, journalA: areas.0, journalB: areas.1, strategy: .swapWithScratch(scratch),
        on: geometry)
    }
  }

  @Test("A scratch area must hold every group, and be its own")
  func scratch() throws {
    #expect(throws: LayoutError.tooSmall) {
      try Self.layout(Self.mixed.a, Self.mixed.b, .swapWithScratch(8192..<9216))
    }
    let slots = (a: UInt32(8192)..<12288, b: UInt32(12288)..<16384)
    for (scratch, error) in [
      (16384..<16384, .tooSmall), (22016..<22528, .tooSmall), (16384..<16900, .notAligned),
      (15360..<16384, .overlap), (4096..<5120, .overlap), (30720..<34816, .outOfBounds),
    ] as [(Range<UInt32>, LayoutError)] {
      #expect(throws: error, "\(scratch)") { try Self.layout(slots.a, slots.b, .swapWithScratch(scratch)) }
    }
    #expect(try Self.layout(slots.a, slots.b, .swapWithScratch(16384..<17408)).imageCount == 1)
    // Two small blocks are as good as one.
    _ = try Self.layout(slots.a, slots.b, .swapWithScratch(20480..<21504))
  }

  @Test("Slots without a free group, or without a group at all, are refused")
  func noFreeGroup() throws {
    for strategy in [ActivationStrategy.swapByMove, .swapByOffset] {
      #expect(throws: LayoutError.tooSmall) { try Self.layout(8192..<9216, 9216..<10240, strategy) }
    }
    // One block more in the place that keeps one free is enough.
    _ = try Self.layout(8192..<10240, 10240..<11264, .swapByMove)
    _ = try Self.layout(8192..<9216, 9216..<11264, .swapByOffset)
    #expect(throws: LayoutError.tooSmall) { try Self.layout(8192..<10240, 10240..<11264, .swapByOffset) }
    #expect(throws: LayoutError.tooSmall) { try Self.layout(8192..<9216, 9216..<11264, .swapByMove) }
    for strategy in [
      ActivationStrategy.overwrite, .swapWithScratch(16384..<18432), .swapByMove, .swapByOffset,
    ] {
      // A block of 1 KiB and one of 2 KiB have no border in common.
      #expect(throws: LayoutError.tooSmall) { try Self.layout(8192..<9216, 24576..<26624, strategy) }
    }
    _ = try Self.layout(8192..<9216, 24576..<26624, .direct)
  }

  @Test("Four images fit, five do not; each is checked as the first one is")
  func companions() throws {
    func place(_ index: UInt32) -> SlotRanges {
      SlotRanges(a: 8192 + index * 2048..<9216 + index * 2048, b: 9216 + index * 2048..<10240 + index * 2048)
    }
    let first = place(0)
    for count in 0...3 {
      let companions = (1..<UInt32(count + 1)).map(place)
      #expect(try Self.layout(first.a, first.b, .overwrite, companions: companions).imageCount == count + 1)
    }
    #expect(throws: LayoutError.tooManyPartitions) {
      try Self.layout(first.a, first.b, .overwrite, companions: (1...4).map(place))
    }
    let others: [(SlotRanges, LayoutError)] = [
      (SlotRanges(a: first.a, b: place(1).b), .overlap),
      (SlotRanges(a: place(1).a, b: 4096..<5120), .overlap),
      (SlotRanges(a: place(1).a, b: 11264..<11264), .tooSmall),
      (SlotRanges(a: 10240..<11000, b: place(1).b), .notAligned),
      (SlotRanges(a: place(1).a, b: 30720..<40960), .outOfBounds),
      (SlotRanges(a: place(1).a, b: 24576..<26624), .tooSmall),
    ]
    for (other, error) in others {
      #expect(throws: error) { try Self.layout(first.a, first.b, .overwrite, companions: [place(2), other]) }
    }
    // Longer records: an area of the journal that holds four of one image does not hold four of four.
    #expect(throws: LayoutError.tooSmall) {
      let companions = [place(1), place(2), place(3)]
      return try DeviceLayout(
        slotA: first.a, slotB: first.b, companions: companions.span, journalA: 0..<2048,
        journalB: 4096..<8192,
        on: Self.geometry())
    }
  }

  @Test("A table gives images in pairs, and the scratch area")
  func fromTable() throws {
    let geometry = try Self.geometry()
    func table(images: UInt32, scratches: UInt32) throws -> PartitionTable {
      var table = PartitionTable()
      func add(_ name: StaticString, _ kind: Partition.Kind, _ start: UInt32, _ size: UInt32) throws {
        try table.append(Partition(name: PartitionName(name), kind: kind, offset: start, size: size))
      }
      let names: [StaticString] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
      for index in 0..<images { try add(names[Int(index)], .app, 8192 + index * 1024, 1024) }
      try add("journal-a", .journal, 0, 4096)
      try add("journal-b", .journal, 4096, 4096)
      for index in 0..<scratches { try add(index == 0 ? "s" : "t", .scratch, 20480 + index * 1024, 1024) }
      return table
    }
    let layout = try DeviceLayout(
      try table(images: 4, scratches: 1), strategy: .swapWithScratch, on: geometry)
    #expect(layout.imageCount == 2 && layout.strategy == .swapWithScratch(20480..<21504))
    #expect(layout[.a, 0] == 8192..<9216 && layout[.b, 0] == 9216..<10240)
    #expect(layout[.a, 1] == 10240..<11264 && layout[.b, 1] == 11264..<12288)
    #expect(throws: LayoutError.missingPartition) {
      try DeviceLayout(try table(images: 4, scratches: 0), strategy: .swapWithScratch, on: geometry)
    }
    #expect(throws: LayoutError.duplicatePartition) {
      try DeviceLayout(try table(images: 4, scratches: 2), strategy: .swapWithScratch, on: geometry)
    }
    #expect(throws: LayoutError.missingPartition) {
      try DeviceLayout(try table(images: 3, scratches: 0), on: geometry)
    }
    #expect(throws: LayoutError.tooManyPartitions) {
      try DeviceLayout(try table(images: 10, scratches: 0), on: geometry)
    }
  }
}
