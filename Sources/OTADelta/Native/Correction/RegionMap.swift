/// What the parts of the old image hold, from its first byte to its last.
struct RegionMap {
  private let starts: Cells<UInt32>
  private let kinds: Cells<UInt8>
  private(set) var count = 0
  private var first: UInt32 = 0
  private var length: UInt32 = 0
  private var current = RegionKind.code

  /// - Parameters:
  ///   - starts: one word for each region.
  ///   - kinds: one byte for each region.
  init(starts: Cells<UInt32>, kinds: Cells<UInt8>) {
    self.starts = starts
    self.kinds = kinds
  }

  /// Adds the next region; it reaches to the one behind it.
  mutating func append(start: UInt32, kind: RegionKind) {
    starts[count] = start
    kinds[count] = kind.rawValue
    count += 1
    length = 0
  }

  /// Where the last region begins.
  var lastStart: UInt32 { count > 0 ? starts[count - 1] : 0 }

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
      let middle = (low + high) >> 1
      if starts[middle] <= offset { low = middle + 1 } else { high = middle }
    }
    first = low > 0 ? starts[low - 1] : 0
    length = (low < count ? starts[low] : .max) - first
    current = low > 0 ? RegionKind(rawValue: kinds[low - 1]) ?? .plain : .code
    return current
  }
}
