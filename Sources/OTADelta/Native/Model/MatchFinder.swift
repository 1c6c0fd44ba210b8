/// Finds what followed the last bytes when they occurred before, in the old image or in the new one.
///
/// The history is the old image with the new one behind it.
struct MatchFinder {
  /// How many bytes must agree.
  private static var minimumLength: Int { 5 }

  private let history: Cells<UInt8>
  private let table: Cells<UInt32>
  private var end = 0
  private var candidate = 0
  private var length = 0

  /// - Parameters:
  ///   - history: room for both images; the old one may be there already.
  ///   - table: a power of two of zeros, or nothing to find nothing.
  init(history: Cells<UInt8>, table: Cells<UInt32>) {
    self.history = history
    self.table = table
  }

  /// Says that the history begins with this many bytes, and indexes them.
  mutating func begin(at count: Int) {
    guard table.count > 0 else { return }
    end = 0
    length = 0
    for index in 0..<count { append(history[index]) }
    length = 0
  }

  /// How many bytes of the history agree with the last ones, and the byte behind them.
  var guess: (byte: UInt8, length: Int)? {
    length > 0 ? (history[candidate], length) : nil
  }

  /// Adds a byte.
  @inline(__always)
  mutating func append(_ byte: UInt8) {
    guard table.count > 0 else { return }
    history[end] = byte
    end += 1
    if length > 0, history[candidate] == byte {
      length = min(length + 1, 63)
      candidate += 1
    } else {
      length = 0
    }
    guard end >= MatchFinder.minimumLength else { return }
    var hash: UInt32 = 0
    for index in 0..<MatchFinder.minimumLength {
      hash = (hash &+ UInt32(history[end - 1 - index]) &+ 1) &* 0x2f0b_4c47
    }
    let cell = Int(hash >> 8) & (table.count - 1)
    if length == 0 {
      candidate = Int(table[cell])
      if candidate > 0 {
        while length < 32, length < candidate, history[candidate - 1 - length] == history[end - 1 - length] {
          length += 1
        }
        if length < MatchFinder.minimumLength { length = 0 }
      }
    }
    table[cell] = UInt32(end)
  }
}
