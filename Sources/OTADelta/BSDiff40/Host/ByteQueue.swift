#if !hasFeature(Embedded)
/// Bytes that wait to be decompressed, first in, first out.
///
/// In blocks, so that what is used up is given back, and that growing never takes the double of what is there.
struct ByteQueue: ~Copyable {
  /// The length of a block, in bytes.
  static var blockSize: Int { 64 << 10 }
  /// The most memory beside the bytes themselves: what is used up of the first block, what is free in the last one,
  /// and the list of blocks, while it grows.
  static var overhead: Int { 3 * blockSize }

  private var blocks: [[UInt8]] = []
  /// Blocks before this one are used up, and empty.
  private var first = 0
  /// How many bytes of the first block are used up.
  private(set) var position = 0

  /// Whether no byte waits.
  var isEmpty: Bool { first == blocks.count }

  /// Adds bytes behind those that wait.
  mutating func append(_ bytes: Span<UInt8>) {
    var taken = 0
    while taken < bytes.count {
      if isEmpty || blocks[blocks.count - 1].count == ByteQueue.blockSize {
        var block: [UInt8] = []
        block.reserveCapacity(ByteQueue.blockSize)
        blocks.append(block)
      }
      let last = blocks.count - 1
      let count = min(bytes.count - taken, ByteQueue.blockSize - blocks[last].count)
      let piece = bytes.extracting(taken..<taken + count)
      unsafe piece.withUnsafeBufferPointer { unsafe blocks[last].append(contentsOf: $0) }
      taken += count
    }
  }

  /// The block with the first of the bytes that wait, from ``position`` on; empty only if none waits.
  var front: [UInt8] { isEmpty ? [] : blocks[first] }

  /// Takes bytes away.
  ///
  /// - Parameter count: at most as many as ``front`` has from ``position`` on.
  mutating func removeFirst(_ count: Int) {
    guard !isEmpty else { return }
    position += count
    guard position == blocks[first].count else { return }
    position = 0
    blocks[first] = []
    first += 1
    guard isEmpty else { return }
    blocks.removeAll(keepingCapacity: true)
    first = 0
  }
}
#endif
