import CZlib
import OTADelta
import OTADeltaContainers
import Testing

/// Builds files with compressed streams inside.
enum ContainerBuilder {
  static let zlib = CompressionMethod.zlib(
    level: 9, memoryLevel: 8, strategy: 0, windowBits: 15, isWrapped: false)

  /// Bytes that compress, but not to nothing.
  static func text(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    let words = (0..<200).map { _ in generator.bytes(Int.random(in: 2...9, using: &generator)) }
    var text: [UInt8] = []
    while text.count < count { text += words.randomElement(using: &generator) ?? [1] }
    return Array(text.prefix(count))
  }

  /// A gzip member.
  static func gzip(
    _ content: [UInt8], method: CompressionMethod = zlib, flags: UInt8 = 0, fields: [UInt8] = []
  ) throws -> [UInt8] {
    gzip(stream: try method.compress(content.span), of: content, flags: flags, fields: fields)
  }

  static func gzip(stream: [UInt8], of content: [UInt8], flags: UInt8 = 0, fields: [UInt8] = []) -> [UInt8] {
    let checksum = unsafe content.withUnsafeBufferPointer { unsafe crc32_z(0, $0.baseAddress, $0.count) }
    var bytes: [UInt8] = [0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3] + fields + stream
    bytes += littleEndian(UInt32(checksum)) + littleEndian(UInt32(content.count))
    return bytes
  }

  static func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Value(8 * $0)) }
  }

  /// A squashfs image with one file whose tail is in a fragment, a long symbolic link, and a sparse file without
  /// blocks; blocks of 4096 bytes.
  static func squashfs(compressor: UInt16, method: CompressionMethod, content: [UInt8]) throws -> [UInt8] {
    let blockSize = 4096
    var image = [UInt8](repeating: 0, count: 96)
    func append(_ block: [UInt8]) throws -> UInt32 {
      let stream = try method.compress(block.span)
      let isStored = stream.count >= block.count
      image += isStored ? block : stream
      return UInt32(isStored ? block.count : stream.count) | (isStored ? 1 << 24 : 0)
    }
    func appendMetadata(_ bytes: [UInt8]) throws {
      let stream = try method.compress(bytes.span)
      let isStored = stream.count >= bytes.count
      let size = UInt16(isStored ? bytes.count : stream.count)
      image += littleEndian(size | (isStored ? 0x8000 : 0)) + (isStored ? bytes : stream)
    }
    let start = UInt32(image.count)
    var sizes: [UInt32] = []
    let whole = content.count / blockSize
    for index in 0..<whole {
      sizes.append(try append(Array(content[index * blockSize..<(index + 1) * blockSize])))
    }
    let fragmentStart = UInt64(image.count)
    let fragmentSize = try append(Array(content[(whole * blockSize)...]) + [UInt8](repeating: 4, count: 500))

    func inode(_ type: UInt16, _ rest: [UInt8]) -> [UInt8] {
      littleEndian(type) + [UInt8](repeating: 0, count: 14) + rest
    }
    var file = littleEndian(start) + littleEndian(UInt32(0)) + littleEndian(UInt32(0))
    file += littleEndian(UInt32(content.count)) + sizes.flatMap { littleEndian($0) }
    let target = [UInt8](repeating: 0x61, count: 300)
    let link = littleEndian(UInt32(1)) + littleEndian(UInt32(target.count)) + target
    // A file of two holes, no fragment.
    var holes =
      littleEndian(UInt64(96)) + littleEndian(UInt64(2 * blockSize)) + littleEndian(UInt64(2 * blockSize))
    holes +=
      littleEndian(UInt32(1)) + littleEndian(UInt32.max) + littleEndian(UInt32(0)) + littleEndian(UInt32.max)
    holes += [UInt8](repeating: 0, count: 8)
    let inodeStart = UInt64(image.count)
    let directory = inode(1, [UInt8](repeating: 0, count: 16))
    try appendMetadata(inode(3, link) + inode(9, holes) + directory + inode(2, file))
    let directoryStart = UInt64(image.count)
    try appendMetadata([UInt8](repeating: 0x62, count: 400))
    let fragmentBlock = UInt64(image.count)
    try appendMetadata(littleEndian(fragmentStart) + littleEndian(fragmentSize) + [0, 0, 0, 0])
    let fragmentTable = UInt64(image.count)
    image += littleEndian(fragmentBlock)
    let identifierBlock = UInt64(image.count)
    try appendMetadata([0, 0, 0, 0])
    let identifierTable = UInt64(image.count)
    image += littleEndian(identifierBlock)

    var superblock: [UInt8] = Array("hsqs".utf8) + littleEndian(UInt32(4)) + littleEndian(UInt32(0))
    superblock += littleEndian(UInt32(blockSize)) + littleEndian(UInt32(1)) + littleEndian(compressor)
    superblock += littleEndian(UInt16(12)) + littleEndian(UInt16(0)) + littleEndian(UInt16(1))
    superblock += littleEndian(UInt16(4)) + littleEndian(UInt16(0)) + littleEndian(UInt64(0))
    superblock += littleEndian(UInt64(image.count)) + littleEndian(identifierTable) + littleEndian(UInt64.max)
    superblock += littleEndian(inodeStart) + littleEndian(directoryStart) + littleEndian(fragmentTable)
    superblock += littleEndian(UInt64.max)
    image.replaceSubrange(0..<96, with: superblock)
    return image + [UInt8](repeating: 0, count: 100)
  }

  /// The three compressors of squashfs that are known, as squashfs-tools use them.
  static let squashfsCompressors: [(UInt16, CompressionMethod)] = [
    (1, .zlib(level: 9, memoryLevel: 8, strategy: 0, windowBits: 15, isWrapped: true)),
    (
      4,
      .xz(
        .init(preset: 6, isExtreme: false, dictionaryCode: 0, properties: 93, branchFilter: 0, check: 1))
    ),
    (6, .zstd(level: 15)),
  ]
}
