import Testing

@testable import OTADelta

@Suite("Range coder")
struct RangeCoderTests {
  /// Encodes decisions and reads them again.
  private func check(_ decisions: [(bit: UInt32, probability: UInt32)], _ comment: Comment) -> [UInt8] {
    var encoder = RangeEncoder()
    for decision in decisions { _ = encoder.code(decision.bit, probability: decision.probability) }
    let bytes = encoder.finish()
    var decoder = WholeDecoder(bytes)
    var wrong = 0
    for decision in decisions where decoder.code(7, probability: decision.probability) != decision.bit {
      wrong += 1
    }
    #expect(wrong == 0, comment)
    #expect(decoder.overrunCount <= RangeDecoder.initialCount, comment)
    #expect(decoder.leftCount == 0, comment)
    return bytes
  }

  @Test("Random decisions of every probability are read as they were written")
  func random() {
    var generator = SeededGenerator(for: "RangeCoderTests.random")
    for _ in 0..<400 {
      let extremes: [UInt32] = [1, 2, 32767, 32768, 32769, 65534, 65535]
      let count = Int.random(in: 0...300, using: &generator)
      let decisions = (0..<count).map { _ in
        let probability =
          Bool.random(using: &generator)
          ? UInt32.random(in: 1...65535, using: &generator) : extremes.randomElement(using: &generator) ?? 1
        // As likely as said, so that streams are not all full of surprises.
        let bit: UInt32 = UInt32.random(in: 0..<65536, using: &generator) < probability ? 1 : 0
        return (bit: Int.random(in: 0..<8, using: &generator) == 0 ? 1 - bit : bit, probability: probability)
      }
      _ = check(decisions, "\(decisions)")
    }
  }

  @Test("A stream that ends in zeros loses no more of them than a decoder adds", arguments: 0..<200)
  func zerosAtTheEnd(count: Int) {
    // The less likely decision is the lower part of the range: the stream is zeros only.
    let bytes = check((0..<count).map { _ in (bit: 1, probability: 300) }, "\(count)")
    #expect(bytes.allSatisfy { $0 == 0 })
  }

  @Test("A carry runs through a row of 0xff", arguments: 1..<60)
  func carry(count: Int) {
    // The upper part of the range again and again brings the lower end just below a power of two; the last decision
    // lifts it over.
    for last in [1, 255, 4000, 32768, 65535] as [UInt32] {
      var decisions: [(bit: UInt32, probability: UInt32)] = (0..<count).map { _ in
        (bit: 0, probability: 32767)
      }
      decisions.append((bit: 0, probability: last))
      decisions += (0..<count).map { _ in (bit: 1, probability: 65535) }
      _ = check(decisions, "\(count), \(last)")
    }
  }

  @Test("Sure decisions cost almost nothing, surprises sixteen bits")
  func cost() {
    let sure = check((0..<10_000).map { _ in (bit: 1, probability: 65535) }, "sure")
    #expect(sure.count <= 4)
    let surprises = check((0..<100).map { _ in (bit: 0, probability: 65535) }, "surprises")
    #expect((196...204).contains(surprises.count))
  }

  @Test("The queue takes what fits, and the rest after some was read")
  func queue() {
    var decoder = RangeDecoder()
    let bytes = [UInt8](repeating: 0x55, count: 300)
    #expect(decoder.fill(bytes.span) == 256)
    #expect(decoder.fill(bytes.span) == 0)
    decoder.start()
    #expect(decoder.queuedCount == 252)
    #expect(decoder.fill(bytes.span) == 4)
    #expect(decoder.overrunCount == 0)
  }

  @Test("Behind the end zeros are read, and counted")
  func overrun() {
    var decoder = RangeDecoder()
    decoder.start()
    #expect(decoder.overrunCount == 4)
    for _ in 0..<100 { _ = decoder.code(0, probability: 1) }
    #expect(decoder.overrunCount > 4)
  }
}
