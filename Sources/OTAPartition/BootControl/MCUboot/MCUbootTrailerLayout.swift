/// Where the fields of an image trailer are, which takes the last bytes of a slot.
///
/// | from the end of the slot, for an alignment of 8 / 16 / 32 | content |
/// |---|---|
/// | 16 / 16 / 32 | padding up to a multiple of the alignment, then the magic number, 16 bytes |
/// | 24 / 32 / 64 | image ok: 1 once the image is confirmed |
/// | 32 / 48 / 96 | copy done: 1 once a swap is complete, or the image was chosen in place |
/// | 40 / 64 / 128 | swap info: the swap type in bits 0 to 3, the number of the image in bits 4 to 7 |
///
/// Every field begins a unit of its own; the rest of the unit stays erased. What lies before (the progress of a swap) is
/// for the boot loader alone.
///
/// - Note: Source: MCUboot, docs/design.md, "Image trailer".
public struct MCUbootTrailerLayout: Equatable, Sendable {
  /// The slot.
  public let slot: Range<UInt32>
  /// `BOOT_MAX_ALIGN` of the boot loader: 8, 16 or 32.
  public let maximumAlignment: UInt32
  /// Where the 16 bytes of the magic number begin.
  public let magic: UInt32
  /// Where the flag of a confirmed image is.
  public let imageOK: UInt32
  /// Where the flag of a complete swap is.
  public let copyDone: UInt32
  /// Where swap type and number of the image are.
  public let swapInfo: UInt32
  /// The erase blocks that hold these fields; no image may reach into them.
  public let blocks: Range<UInt32>

  /// The fields, from the first to the end of the slot.
  public var fields: Range<UInt32> { swapInfo..<slot.upperBound }

  /// Finds the fields of a slot.
  ///
  /// - Parameters:
  ///   - slot: whole erase blocks.
  ///   - maximumAlignment: `BOOT_MAX_ALIGN` of the boot loader: 8, 16 or 32.
  ///   - geometry: the device.
  /// - Throws: ``LayoutError/invalidGeometry`` for another alignment, or one that is less than the unit of writing;
  ///   ``LayoutError/tooSmall``, also if the fields leave no erase block to the image;
  ///   ``LayoutError/outOfBounds``; ``LayoutError/notAligned``, also if the size is not a multiple of the alignment.
  public init(
    slot: Range<UInt32>, maximumAlignment: UInt32 = 8, on geometry: FlashGeometry
  ) throws(LayoutError) {
    guard maximumAlignment == 8 || maximumAlignment == 16 || maximumAlignment == 32,
      geometry.writeSize <= maximumAlignment
    else { throw .invalidGeometry }
    try geometry.checkPartition(slot)
    guard slot.size % maximumAlignment == 0 else { throw .notAligned }
    let size = max(16, maximumAlignment) + 3 * maximumAlignment
    guard size < slot.size else { throw .tooSmall }
    swapInfo = slot.upperBound - size
    guard let first = geometry.eraseBlock(containing: swapInfo) else { throw .outOfBounds }
    guard first.lowerBound > slot.lowerBound else { throw .tooSmall }
    copyDone = swapInfo + maximumAlignment
    imageOK = copyDone + maximumAlignment
    magic = slot.upperBound - 16
    blocks = first.lowerBound..<slot.upperBound
    self.slot = slot
    self.maximumAlignment = maximumAlignment
  }

  /// The magic number, which names the alignment.
  public var magicBytes: InlineArray<16, UInt8> {
    if maximumAlignment == 8 {
      return [
        0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f, 0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80,
      ]
    }
    return [
      UInt8(truncatingIfNeeded: maximumAlignment), 0, 0x2d, 0xe1, 0x5d, 0x29, 0x41, 0x0b, 0x8d, 0x77, 0x67,
      0x9c, 0x11, 0x0f, 0x1f, 0x8a,
    ]
  }
}
