/// Finds what followed the last bytes when they occurred before, in the old image or in the new one.
///
/// The history is the old image with the new one behind it. Bytes are stored at once and indexed when somebody asks:
/// then in one go, and those of a patch without new bytes never.
struct MatchFinder {
  /// How many bytes must agree.
  private static var minimumLength: Int { 5 }
  /// The factor of the hash, its inverse modulo 2^32, and its fifth power.
  private static var factor: UInt32 { 0x2f0b_4c47 }
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
  mutating func append(_ bits: UInt64, count: Int) {
    guard table.count > 0 else { return }
    history.store(bits, count: count, at: end)
    end += count
  }

  private mutating func index() {
    if oldCount > 0 { indexOld() }
    while indexedEnd < end {
      let byte = history[indexedEnd]
      if length > 0, history[candidate] == byte {
        length = min(length + 1, 63)
        candidate += 1
      } else {
        length = 0
      }
      roll()
      guard indexedEnd >= MatchFinder.minimumLength else { continue }
      let cell = Int(hash >> 8) & (table.count - 1)
      if length == 0 { search(Int(table[cell])) }
      table[cell] = UInt32(indexedEnd)
    }
  }

  /// Indexes the old image; what agrees within it does not matter.
  private mutating func indexOld() {
    let count = oldCount
    oldCount = 0
    while indexedEnd < min(count, MatchFinder.minimumLength - 1) { roll() }
    while indexedEnd < count {
      roll()
      table[Int(hash >> 8) & (table.count - 1)] = UInt32(indexedEnd)
    }
  }

  /// Moves the hash on by a byte.
  @inline(__always)
  private mutating func roll() {
    let byte = UInt32(history[indexedEnd])
    let last = MatchFinder.minimumLength
    let oldest = indexedEnd >= last ? UInt32(history[indexedEnd - last]) &+ 1 : 0
    hash = (hash &* MatchFinder.inverse) &- oldest &+ (byte &+ 1) &* MatchFinder.fifthPower
    indexedEnd += 1
  }

  /// Takes a place as the candidate if enough bytes in front of it agree with the last ones.
  private mutating func search(_ place: Int) {
    candidate = place
    while length < 32, length < place, history[place - 1 - length] == history[indexedEnd - 1 - length] {
      length += 1
    }
    if length < MatchFinder.minimumLength { length = 0 }
  }
}
