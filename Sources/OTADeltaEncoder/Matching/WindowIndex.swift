/// Where each window of eight bytes of an image is, by a hash of it; quicker made than an order of all suffixes, and
/// blind for shorter matches.
@safe struct WindowIndex: ~Copyable {
  /// How many bytes a match has at least.
  static var windowSize: Int { 8 }
  /// How many places with the same hash are looked at, the first ones of the image first.
  private static var depth: Int { 64 }

  private let image: [UInt8]
  // Safe outside: made in init, freed in deinit, and only read at places that are held against the counts.
  private let heads: UnsafeMutablePointer<UInt32>
  private let links: UnsafeMutablePointer<UInt32>
  private let shift: UInt64
  private let count: Int

  /// A place in the image that agrees with wanted bytes.
  struct Match {
    var position: Int
    var length: Int
  }

  /// Indexes an image of at most 2^31 - 1 bytes.
  init(_ image: [UInt8]) {
    self.image = image
    count = max(0, image.count - WindowIndex.windowSize + 1)
    let bits = max(8, Int.bitWidth - max(0, count - 1).leadingZeroBitCount - 1)
    shift = UInt64(64 - bits)
    // Place 0 is stored as 1: what the system gives is zero, and only what is used of it is taken.
    let headCount = 1 << bits
    unsafe heads = UnsafeMutablePointer<UInt32>.allocate(capacity: headCount)
    unsafe heads.initialize(repeating: 0, count: headCount)
    unsafe links = UnsafeMutablePointer<UInt32>.allocate(capacity: max(1, count))
    let (shift, count) = (shift, count)
    let (heads, links) = unsafe (heads, links)
    unsafe image.withUnsafeBytes { bytes in
      // From the end, so that the first places are looked at first: behind them there is most to agree.
      for position in (0..<count).reversed() {
        let window = unsafe WindowIndex.window(bytes, position)
        // Of a run of one byte only the first place is kept, or all look-ups in it were of its other places.
        if position > 0, unsafe WindowIndex.window(bytes, position - 1) == window {
          unsafe links[position] = 0
          continue
        }
        let slot = Int(truncatingIfNeeded: WindowIndex.hash(window) >> shift)
        unsafe links[position] = heads[slot]
        unsafe heads[slot] = UInt32(truncatingIfNeeded: position + 1)
      }
    }
  }

  deinit {
    unsafe heads.deallocate()
    unsafe links.deallocate()
  }

  /// The bytes from a place on, in the same order on every machine.
  private static func window(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
    unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  private static func hash(_ window: UInt64) -> UInt64 { window &* 0x9e37_79b9_7f4a_7c15 }

  /// The longest of some matches.
  ///
  /// - Parameters:
  ///   - new: the bytes that are looked for.
  ///   - start: the first of them.
  /// - Returns: where they are; a length of 0 if none was found.
  func longestMatch(of new: Span<UInt8>, from start: Int) -> Match {
    var best = Match(position: 0, length: 0)
    guard count > 0, start + WindowIndex.windowSize <= new.count else { return best }
    unsafe new.withUnsafeBytes { new in
      unsafe image.withUnsafeBytes { old in
        let window = unsafe WindowIndex.window(new, start)
        var place = unsafe heads[Int(truncatingIfNeeded: WindowIndex.hash(window) >> shift)]
        var left = WindowIndex.depth
        while place != 0, left > 0 {
          let position = Int(place) - 1
          let isLonger =
            unsafe WindowIndex.window(old, position) == window
            && (best.length == 0
              || (position + best.length < old.count && start + best.length < new.count
                && old[position + best.length] == new[start + best.length]))
          if isLonger {
            let length = unsafe agreeingCount(old, position, new, start)
            if length > best.length { best = Match(position: position, length: length) }
          }
          place = unsafe links[position]
          left -= 1
        }
      }
    }
    return best
  }
}

/// How many bytes agree from two places on.
func agreeingCount(
  _ old: UnsafeRawBufferPointer, _ position: Int, _ new: UnsafeRawBufferPointer, _ start: Int
) -> Int {
  let limit = min(old.count - position, new.count - start)
  var length = 0
  while length + 8 <= limit {
    let differing =
      unsafe old.loadUnaligned(fromByteOffset: position + length, as: UInt64.self)
      ^ new.loadUnaligned(fromByteOffset: start + length, as: UInt64.self)
    guard differing == 0 else { return length + UInt64(littleEndian: differing).trailingZeroBitCount / 8 }
    length += 8
  }
  while length < limit, unsafe old[position + length] == new[start + length] { length += 1 }
  return length
}
