/// Logits and rates that are looked up instead of computed, where there is memory for it; the values are the same.
struct LogisticMemory {
  /// How many words of 16 bits it takes.
  static var wordCount: Int { 4096 + 1024 }

  private let words: Cells<Int16>

  /// - Parameter words: ``wordCount`` of them, or none.
  init(words: Cells<Int16>) {
    precondition(words.count == 0 || words.count == LogisticMemory.wordCount, "another number of words")
    self.words = words
  }

  /// Whether there is memory for it.
  @inline(__always)
  var isLookedUp: Bool { DecoderProfile.current.hasLargeModels && words.count > 0 }

  /// Computes everything once.
  func fill(_ logistic: inout Logistic) {
    guard isLookedUp else { return }
    for index in 0..<4096 {
      words[index] = Int16(truncatingIfNeeded: logistic.stretch(UInt32(index) << 4 | 8))
    }
    for index in 0..<1024 { words[4096 + index] = Int16(bitPattern: UInt16(computedRate(UInt32(index)))) }
  }

  /// The logit of a probability of 12 bits.
  @inline(__always)
  func stretch(_ probability: UInt32, _ logistic: inout Logistic) -> Int32 {
    isLookedUp ? lookedUpStretch(probability) : logistic.stretch(probability << 4 | 8)
  }

  /// How much of an error a slot learns that has seen some decisions, in 65,536ths.
  @inline(__always)
  func rate(_ seen: UInt32) -> UInt32 {
    isLookedUp ? lookedUpRate(seen) : computedRate(seen)
  }

  /// What ``stretch(_:_:)`` gives, where ``isLookedUp``.
  @inline(__always)
  func lookedUpStretch(_ probability: UInt32) -> Int32 {
    // There are as many words as the mask lets through.
    unsafe Int32(words[unchecked: Int(probability & 4095)])
  }

  /// What ``rate(_:)`` gives, where ``isLookedUp``.
  @inline(__always)
  func lookedUpRate(_ seen: UInt32) -> UInt32 {
    unsafe UInt32(UInt16(bitPattern: words[unchecked: 4096 + Int(seen & 1023)]))
  }

  private func computedRate(_ seen: UInt32) -> UInt32 { 131_072 / (2 * seen + 3) }
}
