import OTACore
import OTADelta
import OTADeltaVCDIFF
import Testing

@testable import OTADeltaEncoder

@Suite("VCDIFF: making patches")
struct VCDIFFEncoderTests {
  @Test("Edge cases come back, in every chunking", arguments: RoundTripTests.edges)
  func edges(pair: ImagePair) throws {
    let patch = try VCDIFFEncoder.makePatch(old: pair.old, new: pair.new)
    #expect(try vcdiffImageSize(patch) == pair.new.count)
    for chunking in Chunking.all {
      let outcome = try applyVCDIFF(patch, to: pair.old, imageSize: pair.new.count, chunking: chunking)
      #expect(outcome == Outcome(output: pair.new, error: nil), "\(chunking)")
    }
  }

  @Test("Random pairs come back; cut or changed patches give one outcome in every chunking")
  func randomPairs() throws {
    var generator = SeededGenerator(for: "VCDIFF randomPairs")
    for round in 0..<60 {
      let pair = RoundTripTests.randomPair(&generator)
      let patch = try VCDIFFEncoder.makePatch(
        old: pair.old, new: pair.new, hasChecksums: round % 2 == 0, isCancelled: { false })
      for chunking in Chunking.all + [.random(seed: UInt64(round))] {
        let outcome = try applyVCDIFF(patch, to: pair.old, imageSize: pair.new.count, chunking: chunking)
        #expect(outcome == Outcome(output: pair.new, error: nil), "round \(round), \(chunking)")
      }
      var changed = patch
      if round % 3 == 0 {
        changed.removeLast(Int.random(in: 1...patch.count, using: &generator))
      } else {
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
          changed[Int.random(in: 0..<patch.count, using: &generator)] = UInt8.random(
            in: 0...255, using: &generator)
        }
      }
      let whole = try applyVCDIFF(changed, to: pair.old, imageSize: pair.new.count)
      if round % 3 == 0 { #expect(whole.error == .truncated) }
      for chunking in Chunking.all + [.random(seed: UInt64(round))] {
        let outcome = try applyVCDIFF(changed, to: pair.old, imageSize: pair.new.count, chunking: chunking)
        #expect(outcome == whole, "round \(round), \(chunking)")
      }
    }
  }

  @Test("Images of several windows come back, and so does one whose last window is full")
  func severalWindows() throws {
    var generator = SeededGenerator(for: "severalWindows")
    for round in 0..<20 {
      let pair = RoundTripTests.randomPair(&generator)
      let windowSize =
        round % 4 == 0 ? max(1, pair.new.count / 2) : Int.random(in: 1...500, using: &generator)
      let patch = try VCDIFFEncoder.makePatch(
        old: pair.old, new: pair.new, hasChecksums: true, windowSize: windowSize, isCancelled: { false })
      for chunking in Chunking.all {
        let outcome = try applyVCDIFF(patch, to: pair.old, imageSize: pair.new.count, chunking: chunking)
        #expect(outcome == Outcome(output: pair.new, error: nil), "round \(round), \(chunking)")
      }
    }
  }

  @Test("Noise makes sections that are hardly longer than it, so the largest window fits what is declared")
  func noise() throws {
    var generator = SeededGenerator(for: "noise")
    let new = generator.bytes(200_000)
    let patch = try VCDIFFEncoder.makePatch(old: generator.bytes(1000), new: new)
    #expect(patch.count < new.count + new.count / 1000)
    let window = VCDIFFEncoder.windowSize
    #expect(
      Int(VCDIFFDecoder.baseMemory) + window + window + window / 1000 < Int(VCDIFFEncoder.decoderMemory))
    #expect(VCDIFFEncoder.decoderMemory <= Limits().decoderMemory)
  }

  @Test("The same images give the same patch, and the pieces of it that the RFC has names for")
  func deterministic() throws {
    let (old, new) = CorruptionTests.pair()
    let patch = try VCDIFFEncoder.makePatch(old: old, new: new)
    #expect(try VCDIFFEncoder.makePatch(old: old, new: new) == patch)
    #expect(patch.starts(with: vcdiffHeader + [5]))
    let plain = try VCDIFFEncoder.makePatch(
      old: old, new: new, hasChecksums: false, isCancelled: { false })
    #expect(plain.starts(with: vcdiffHeader + [1]))
    #expect(plain.count == patch.count - 4)
  }

  @Test("The steps of the instructions' example are found: copies, new bytes, a run, a period")
  func example() throws {
    let old = Array("abcdefghijklmnop".utf8)
    let new = Array("abcdwxyzefghefghefghefghzzzzzzzz".utf8)
    var parser = try VCDIFFParser(old: old, new: new, windowSize: new.count)
    let steps = try parser.parse(0..<new.count, isCancelled: { false })
    #expect(
      steps == [
        .copyOld(position: 0, count: 4), .add(count: 4), .copyOld(position: 4, count: 4),
        .copyNew(position: 8, count: 12), .run(count: 8),
      ])
  }

  @Test("Cancelling stops, before and within the search")
  func cancelled() throws {
    #expect(throws: DeltaEncoderError.cancelled) {
      _ = try VCDIFFEncoder.makePatch(old: [1], new: [2], isCancelled: { true })
    }
    var generator = SeededGenerator(seed: 4)
    let (old, new) = (generator.bytes(20_000), generator.bytes(20_000))
    var parser = try VCDIFFParser(old: old, new: new, windowSize: new.count)
    var count = 0
    #expect(throws: DeltaEncoderError.cancelled) {
      _ = try parser.parse(0..<new.count) {
        count += 1
        return count == 3
      }
    }
    #expect(count == 3)
  }

  @Test("A cancelled task makes no patch")
  func cancelledTask() async {
    let (old, new) = CorruptionTests.pair()
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      _ = try VCDIFFEncoder.makePatch(old: old, new: new)
    }
    task.cancel()
    let result = await task.result
    #expect(throws: DeltaEncoderError.cancelled) { try result.get() }
  }

  @Test("A patch on the wrong old image is refused or gives another image, never a trap")
  func wrongSource() throws {
    var generator = SeededGenerator(for: "VCDIFF wrongSource")
    for _ in 0..<60 {
      let pair = RoundTripTests.randomPair(&generator)
      let patch = try VCDIFFEncoder.makePatch(
        old: pair.old, new: pair.new, hasChecksums: false, isCancelled: { false })
      let wrong = generator.bytes(Int.random(in: 0...2000, using: &generator))
      let outcome = try applyVCDIFF(patch, to: wrong, imageSize: pair.new.count)
      #expect(outcome.error == nil || outcome.error == .sourceOutOfRange)
      #expect(outcome.output.count <= pair.new.count)
    }
  }

  @Test(
    "Real firmware comes back",
    .enabled(if: SharedFolder.hasCorpus("m4-mpy-pyboard-patch"), "../shared/corpus is not here"))
  func corpus() throws {
    let old = try SharedFolder.bytes("m4-mpy-pyboard-patch", "old.bin")
    let new = try SharedFolder.bytes("m4-mpy-pyboard-patch", "new.bin")
    let patch = try VCDIFFEncoder.makePatch(old: old, new: new)
    print("m4-mpy-pyboard-patch: \(patch.count) of \(new.count) bytes")
    #expect(patch.count < new.count / 8)
    for chunking in [Chunking.whole, .every(1), .every(1000)] {
      let outcome = try applyVCDIFF(patch, to: old, imageSize: new.count, chunking: chunking)
      #expect(outcome == Outcome(output: new, error: nil), "\(chunking)")
    }
  }
}
