import OTACore
import OTADelta
import OTADeltaBZip2
import OTADeltaEncoder
import Testing

@Suite("Round trips of BSDIFF40")
struct BSDiff40RoundTripTests {
  @Test("Edge cases come back, in every chunking", arguments: RoundTripTests.edges)
  func edge(pair: ImagePair) throws {
    let patch = try BSDiff40Encoder.makePatch(old: pair.old, new: pair.new)
    for chunking in Chunking.all {
      let outcome = try apply40(patch, to: pair.old, imageSize: pair.new.count, chunking: chunking)
      #expect(outcome == Outcome(output: pair.new, error: nil), "\(chunking)")
    }
  }

  @Test("Images that differ by random edits come back, in every chunking")
  func randomEdits() throws {
    var generator = SeededGenerator(for: "randomEdits of BSDIFF40")
    for round in 0..<30 {
      let pair = RoundTripTests.randomPair(&generator)
      let patch = try BSDiff40Encoder.makePatch(old: pair.old, new: pair.new)
      for chunking in Chunking.all + [.random(seed: UInt64(round))] {
        let outcome = try apply40(patch, to: pair.old, imageSize: pair.new.count, chunking: chunking)
        #expect(outcome == Outcome(output: pair.new, error: nil), "round \(round), \(chunking)")
      }
    }
  }

  @Test("A patch of more than a block of each buffer comes back, in every chunking")
  func large() throws {
    var generator = SeededGenerator(seed: 21)
    let old = generator.bytes(300_000)
    var new = old
    // Differences and extra bytes that do not compress, more than 64 KiB of each.
    for index in 0..<150_000 where index % 2 == 0 {
      new[index] &+= UInt8.random(in: 1...255, using: &generator)
    }
    new.insert(contentsOf: generator.bytes(120_000), at: 200_000)
    let patch = try BSDiff40Encoder.makePatch(old: old, new: new)
    let header = try BSDiff40Header(patch.span)
    #expect(header.differenceSize > 1 << 16)
    #expect(UInt64(patch.count) - header.controlSize - header.differenceSize > 1 << 16)
    for chunking in [Chunking.whole, .every(1), .every(1000), .every(1 << 16), .random(seed: 3)] {
      let outcome = try apply40(patch, to: old, imageSize: new.count, chunking: chunking)
      #expect(outcome == Outcome(output: new, error: nil), "\(chunking)")
    }
  }

  @Test("The image begins before the last stream arrives, if nothing of it is needed")
  func early() throws {
    var generator = SeededGenerator(seed: 22)
    let old = generator.bytes(50_000)
    let new = old + generator.bytes(5000)
    let patch = try BSDiff40Encoder.makePatch(old: old, new: new)
    let header = try BSDiff40Header(patch.span)
    var decoder = try BSDiff40Decoder<BZip2Inflater>(
      imageSize: UInt32(new.count), sourceSize: UInt32(old.count), limits: bzip2Limits)
    var source = MemorySource(old)
    var sink = MemorySink()
    let end = BSDiff40Format.headerSize + Int(header.controlSize + header.differenceSize)
    try decoder.push(Array(patch.prefix(end)).span, source: &source, sink: &sink)
    #expect(sink.bytes == old)
    try decoder.push(Array(patch.dropFirst(end)).span, source: &source, sink: &sink)
    try decoder.finish()
    try decoder.finish()
    #expect(sink.bytes == new)
  }

  @Test("A patch cut anywhere is truncated, and what was written is a prefix of the image")
  func truncations() throws {
    let (old, new) = CorruptionTests.pair()
    let patch = try BSDiff40Encoder.makePatch(old: old, new: new)
    for length in 0..<patch.count {
      for chunking in [Chunking.whole, .every(1), .every(7)] {
        let outcome = try apply40(
          Array(patch.prefix(length)), to: old, imageSize: new.count, chunking: chunking)
        #expect(outcome.error == .truncated, "\(length) bytes")
        #expect(new.starts(with: outcome.output), "\(length) bytes")
      }
    }
  }

  @Test("A patch with any bit flipped gives an error or the right image, the same in two chunkings")
  func bitFlips() throws {
    let (old, new) = CorruptionTests.pair()
    let patch = try BSDiff40Encoder.makePatch(old: old, new: new)
    var refused = 0
    for bit in 0..<patch.count * 8 {
      var damaged = patch
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      let outcome = try apply40(damaged, to: old, imageSize: new.count)
      #expect(outcome.error != nil || outcome.output == new, "bit \(bit)")
      #expect(outcome.output.count <= new.count)
      let dripped = try apply40(damaged, to: old, imageSize: new.count, chunking: .every(1))
      #expect(dripped == outcome, "bit \(bit)")
      if outcome.error != nil { refused += 1 }
    }
    // Of each stream, up to seven bits at its end say nothing, the level may be another, and so may the bits that say
    // how the Huffman tables are used.
    print("bit flips of BSDIFF40: \(refused) of \(patch.count * 8) refused")
    #expect(refused > patch.count * 8 * 9 / 10)
  }

  @Test("A patch with random bytes replaced, removed and added never traps and never lies")
  func randomDamage() throws {
    var generator = SeededGenerator(for: "randomDamage of BSDIFF40")
    let (old, new) = CorruptionTests.pair()
    let patch = try BSDiff40Encoder.makePatch(old: old, new: new)
    for round in 0..<400 {
      var damaged = patch
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<damaged.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: damaged[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: damaged.remove(at: place)
        default: damaged.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        }
      }
      let outcome = try apply40(damaged, to: old, imageSize: new.count)
      #expect(outcome.error != nil || outcome.output == new)
      #expect(outcome.output.count <= new.count)
      for chunking in [Chunking.every(1), .random(seed: UInt64(round))] {
        #expect(try apply40(damaged, to: old, imageSize: new.count, chunking: chunking) == outcome)
      }
    }
  }

  @Test("Random control data under right checksums never traps and never writes too much")
  func randomControls() throws {
    var generator = SeededGenerator(for: "randomControls of BSDIFF40")
    let old = generator.bytes(100)
    for round in 0..<300 {
      var builder = BSDiff40Builder(size: 200)
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        func number() -> Int64 {
          switch Int.random(in: 0..<8, using: &generator) {
          case 0: Int64.random(in: -Int64.max...Int64.max, using: &generator)
          case 1: -Int64.random(in: 0...10, using: &generator)
          default: Int64.random(in: 0...60, using: &generator)
          }
        }
        builder.add(difference: number(), extra: number(), seek: number())
      }
      if Bool.random(using: &generator) {
        builder.controlSizeWord = UInt64.random(in: 0...200, using: &generator)
      }
      if Bool.random(using: &generator) { builder.extra.append(1) }
      let patch = try builder.patch()
      let outcome = try apply40(patch, to: old, imageSize: 200)
      #expect(outcome.output.count <= 200)
      #expect(outcome.error != nil || outcome.output.count == 200)
      for chunking in [Chunking.every(1), .random(seed: UInt64(round))] {
        #expect(try apply40(patch, to: old, imageSize: 200, chunking: chunking) == outcome)
      }
    }
  }

  @Test("The same images give the same patch, and a wish to stop is obeyed wherever it comes")
  func deterministicAndCancellable() throws {
    let (old, new) = CorruptionTests.pair()
    var asked = 0
    let patch = try BSDiff40Encoder.makePatch(
      old: old, new: new,
      isCancelled: {
        asked += 1
        return false
      })
    #expect(try BSDiff40Encoder.makePatch(old: old, new: new) == patch)
    #expect(asked >= 5)
    for stop in 1...asked {
      var count = 0
      #expect(throws: DeltaEncoderError.cancelled) {
        _ = try BSDiff40Encoder.makePatch(
          old: old, new: new,
          isCancelled: {
            count += 1
            return count == stop
          })
      }
    }
  }

  @Test(
    "Real firmware takes no more than with bsdiff 4.3",
    .enabled(if: SharedFolder.hasCorpus("m4-mpy-pyboard-patch"), "../shared/corpus is not here"),
    arguments: [
      // What bsdiff 4.3 of Debian 12 writes.
      ("m4-mpy-pyboard-patch", 7549), ("m4-lua-insert", 5272), ("m4-greatfet", 8030),
      ("m0-microbit-mpy", 135_242),
    ])
  func corpus(row: (pair: String, size: Int)) throws {
    let old = try SharedFolder.bytes(row.pair, "old.bin")
    let new = try SharedFolder.bytes(row.pair, "new.bin")
    let patch = try BSDiff40Encoder.makePatch(old: old, new: new)
    #expect(patch.count <= row.size)
    for chunking in [Chunking.whole, .every(1000)] {
      let outcome = try apply40(patch, to: old, imageSize: new.count, chunking: chunking)
      #expect(outcome == Outcome(output: new, error: nil), "\(chunking)")
    }
  }
}
