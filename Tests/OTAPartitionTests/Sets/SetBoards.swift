import OTACore
import OTAFlashSimulator
import OTAPartition

// Boards whose slots have several images, and updates for them: small, so that every operation can be cut.

extension TestBoard {
  /// A device with so many images in a slot; if it is mixed, the places of slot a have blocks half as large as those of
  /// slot b, and units are of 8 bytes and erased to 0.
  static func set(of count: Int, _ kind: ActivationStrategy.Kind, isMixed: Bool = false) throws -> TestBoard {
    let geometry = isMixed ? try mixedSetGeometry() : try uniformSetGeometry()
    // The first image has three groups of 256 bytes in each place, the others have two.
    func places(_ image: UInt32) -> SlotRanges {
      let start = image == 0 ? 0 : 256 + image * 512
      let size: UInt32 = image == 0 ? 768 : 512
      let a = 8192 + start
      let b = 10752 + start
      return SlotRanges(a: a..<a + size, b: b..<b + size)
    }
    let companions = (1..<max(1, UInt32(count))).map(places)
    let strategy: ActivationStrategy =
      switch kind {
      case .direct: .direct
      case .swapWithScratch: .swapWithScratch(13312..<13568)
      case .swapByMove: .swapByMove
      case .swapByOffset: .swapByOffset
      case .overwrite: .overwrite
      }
    let layout = try DeviceLayout(
      slotA: places(0).a, slotB: places(0).b, companions: companions.span, journalA: 0..<4096,
      journalB: 4096..<8192, strategy: strategy, on: geometry)
    return TestBoard(
      name: "\(count) images, \(kind)\(isMixed ? ", mixed blocks" : "")", geometry: geometry, layout: layout,
      writeToUsed: isMixed ? .isUndefined : .isRefused)
  }

  private static func uniformSetGeometry() throws -> FlashGeometry {
    let regions = [
      FlashGeometry.Region(eraseBlockSize: 4096, blockCount: 2),
      FlashGeometry.Region(eraseBlockSize: 256, blockCount: 24),
    ]
    return try FlashGeometry(regions: regions.span, writeSize: 4)
  }

  private static func mixedSetGeometry() throws -> FlashGeometry {
    let regions = [
      FlashGeometry.Region(eraseBlockSize: 1024, blockCount: 8),
      FlashGeometry.Region(eraseBlockSize: 128, blockCount: 20),
      FlashGeometry.Region(eraseBlockSize: 256, blockCount: 14),
    ]
    return try FlashGeometry(regions: regions.span, writeSize: 8, readSize: 4, erasedByte: 0x00)
  }

  /// Every way of activation, with both kinds of blocks.
  static func sets(of counts: [Int]) throws -> [TestBoard] {
    try counts.flatMap { count in
      try ActivationStrategy.Kind.allCases.flatMap { kind in
        try [false, true].map { try set(of: count, kind, isMixed: $0) }
      }
    }
  }
}

extension TestImage {
  /// The set that a board has at first: two blocks, just one block, a part of one, and an empty one.
  static func oldSet(of count: Int) -> TestImage {
    TestImage(size: 300, companions: Array([256, 61, 0].prefix(count - 1)), sequenceNumber: 5, seed: 300)
  }

  /// The set of the update: other sizes throughout, the third one empty.
  static func newSet(of count: Int) -> TestImage {
    TestImage(size: 402, companions: Array([130, 0, 77].prefix(count - 1)), sequenceNumber: 6, seed: 400)
  }
}

extension TestBoard {
  var oldSet: TestImage { .oldSet(of: layout.imageCount) }
  var newSet: TestImage { .newSet(of: layout.imageCount) }

  /// A device that runs the old set, with the new one requested.
  func activated(attempts: UInt8 = 3) throws(StorageError) -> SimulatedFlash {
    var storage = try DeviceStorage(opening: try provisioned(oldSet), layout: layout)
    try install(newSet, on: &storage, attempts: attempts)
    return storage.closed()
  }

  /// Where an image of a slot is now.
  func range(of slot: SlotIdentifier, image: Int, on flash: SimulatedFlash) throws(StorageError) -> Range<
    UInt32
  > {
    try DeviceStorage(opening: flash, layout: layout).range(of: slot, image: image)
  }
}
