import OTAFlashSimulator
import OTAInPlace
import OTAPartition

/// A part with a single slot that is as short as an update in place allows, so that every cut can be tried.
///
/// The slot is where slot a of the part is, and the store where slot b is; or the other way round, if only slot b has blocks
/// of one size.
struct InPlaceBoard: Sendable {
  let geometry: FlashGeometry
  let layout: InPlaceLayout
  /// The sizes of both images.
  let oldSize: Int
  let newSize: Int

  /// Shortens the layout of a part.
  ///
  /// - Parameters:
  ///   - part: with the rules that are to be tried.
  ///   - blockCount: how many blocks an image takes.
  ///   - longest: of a block, in bytes: what of a longer one is used at most.
  /// - Throws: `LayoutError.unequalBlocks` if both whole slots of the part have blocks of different sizes; another one if
  ///   the part has no room.
  init(_ part: FlashPart, blockCount: Int, longest: Int) throws(LayoutError) {
    let geometry = try part.combinedGeometry()
    let slotA = try part.range(of: part.layout.images[0].a)
    let slotB = try part.range(of: part.layout.images[0].b)
    let places = [(slotA, slotB), (slotB, slotA)]
    guard let (slot, store) = places.first(where: { geometry.hasEqualBlocks(in: $0.0) }),
      let block = geometry.eraseBlock(containing: slot.lowerBound)?.count
    else { throw .unequalBlocks }
    if blockCount > 1 {
      (oldSize, newSize) = ((blockCount - 1) * block + 37, (blockCount - 1) * block + 131)
    } else {
      (oldSize, newSize) = (min(block, longest) - 67, min(block, longest) - 5)
    }
    let payload = UInt32(oldSize + newSize + 2 * DifferenceCodec.headerSize)
    // Four records in units of 32 bytes.
    let area: UInt32 = 4 * 512
    self.geometry = geometry
    layout = try InPlaceLayout(
      slot: slot.lowerBound..<slot.lowerBound + UInt32((blockCount + 1) * block),
      store: geometry.blocks(of: store, holding: payload),
      journalA: geometry.blocks(of: try part.range(of: part.layout.journalA), holding: area),
      journalB: geometry.blocks(of: try part.range(of: part.layout.journalB), holding: area), on: geometry)
    guard layout.slot.upperBound <= slot.upperBound else { throw .tooSmall }
  }
}

extension FlashGeometry {
  /// Whether all blocks of a range have one size.
  fileprivate func hasEqualBlocks(in range: Range<UInt32>) -> Bool {
    var size: Int?
    var offset = range.lowerBound
    while offset < range.upperBound {
      guard let block = eraseBlock(containing: offset), size == nil || size == block.count else {
        return false
      }
      size = block.count
      offset = block.upperBound
    }
    return true
  }

  /// The first blocks of a range that have room for so many bytes.
  fileprivate func blocks(of range: Range<UInt32>, holding size: UInt32) throws(LayoutError) -> Range<UInt32>
  {
    guard size > 0, size <= range.upperBound - range.lowerBound,
      let last = eraseBlock(containing: range.lowerBound + size - 1)
    else { throw .tooSmall }
    return range.lowerBound..<last.upperBound
  }
}
