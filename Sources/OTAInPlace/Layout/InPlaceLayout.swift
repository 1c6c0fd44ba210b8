public import OTAPartition

/// Where things are on a device that has one slot: the image, the patches that change it, and the journal.
public struct InPlaceLayout: Equatable, Sendable {
  /// The image, at the start, and room to move it up.
  public let slot: Range<UInt32>
  /// The payload of an update: the patch to the new image, and behind it the one back.
  public let store: Range<UInt32>
  /// The first area of the journal.
  public let journalA: Range<UInt32>
  /// The second area of the journal.
  public let journalB: Range<UInt32>
  /// The size of every erase block of the slot.
  let blockSize: UInt32

  /// Checks and takes the ranges.
  ///
  /// - Parameters:
  ///   - slot: whole erase blocks, all of one size; at least two.
  ///   - store: whole erase blocks, of any sizes.
  ///   - journalA: whole erase blocks, with room for `DeviceLayout.minimumRecordsPerArea` records.
  ///   - journalB: likewise.
  ///   - geometry: of the device.
  /// - Throws: `LayoutError.unequalBlocks` for a slot whose blocks differ, `LayoutError.tooSmall`,
  ///   `LayoutError.outOfBounds`, `LayoutError.notAligned`, `LayoutError.overlap`.
  public init(
    slot: Range<UInt32>, store: Range<UInt32>, journalA: Range<UInt32>, journalB: Range<UInt32>,
    on geometry: FlashGeometry
  ) throws(LayoutError) {
    try geometry.checkPartition(slot)
    try geometry.checkPartition(store)
    _ = try Journal(
      checking: journalA, journalB, payloadCapacity: InPlaceState.maximumSize, on: geometry)
    guard !slot.overlaps(store), !slot.overlaps(journalA), !slot.overlaps(journalB),
      !store.overlaps(journalA), !store.overlaps(journalB)
    else { throw .overlap }
    var blockSize: UInt32 = 0
    var offset = slot.lowerBound
    while offset < slot.upperBound {
      guard let block = geometry.eraseBlock(containing: offset) else { throw .outOfBounds }
      let size = block.upperBound - block.lowerBound
      guard blockSize == 0 || size == blockSize else { throw .unequalBlocks }
      blockSize = size
      offset = block.upperBound
    }
    guard slot.upperBound - slot.lowerBound > blockSize else { throw .tooSmall }
    self.slot = slot
    self.store = store
    self.journalA = journalA
    self.journalB = journalB
    self.blockSize = blockSize
  }

  /// The size of the slot, in bytes.
  var slotSize: UInt32 { slot.upperBound - slot.lowerBound }

  /// The size of the store, in bytes.
  var storeSize: UInt32 { store.upperBound - store.lowerBound }
}
