/// 128 bits that stand for a whole state of a simulated device.
///
/// Two states with the same hash are taken for the same. It is no cryptographic hash: nobody is expected to look for a
/// collision, and by accident there is one among 2^32 states with a probability of about 2^-64.
public struct StateHash: Hashable, Sendable, CustomStringConvertible {
  /// The first 64 bits.
  public var high: UInt64
  /// The other 64 bits.
  public var low: UInt64

  /// Takes the bits.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// 32 hexadecimal digits.
  public var description: String { [high, low].map(StateHash.digits).joined() }

  private static func digits(_ half: UInt64) -> String {
    let digits = String(half, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// Computes a ``StateHash`` of numbers and bytes, in their order.
///
/// - Note: Source: the step of two products folded to half their width is that of wyhash (Wang Yi), with constants of
///   SplitMix64 and of the golden ratio; a project decision.
public struct StateHasher: Sendable {
  private var first: UInt64 = 0x243f_6a88_85a3_08d3
  private var second: UInt64 = 0x1319_8a2e_0370_7344

  /// Starts with nothing.
  public init() {}

  /// Takes in a number.
  @inline(__always)
  public mutating func combine(_ word: UInt64) {
    first = StateHasher.folded(first ^ word, 0x9e37_79b9_7f4a_7c15)
    second = StateHasher.folded(second &+ word, 0xd6e8_feb8_6659_fd93)
  }

  /// Takes in another hash.
  public mutating func combine(_ hash: StateHash) {
    combine(hash.high)
    combine(hash.low)
  }

  /// Takes in bytes, and how many there are.
  public mutating func combine(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe combine($0) }
  }

  /// Takes in truth values, and how many there are.
  public mutating func combine(_ values: [Bool]) {
    unsafe values.withUnsafeBytes { unsafe combine($0) }
  }

  private mutating func combine(_ bytes: UnsafeRawBufferPointer) {
    combine(UInt64(bytes.count))
    // Most of a large block is erased: the bytes at the end that are all the same count as one, and how many they are.
    let end = unsafe StateHasher.endOfVaried(bytes)
    combine(UInt64(end) << 8 | (end < bytes.count ? UInt64(unsafe bytes[end]) : 0))
    var offset = 0
    while offset + 8 <= end {
      combine(unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < end {
      rest = rest << 8 | UInt64(unsafe bytes[offset])
      offset += 1
    }
    combine(rest)
  }

  /// Where the last bytes begin that are all the same; the count if there are none.
  private static func endOfVaried(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let last = unsafe bytes.last else { return 0 }
    let word = UInt64(last) &* 0x0101_0101_0101_0101
    var end = bytes.count
    while end >= 8, unsafe bytes.loadUnaligned(fromByteOffset: end - 8, as: UInt64.self) == word { end -= 8 }
    while end > 0, unsafe bytes[end - 1] == last { end -= 1 }
    return end
  }

  /// The hash of all that was taken in.
  public func finalize() -> StateHash {
    StateHash(
      high: StateHasher.folded(first ^ second, 0xbf58_476d_1ce4_e5b9),
      low: StateHasher.folded(second &+ (first << 32 | first >> 32), 0x94d0_49bb_1331_11eb))
  }

  @inline(__always)
  private static func folded(_ word: UInt64, _ factor: UInt64) -> UInt64 {
    let product = word.multipliedFullWidth(by: factor)
    // The word itself stays in, so that no two words are mapped to one by the product alone.
    return product.high ^ product.low ^ (word << 23 | word >> 41)
  }
}
