#if !hasFeature(Embedded)
/// Writes what ``RangeDecoder`` reads.
package struct RangeEncoder: BitCoder, ~Copyable {
  private var low: UInt64 = 0
  private var range: UInt32 = .max
  private var cache: UInt8 = 0
  private var pendingCount = 0
  private var isFirst = true
  private var bytes: [UInt8] = []

  package init() {}

  @inline(__always)
  package mutating func code(_ bit: UInt32, probability: UInt32) -> UInt32 {
    let isOneLikely = probability >= 32768
    let bound = (range >> 16) * (isOneLikely ? 65536 - probability : probability)
    if (bit == 0) == isOneLikely {
      range = bound
    } else {
      low += UInt64(bound)
      range -= bound
    }
    while range < 1 << 24 {
      range <<= 8
      shiftLow()
    }
    return bit
  }

  private mutating func shiftLow() {
    if low < 0xff00_0000 || low >= 1 << 32 {
      let carry = UInt8(truncatingIfNeeded: low >> 32)
      // The very first byte is always 0 and left out.
      if !isFirst { bytes.append(cache &+ carry) }
      isFirst = false
      while pendingCount > 0 {
        bytes.append(0xff &+ carry)
        pendingCount -= 1
      }
      cache = UInt8(truncatingIfNeeded: low >> 24)
    } else {
      pendingCount += 1
    }
    low = (low & 0x00ff_ffff) << 8
  }

  /// Ends the stream: the shortest bytes that, followed by zeros, lie in the range.
  ///
  /// At most as many zeros are left out as a decoder adds, also if more of them happen to stand at the end.
  package consuming func finish() -> [UInt8] {
    for kept in 0...4 {
      let mask = (UInt64(1) << UInt64(32 - 8 * kept)) - 1
      let value = (low + mask) & ~mask
      if value < low + UInt64(range) {
        low = value
        break
      }
    }
    for _ in 0..<5 { shiftLow() }
    var left = RangeDecoder.initialCount
    while left > 0, bytes.last == 0 {
      bytes.removeLast()
      left -= 1
    }
    return bytes
  }
}
#endif
