import Testing

@testable import OTADelta

@Suite("Model")
struct ModelTests {
  private func squashed(_ logit: Int32) -> UInt32 {
    var logistic = Logistic()
    return logistic.squash(logit)
  }

  private func stretched(_ probability: UInt32) -> Int32 {
    var logistic = Logistic()
    return logistic.stretch(probability)
  }

  @Test("Squash rises from one end to the other")
  func squash() {
    var last: UInt32 = 0
    for logit in -4096...4096 as ClosedRange<Int32> {
      let probability = squashed(logit)
      #expect(probability >= last && probability <= 65535)
      last = probability
    }
    #expect(squashed(0) == 32768)
    // 65536 / (1 + e^-1) and the mirror image.
    #expect(squashed(256) == 47911)
    #expect(squashed(-256) == 65536 - 47911)
    #expect(squashed(Int32.max) == squashed(3071))
    #expect(squashed(Int32.min) == squashed(-3071))
  }

  @Test("Stretch rises, and squash undoes it")
  func stretch() {
    var last = Int32.min
    for probability in 0...65535 as ClosedRange<UInt32> {
      let logit = stretched(probability)
      #expect(logit >= last)
      last = logit
      let again = Int64(squashed(logit))
      let difference = again > Int64(probability) ? again - Int64(probability) : Int64(probability) - again
      // A step of the logit is at most 64 steps of the probability, in the middle.
      #expect(difference <= 64, "\(probability)")
    }
    #expect(stretched(32768) == 0)
    #expect(stretched(0) == -3071)
  }

  @Test("What is remembered is what is computed")
  func memory() {
    var logistic = Logistic()
    let none = LogisticMemory(words: cells([]))
    let memory = LogisticMemory(words: cells([Int16](repeating: 0, count: LogisticMemory.wordCount)))
    memory.fill(&logistic)
    for probability in 0..<4096 as Range<UInt32> {
      let remembered = memory.stretch(probability, &logistic)
      let computed = none.stretch(probability, &logistic)
      #expect(remembered == computed)
    }
    for seen in 0..<1024 as Range<UInt32> { #expect(memory.rate(seen) == none.rate(seen)) }
    #expect(none.rate(0) == 43690)
    #expect(none.rate(1023) == 63)
  }

  /// A symbol of a random kind with random contexts.
  private struct Symbol {
    var kind: Int
    var value: UInt32
    var contexts: [UInt32]
    var guesses: [UInt8]
  }

  private func code<Coder: BitCoder & ~Copyable>(
    _ symbol: Symbol, hidden: Bool, _ mixer: inout ContextMixer, _ coder: inout Coder
  ) -> UInt32 {
    let value = hidden ? 0 : symbol.value
    mixer.begin()
    for context in symbol.contexts { mixer.add(context) }
    switch symbol.kind {
    case 0:
      return mixer.codeFlag(value & 1, weightBase: WeightSet.flag(kind: value & 0), coder: &coder)
    case 1:
      var guesses = Guesses()
      for guess in symbol.guesses { guesses.add(guess, confidence: UInt32(guess & 3)) }
      return UInt32(
        mixer.codeByte(
          UInt8(truncatingIfNeeded: value), guesses: guesses, weightBase: WeightSet.extra, coder: &coder))
    default:
      return mixer.codeNumber(value, kind: .coverLength, coder: &coder)
    }
  }

  @Test("What one model writes, another one reads", arguments: [4, 8, 12, 16])
  func symmetric(slotBits: Int) {
    var generator = SeededGenerator(for: "ModelTests.symmetric")
    let symbols = (0..<2000).map { _ in
      let kind = Int.random(in: 0..<3, using: &generator)
      let value =
        UInt32.random(in: 0...UInt32.max, using: &generator) >> UInt32.random(in: 0...31, using: &generator)
      return Symbol(
        kind: kind, value: kind == 0 ? value & 1 : kind == 1 ? value & 0xff : value,
        contexts: (0..<Int.random(in: 1...6, using: &generator)).map { _ in
          UInt32.random(in: 0...50, using: &generator)
        },
        guesses: generator.bytes(Int.random(in: 0...3, using: &generator)))
    }
    var encoder = RangeEncoder()
    var writer = mixer(slotBits: slotBits, hasMemory: true)
    for symbol in symbols { #expect(code(symbol, hidden: false, &writer, &encoder) == symbol.value) }
    var decoder = WholeDecoder(encoder.finish())
    var reader = mixer(slotBits: slotBits, hasMemory: false)
    for symbol in symbols { #expect(code(symbol, hidden: true, &reader, &decoder) == symbol.value) }
    #expect(decoder.leftCount == 0)
    #expect(decoder.overrunCount <= 4)
  }

  @Test("Numbers at both ends", arguments: [0, 1, 2, 3, 4, 15, 16, 0x7fff_ffff, 0x8000_0000, UInt32.max])
  func numbers(_ number: UInt32) {
    var encoder = RangeEncoder()
    var writer = mixer()
    for kind in [NumberKind.coverGap, .coverShift, .segment] {
      _ = writer.codeNumber(number, kind: kind, coder: &encoder)
    }
    var decoder = WholeDecoder(encoder.finish())
    var reader = mixer()
    for kind in [NumberKind.coverGap, .coverShift, .segment] {
      #expect(reader.codeNumber(0, kind: kind, coder: &decoder) == number)
    }
  }

  @Test("What repeats becomes cheap")
  func learns() {
    var encoder = RangeEncoder()
    var writer = mixer()
    for index in 0..<4000 {
      writer.begin()
      writer.add(UInt32(index & 3))
      writer.add(77)
      _ = writer.codeByte(
        UInt8(index & 3) * 60, guesses: Guesses(), weightBase: WeightSet.extra, coder: &encoder)
    }
    #expect(encoder.finish().count < 600)
  }

  @Test("Matches are found where the last bytes occurred, and the longest follows them")
  func matches() {
    let text = Array("the quick brown fox; the quick brown dog".utf8)
    var finder = MatchFinder(
      history: cells([UInt8](repeating: 0, count: 100)), table: cells([UInt32](repeating: 0, count: 1 << 10)))
    for (index, byte) in text.enumerated() {
      if (26..<36).contains(index) {
        let guess = finder.guess()
        #expect(guess?.byte == byte, "\(index)")
      }
      finder.append(byte)
    }
    // "dog" is not "fox".
    let last = finder.guess()
    #expect(last == nil)
    var nothing = MatchFinder(history: cells([]), table: cells([]))
    for byte in text { nothing.append(byte) }
    let none = nothing.guess()
    #expect(none == nil)
  }
}
