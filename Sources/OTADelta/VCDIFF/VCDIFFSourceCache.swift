import OTADelta

/// Blocks of the old image that were read last, so that many short copies are few reads.
struct VCDIFFSourceCache: ~Copyable {
  /// How many bytes are read at once.
  static var blockSize: Int { 1 << 12 }
  /// How many blocks are kept.
  static var blockCount: Int { 16 }
  /// Copies that are longer are read by themselves.
  static var longestCopy: Int { 1024 }

  private var blocks = VCDIFFBuffer(capacity: VCDIFFSourceCache.blockSize * VCDIFFSourceCache.blockCount)
  /// Which block each slot has; none is -1.
  private var numbers = InlineArray<16, Int>(repeating: -1)
  private let sourceSize: Int

  /// Starts without a block.
  init(sourceSize: Int) {
    self.sourceSize = sourceSize
  }

  /// Copies bytes of the old image into a buffer.
  ///
  /// - Parameters:
  ///   - position: the first byte; all are inside the image.
  ///   - destination: where they go, and how many they are.
  ///   - buffer: has room for them.
  ///   - media: gives the old image.
  /// - Throws: what the medium throws.
  mutating func read<Media: PatchMedia & ~Copyable>(
    _ position: Int, to destination: Range<Int>, of buffer: inout VCDIFFBuffer, media: inout Media
  ) throws(Media.SourceFailure) {
    let number = position / VCDIFFSourceCache.blockSize
    let first = position % VCDIFFSourceCache.blockSize
    guard destination.count <= min(VCDIFFSourceCache.longestCopy, VCDIFFSourceCache.blockSize - first) else {
      var bytes = buffer.mutableSpan(destination)
      try media.readSource(into: &bytes, at: UInt32(position))
      return
    }
    let slot = number % VCDIFFSourceCache.blockCount
    let slotStart = slot * VCDIFFSourceCache.blockSize
    if numbers[slot] != number {
      let start = number * VCDIFFSourceCache.blockSize
      let size = min(VCDIFFSourceCache.blockSize, sourceSize - start)
      numbers[slot] = -1
      var bytes = blocks.mutableSpan(slotStart..<slotStart + size)
      try media.readSource(into: &bytes, at: UInt32(start))
      numbers[slot] = number
    }
    buffer.write(
      blocks.span(slotStart + first..<slotStart + first + destination.count), at: destination.lowerBound)
  }
}
