/// The inode table of a squashfs image, walked for the blocks of its files.
struct SquashfsInodes {
  private let bytes: LittleEndianBytes
  private let count: Int
  private let blockSize: Int

  init(_ table: [UInt8], count: Int, blockSize: Int) {
    bytes = LittleEndianBytes(table, 0..<table.count)
    self.count = count
    self.blockSize = blockSize
  }

  /// Calls with the offset and the size field of each block of data, as far as the table can be read.
  func forEachBlock(_ body: (_ start: UInt64, _ sizeField: UInt32) -> Void) {
    var position = 0
    for _ in 0..<count {
      guard bytes.count - position >= 16, let end = end(at: position, body), end <= bytes.count else {
        return
      }
      position = end
    }
  }

  /// Where the inode at a place ends; calls for its blocks if it is that of a file.
  ///
  /// - Returns: `nil` if it is cut off or of an unknown type.
  private func end(at start: Int, _ body: (UInt64, UInt32) -> Void) -> Int? {
    let left = bytes.count - start
    switch bytes.word16(start) {
    case 1: return start + 32
    case 2:
      guard left >= 32 else { return nil }
      return listBlocks(
        of: UInt64(bytes.word32(start + 28)), at: start + 32, from: UInt64(bytes.word32(start + 16)),
        hasFragment: bytes.word32(start + 20) != .max, body)
    case 3, 10:
      guard left >= 24 else { return nil }
      // The long form has an index of attributes behind the text.
      return start + 24 + Int(bytes.word32(start + 20)) + (bytes.word16(start) == 10 ? 4 : 0)
    case 4, 5: return start + 24
    case 6, 7: return start + 20
    case 8: return directoryEnd(at: start)
    case 9:
      guard left >= 56 else { return nil }
      return listBlocks(
        of: bytes.word64(start + 24), at: start + 56, from: bytes.word64(start + 16),
        hasFragment: bytes.word32(start + 44) != .max, body)
    case 11, 12: return start + 28
    case 13, 14: return start + 24
    case _: return nil
    }
  }

  /// The long form of a directory: 40 bytes, then an index with a name in each entry.
  private func directoryEnd(at start: Int) -> Int? {
    guard bytes.count - start >= 40 else { return nil }
    var position = start + 40
    for _ in 0..<bytes.word16(start + 32) {
      guard bytes.count - position >= 12 else { return nil }
      let (end, overflow) = (position + 12).addingReportingOverflow(Int(bytes.word32(position + 8)) + 1)
      guard !overflow, end <= bytes.count else { return nil }
      position = end
    }
    return position
  }

  private func listBlocks(
    of fileSize: UInt64, at list: Int, from start: UInt64, hasFragment: Bool, _ body: (UInt64, UInt32) -> Void
  ) -> Int? {
    let whole = fileSize / UInt64(blockSize)
    let needed = whole + (!hasFragment && fileSize % UInt64(blockSize) != 0 ? 1 : 0)
    guard needed <= UInt64((bytes.count - list) / 4) else { return nil }
    var offset = start
    for index in 0..<Int(needed) {
      let size = bytes.word32(list + 4 * index)
      body(offset, size)
      let (next, overflow) = offset.addingReportingOverflow(UInt64(size & 0xff_ffff))
      guard !overflow else { return nil }
      offset = next
    }
    return list + 4 * Int(needed)
  }
}
