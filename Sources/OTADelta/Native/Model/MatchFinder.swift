#if !hasFeature(Embedded)
/// Finds what followed the last bytes when they occurred before, in the old image or in the new one.
///
/// The history is the old image with the new one behind it. Bytes are stored at once and indexed when somebody asks:
/// then in one go, and those of a patch without new bytes never.
struct MatchFinder {
  /// How many bytes must agree.
  private static var minimumLength: Int { 5 }
  /// The inverse modulo 2^32 of the factor of the hash, 0x2f0b_4c47, and the fifth power of the factor.
  private static var inverse: UInt32 { 0x4048_9d77 }
  private static var fifthPower: UInt32 { 0x1251_56e7 }

  private let history: Cells<UInt8>
  private let table: Cells<UInt32>
  /// How many bytes the history has, and how many of them are indexed.
  private var end = 0
  private var indexedEnd = 0
  /// How many bytes of the old image must be indexed before the new one begins; 0 if they are.
  private var oldCount = 0
  /// Of the last bytes that are indexed: the sum over the last five, the newest first, of the byte plus 1 times the
  /// factor to the power of 5, 4, 3, 2 and 1.
  private var hash: UInt32 = 0
  private var candidate = 0
  private var length = 0

  /// - Parameters:
  ///   - history: room for both images; the old one may be there already.
  ///   - table: a power of two of zeros, or nothing to find nothing.
  init(history: Cells<UInt8>, table: Cells<UInt32>) {
    self.history = history
    self.table = table
  }

  /// Says that the history begins with this many bytes.
  mutating func begin(at count: Int) {
    guard table.count > 0 else { return }
    precondition(count >= 0 && count <= history.count, "outside of the workspace")
    end = count
    oldCount = count
    indexedEnd = 0
    length = 0
  }

  /// The byte behind those of the history that agree with the last ones, and how many do.
  ///
  /// - Returns: nil if less than five bytes agree.
  @inline(__always)
  mutating func guess() -> (byte: UInt8, length: Int)? {
    if indexedEnd < end { index() }
    return length > 0 ? (history[candidate], length) : nil
  }

  /// Adds a byte.
  @inline(__always)
  mutating func append(_ byte: UInt8) {
    guard table.count > 0 else { return }
    history[end] = byte
    end += 1
  }

  /// Adds up to eight bytes, the lowest first.
  @inline(__always)
  mutating func append(_ bits: FieldBits, count: Int) {
    guard table.count > 0 else { return }
    history.store(bits, count: count, at: end)
    end += count
  }

  private mutating func index() {
    precondition(end <= history.count, "outside of the workspace")
    if oldCount > 0 { indexOld() }
    var place = indexedEnd
    var hash = self.hash
    var candidate = self.candidate
    var length = self.length
    while place < end {
      let byte = history[place]
      if length > 0, history[candidate] == byte {
        length = min(length + 1, 63)
        candidate += 1
      } else {
        length = 0
      }
      hash = rolled(hash, byte, at: place)
      place += 1
      guard place >= MatchFinder.minimumLength else { continue }
      let cell = Int(hash >> 8) & (table.count - 1)
      if length == 0 {
        candidate = Int(table[cell])
        length = agreement(candidate, place)
      }
      table[cell] = UInt32(truncatingIfNeeded: place)
    }
    indexedEnd = place
    self.hash = hash
    self.candidate = candidate
    self.length = length
  }

  /// Indexes the old image; what agrees within it does not matter.
  private mutating func indexOld() {
    var hash: UInt32 = 0
    let first = MatchFinder.minimumLength - 1
    for place in 0..<min(oldCount, first) { hash = rolled(hash, history[place], at: place) }
    if oldCount > first {
      for place in first..<oldCount {
        hash = rolled(hash, history[place], at: place)
        table[Int(hash >> 8) & (table.count - 1)] = UInt32(truncatingIfNeeded: place + 1)
      }
    }
    self.hash = hash
    indexedEnd = oldCount
    oldCount = 0
  }

  /// The hash of five bytes that end with the one at a place, from the hash in front of it.
  @inline(__always)
  private func rolled(_ hash: UInt32, _ byte: UInt8, at place: Int) -> UInt32 {
    let last = MatchFinder.minimumLength
    let oldest = place >= last ? UInt32(history[place - last]) &+ 1 : 0
    return (hash &* MatchFinder.inverse) &- oldest &+ (UInt32(byte) &+ 1) &* MatchFinder.fifthPower
  }

  /// How many bytes in front of two places agree, up to 32; 0 if they are too few.
  @inline(__always)
  private func agreement(_ earlier: Int, _ later: Int) -> Int {
    guard earlier > 0 else { return 0 }
    var length = 0
    while length < 32, length < earlier, history[earlier - 1 - length] == history[later - 1 - length] {
      length += 1
    }
    return length < MatchFinder.minimumLength ? 0 : length
  }
}
#else
/// Finds nothing, see ``DecoderProfile``.
struct MatchFinder {
  init(history: Cells<UInt8>, table: Cells<UInt32>) {}
  func begin(at count: Int) {}
  func guess() -> (byte: UInt8, length: Int)? { nil }
  func append(_ byte: UInt8) {}
  func append(_ bits: FieldBits, count: Int) {}
}
#endif
