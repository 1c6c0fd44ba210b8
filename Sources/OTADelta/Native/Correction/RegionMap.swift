/// What the parts of the old image hold, from its first byte to its last.
struct RegionMap {
  /// Where each one begins, a multiple of 8, plus its kind.
  private let words: Cells<UInt32>
  private(set) var count = 0
  private var first: UInt32 = 0
  private var length: UInt32 = 0
  private var current = RegionKind.code

  /// - Parameter words: one for each region.
  init(words: Cells<UInt32>) { self.words = words }

  /// Adds the next region; it reaches to the one behind it.
  ///
  /// - Parameters:
  ///   - start: a multiple of 256 in patches; what is below a multiple of 8 counts for nothing.
  ///   - kind: what it holds.
  mutating func append(start: UInt32, kind: RegionKind) {
    words[count] = start & ~7 | UInt32(kind.rawValue)
    count &+= 1
    length = 0
  }

  @inline(__always)
  private func start(_ index: Int) -> UInt32 { words[index] & ~7 }

  /// Where the last region begins.
  var lastStart: UInt32 { count > 0 ? start(count &- 1) : 0 }

  /// What is at a place; in front of the first region it is code.
  @inline(__always)
  mutating func kind(at offset: UInt32) -> RegionKind {
    if offset &- first < length { return current }
    return find(offset)
  }

  private mutating func find(_ offset: UInt32) -> RegionKind {
    var low = 0
    var high = count
    while low < high {
      let middle = (low &+ high) >> 1
      if start(middle) <= offset { low = middle &+ 1 } else { high = middle }
    }
    first = 0
    current = .code
    if low > 0 {
      first = start(low &- 1)
      current = RegionKind(rawValue: UInt8(truncatingIfNeeded: words[low &- 1] & 7)) ?? .plain
    }
    length = (low < count ? start(low) : .max) &- first
    return current
  }
}
