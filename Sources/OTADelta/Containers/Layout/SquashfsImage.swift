/// A squashfs 4.0 image inside a file, as far as its blocks are concerned.
///
/// - Note: Source: the Linux kernel's `fs/squashfs/squashfs_fs.h` and Documentation/filesystems/squashfs.rst.
struct SquashfsImage {
  private let file: [UInt8]
  /// Where the image begins and ends in the file.
  private let range: Range<Int>
  private let format: StreamFormat
  private let blockSize: Int
  private let inodeCount: Int

  private struct Tables {
    var identifiers: UInt64
    var attributes: UInt64
    var inodes: UInt64
    var directories: UInt64
    var fragments: UInt64
    var exports: UInt64
  }

  private let tables: Tables
  private let fragmentCount: Int
  private let identifierCount: Int

  /// Reads the superblock.
  ///
  /// - Returns: `nil` if there is none, or one of another version or with another compressor.
  init?(_ file: [UInt8], at start: Int) {
    let bytes = LittleEndianBytes(file, start..<file.count)
    guard bytes.count >= 96, bytes.word16(28) == 4, bytes.word16(30) == 0,
      let used = Int(exactly: bytes.word64(40)),
      used >= 96, used <= bytes.count
    else { return nil }
    switch bytes.word16(20) {
    case 1: format = .zlib
    case 4: format = .xz
    case 6: format = .zstd
    case _: return nil
    }
    let logarithm = bytes.word16(22)
    guard (12...20).contains(logarithm), bytes.word32(12) == 1 << UInt32(logarithm) else { return nil }
    self.file = file
    range = start..<start + used
    blockSize = 1 << Int(logarithm)
    inodeCount = Int(bytes.word32(4))
    fragmentCount = Int(bytes.word32(16))
    identifierCount = Int(bytes.word16(26))
    tables = Tables(
      identifiers: bytes.word64(48), attributes: bytes.word64(56), inodes: bytes.word64(64),
      directories: bytes.word64(72), fragments: bytes.word64(80), exports: bytes.word64(88))
  }

  /// Every compressed block: of data, of fragments, of the tables.
  func blocks(limits: ContainerLimits) -> [StreamCandidate] {
    var blocks: [StreamCandidate] = []
    let inodes = readChain(from: tables.inodes, to: tables.directories, into: &blocks, limits: limits)
    let fragments = readTable(
      tables.fragments, entryCount: fragmentCount, entrySize: 16, into: &blocks, limits: limits)
    _ = readTable(tables.exports, entryCount: inodeCount, entrySize: 8, into: &blocks, limits: limits)
    _ = readTable(
      tables.identifiers, entryCount: identifierCount, entrySize: 4, into: &blocks, limits: limits)
    // The directories end where the first of the other tables begins.
    let behind = blocks.map { UInt64($0.range.lowerBound - 2 - range.lowerBound) }
      .filter { $0 > tables.directories }
    let end = behind.min() ?? [tables.fragments, tables.exports, tables.identifiers].min() ?? 0
    _ = readChain(from: tables.directories, to: end, into: &blocks, limits: limits)
    addFragments(fragments, to: &blocks)
    SquashfsInodes(inodes, count: inodeCount, blockSize: blockSize).forEachBlock { start, size in
      addBlock(at: start, sizeField: size, to: &blocks)
    }
    return blocks
  }

  private func addFragments(_ table: [UInt8], to blocks: inout [StreamCandidate]) {
    let bytes = LittleEndianBytes(table, 0..<table.count)
    for index in 0..<min(fragmentCount, bytes.count / 16) {
      addBlock(at: bytes.word64(16 * index), sizeField: bytes.word32(16 * index + 8), to: &blocks)
    }
  }

  /// Adds a block of data if it is compressed and inside the image.
  private func addBlock(at start: UInt64, sizeField: UInt32, to blocks: inout [StreamCandidate]) {
    // Bit 24: stored as it is. No size at all: a hole.
    let size = UInt64(sizeField & 0xff_ffff)
    guard sizeField & 1 << 24 == 0, size > 0, start <= UInt64(range.count),
      size <= UInt64(range.count) - start
    else { return }
    let first = range.lowerBound + Int(start)
    blocks.append(StreamCandidate(format: format, range: first..<first + Int(size), contentLimit: blockSize))
  }

  /// Reads a block of metadata and adds it if it is compressed.
  ///
  /// - Returns: its content and the offset behind it; `nil` if it does not fit the image or does not decode.
  private func readMetadata(
    at offset: UInt64, into blocks: inout [StreamCandidate]
  ) -> (content: [UInt8], end: UInt64)? {
    guard offset <= UInt64(range.count), UInt64(range.count) - offset >= 2 else { return nil }
    let start = range.lowerBound + Int(offset)
    let header = Int(file[start]) | Int(file[start + 1]) << 8
    let size = header & 0x7fff
    guard size > 0, size <= range.upperBound - start - 2 else { return nil }
    let body = start + 2..<start + 2 + size
    let end = offset + 2 + UInt64(size)
    guard header & 0x8000 == 0 else { return size <= 8192 ? (Array(file[body]), end) : nil }
    guard let stream = format.decompress(file.span.extracting(body), limit: 8192) else { return nil }
    blocks.append(StreamCandidate(format: format, range: body, contentLimit: 8192))
    return (stream.content, end)
  }

  /// Reads blocks of metadata that follow each other.
  private func readChain(
    from start: UInt64, to end: UInt64, into blocks: inout [StreamCandidate], limits: ContainerLimits
  ) -> [UInt8] {
    var content: [UInt8] = []
    var offset = start
    while offset < end, content.count < Int(limits.streamSize),
      let block = readMetadata(at: offset, into: &blocks)
    {
      content += block.content
      offset = block.end
    }
    return content
  }

  /// Reads a table that an index of offsets leads to.
  private func readTable(
    _ index: UInt64, entryCount: Int, entrySize: Int, into blocks: inout [StreamCandidate],
    limits: ContainerLimits
  ) -> [UInt8] {
    let image = LittleEndianBytes(file, range)
    // An entry never crosses a block, so a block holds a whole number of them.
    let blockCount = (entryCount + 8192 / entrySize - 1) / (8192 / entrySize)
    guard let start = Int(exactly: index), start <= image.count, blockCount <= (image.count - start) / 8
    else {
      return []
    }
    var content: [UInt8] = []
    for number in 0..<blockCount where content.count < Int(limits.streamSize) {
      guard let block = readMetadata(at: image.word64(start + 8 * number), into: &blocks) else { break }
      content += block.content
    }
    return content
  }
}

/// Numbers in some bytes, least significant byte first.
struct LittleEndianBytes {
  private let bytes: [UInt8]
  private let range: Range<Int>

  init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    self.range = range
  }

  var count: Int { range.count }

  func word16(_ offset: Int) -> UInt16 { word(offset) }
  func word32(_ offset: Int) -> UInt32 { word(offset) }
  func word64(_ offset: Int) -> UInt64 { word(offset) }

  private func word<Word: FixedWidthInteger & UnsignedInteger>(_ offset: Int) -> Word {
    precondition(offset >= 0 && offset <= count - Word.bitWidth / 8, "outside the bytes")
    return (0..<Word.bitWidth / 8).reduce(0) {
      $0 | Word(truncatingIfNeeded: bytes[range.lowerBound + offset + $1]) << Word(truncatingIfNeeded: 8 * $1)
    }
  }
}
