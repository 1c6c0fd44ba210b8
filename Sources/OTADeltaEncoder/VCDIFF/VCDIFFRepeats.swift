/// Earlier places of a window, by their next four bytes.
struct VCDIFFRepeats {
  private static var hashBits: UInt32 { 16 }

  /// The last place with a hash, relative to the window; -1 for none.
  private var heads: [Int32]
  /// The place before, with the same hash.
  private var previous: [Int32]
  private var start = 0

  /// Makes room.
  ///
  /// - Parameter capacity: the most bytes of a window.
  init(capacity: Int) {
    heads = [Int32](repeating: -1, count: 1 << Int(VCDIFFRepeats.hashBits))
    previous = [Int32](repeating: -1, count: capacity)
  }

  /// Forgets everything.
  mutating func begin(at start: Int) {
    self.start = start
    for index in heads.indices { heads[index] = -1 }
  }

  /// Remembers places, in their order.
  mutating func insert(_ places: Range<Int>, of bytes: Span<UInt8>) {
    for place in places {
      guard let hash = VCDIFFRepeats.hash(bytes, place) else { return }
      previous[place - start] = heads[hash]
      heads[hash] = Int32(place - start)
    }
  }

  /// The last place whose four bytes may be those at `place`.
  func last(for place: Int, of bytes: Span<UInt8>) -> Int? {
    guard let hash = VCDIFFRepeats.hash(bytes, place), heads[hash] >= 0 else { return nil }
    return start + Int(heads[hash])
  }

  /// The place before one that was found.
  func before(_ place: Int) -> Int? {
    let earlier = previous[place - start]
    return earlier >= 0 ? start + Int(earlier) : nil
  }

  private static func hash(_ bytes: Span<UInt8>, _ place: Int) -> Int? {
    guard place + 4 <= bytes.count else { return nil }
    var word: UInt32 = 0
    for index in 0..<4 { word = word << 8 | UInt32(bytes[place + index]) }
    // Knuth's multiplicative hash: the golden ratio of 2^32; wrapping is what is meant.
    return Int((word &* 2_654_435_761) >> (32 - hashBits))
  }
}
