package import OTAPartition

/// The rules of `Flash` over logical blocks of a disk.
///
/// A unit of writing is smaller than a logical block. To write it, the block is read, changed and written in place. If
/// the disk writes a logical block whole or not at all, a loss of power leaves the old block or the new one, and all
/// other units of it are the same in both. Blocks of one call may get to the disk in any order: of an interrupted
/// operation any of its units may be done, which the contract of `Flash` allows. Each operation is flushed before it
/// returns, so that none begins before the one before it has ended.
///
/// An erase block is whole logical blocks and is written without being read: so a block that cannot be read any more is
/// made good.
package struct BlockFlash<Store: BlockStore & ~Copyable>: ~Copyable {
  /// The sizes and rules of the device: bytes erase to zero, and are written once.
  package let geometry: FlashGeometry
  /// The disk.
  package var store: Store

  /// How many bytes are handed to the disk at once.
  private static var chunkSize: UInt32 { 256 << 10 }

  /// Takes a disk.
  ///
  /// - Parameters:
  ///   - store: the disk; lost if this throws.
  ///   - eraseBlockSize: a multiple of its logical block.
  ///   - blockCount: how many erase blocks are used, from the start of the disk.
  /// - Throws: `LayoutError.invalidGeometry` for sizes that break a rule of `FlashGeometry`, or an erase block that is no
  ///   multiple of the logical block.
  package init(
    _ store: consuming Store, eraseBlockSize: UInt32, blockCount: UInt32
  ) throws(LayoutError) {
    geometry = try BlockFlash.geometry(
      eraseBlockSize: eraseBlockSize, blockCount: blockCount, logicalBlockSize: store.blockSize)
    self.store = store
  }

  private static func geometry(
    eraseBlockSize: UInt32, blockCount: UInt32, logicalBlockSize: UInt32
  ) throws(LayoutError) -> FlashGeometry {
    guard logicalBlockSize > 0, eraseBlockSize % logicalBlockSize == 0 else { throw .invalidGeometry }
    return try FlashGeometry(
      eraseBlockSize: eraseBlockSize, blockCount: blockCount, writeSize: 32, erasedByte: 0x00)
  }
}

extension BlockFlash: Sendable where Store: Sendable & ~Copyable {}

extension BlockFlash: Flash where Store: ~Copyable {
  package mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError)
  {
    try geometry.checkRead(at: offset, count: destination.count)
    guard !destination.isEmpty else { return }
    try store.read(into: &destination, at: UInt64(offset))
  }

  package mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkWrite(at: offset, count: source.count)
    let range = offset..<offset + UInt32(source.count)
    guard !range.isEmpty else { return }
    // All of it is looked at before any of it is written.
    for part in parts(of: range) {
      var bytes = [UInt8](repeating: 0, count: part.count)
      var span = bytes.mutableSpan
      try store.read(into: &span, at: UInt64(part.lowerBound))
      guard bytes.allSatisfy({ $0 == geometry.erasedByte }) else { throw .notErased }
    }
    let unit = store.blockSize
    for part in parts(of: range) {
      let start = part.lowerBound - part.lowerBound % unit
      // The device is whole erase blocks, and they are whole logical blocks: this ends inside.
      let end = part.upperBound + (unit - part.upperBound % unit) % unit
      var blocks = [UInt8](repeating: 0, count: Int(end - start))
      var span = blocks.mutableSpan
      try store.read(into: &span, at: UInt64(start))
      for place in part { blocks[Int(place - start)] = source[Int(place - offset)] }
      try store.write(blocks.span, at: UInt64(start))
    }
    try store.flush(UInt64(range.lowerBound)..<UInt64(range.upperBound))
  }

  package mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try geometry.checkErase(range)
    guard !range.isEmpty else { return }
    for part in parts(of: range) {
      let blocks = [UInt8](repeating: geometry.erasedByte, count: part.count)
      try store.write(blocks.span, at: UInt64(part.lowerBound))
    }
    try store.flush(UInt64(range.lowerBound)..<UInt64(range.upperBound))
  }

  /// A range in pieces that fit in memory; they meet at borders of erase blocks.
  private func parts(of range: Range<UInt32>) -> [Range<UInt32>] {
    let block = geometry.region(0).eraseBlockSize
    let size = max(block, BlockFlash.chunkSize / block * block)
    var parts: [Range<UInt32>] = []
    var start = range.lowerBound
    while start < range.upperBound {
      // Without overflow at the end of 32 bits.
      let rest = range.upperBound - start
      let end = start + min(rest, size - start % size)
      parts.append(start..<end)
      start = end
    }
    return parts
  }
}
