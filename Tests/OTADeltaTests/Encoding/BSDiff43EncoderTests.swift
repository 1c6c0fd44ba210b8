import OTACore
import OTADelta
import Synchronization
import Testing

@testable import OTADeltaEncoder

@Suite("Making patches")
struct BSDiff43EncoderTests {
  @Test("The same images give the same patch")
  func deterministic() throws {
    let (old, new) = CorruptionTests.pair()
    let patch = try BSDiff43Encoder.makePatch(old: old, new: new)
    #expect(try BSDiff43Encoder.makePatch(old: old, new: new) == patch)
  }

  @Test("The patch of an image to itself is small")
  func sameImage() throws {
    var generator = SeededGenerator(seed: 2)
    let image = generator.bytes(100_000)
    #expect(try BSDiff43Encoder.makePatch(old: image, new: image).count < 200)
  }

  @Test("A few changed bytes and an insertion cost little more than themselves")
  func smallChange() throws {
    var generator = SeededGenerator(seed: 3)
    let old = generator.bytes(50_000)
    var new = old
    for index in stride(from: 1000, to: 50_000, by: 1000) { new[index] ^= 0x55 }
    new.insert(contentsOf: generator.bytes(100), at: 500)
    #expect(try BSDiff43Encoder.makePatch(old: old, new: new).count < 1000)
  }

  @Test("No two triples in a row are empty, and the first is the only empty one")
  func emptyCovers() throws {
    var generator = SeededGenerator(for: "emptyCovers")
    for _ in 0..<200 {
      let pair = RoundTripTests.randomPair(&generator)
      let covers = try CoverScanner(old: pair.old, new: pair.new).scan(isCancelled: { false })
      let triples = ControlTriple.triples(for: covers)
      #expect(triples.dropFirst().allSatisfy { $0.cover.similarCount + $0.cover.extraCount > 0 })
    }
  }

  @Test("A wish to stop is asked for before each stage and obeyed")
  func cancelledByClosure() throws {
    let (old, new) = CorruptionTests.pair()
    var asked = 0
    _ = try BSDiff43Encoder.makePatch(
      old: old, new: new,
      isCancelled: {
        asked += 1
        return false
      })
    #expect(asked >= 4)
    for stop in 1...asked {
      var count = 0
      #expect(throws: DeltaEncoderError.cancelled) {
        _ = try BSDiff43Encoder.makePatch(
          old: old, new: new,
          isCancelled: {
            count += 1
            return count == stop
          })
      }
    }
  }

  @Test("A long scan asks for the wish to stop within")
  func cancelledWithinTheScan() throws {
    var generator = SeededGenerator(seed: 4)
    let scanner = try CoverScanner(old: generator.bytes(20_000), new: generator.bytes(20_000))
    var count = 0
    #expect(throws: DeltaEncoderError.cancelled) {
      _ = try scanner.scan(isCancelled: {
        count += 1
        return true
      })
    }
    #expect(count == 1)
  }

  @Test("A cancelled task makes no patch")
  func cancelledTask() async {
    let (old, new) = CorruptionTests.pair()
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      _ = try BSDiff43Encoder.makePatch(old: old, new: new)
    }
    task.cancel()
    let result = await task.result
    #expect(throws: DeltaEncoderError.cancelled) { try result.get() }
  }

  @Test("Every error has a stable number")
  func codes() {
    #expect(DeltaEncoderError.imageTooLarge.code == .limitExceeded)
    #expect(DeltaEncoderError.outOfMemory.code == .deltaMemoryExceeded)
    #expect(DeltaEncoderError.cancelled.code == .cancelled)
    #expect(DeltaEncoderError.verificationFailed(.outputMismatch).code == .deltaOutputMismatch)
  }
}

@Suite("Finding matches")
struct CoverTests {
  @Test("The longest match is as long as a search through everything says")
  func longestMatch() throws {
    var generator = SeededGenerator(for: "longestMatch")
    for _ in 0..<40 {
      let alphabet = UInt8([0, 1, 3, 255].randomElement(using: &generator) ?? 1)
      let old = (0..<Int.random(in: 0...80, using: &generator)).map { _ in
        UInt8.random(in: 0...alphabet, using: &generator)
      }
      let new = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
        UInt8.random(in: 0...alphabet, using: &generator)
      }
      let suffixes = try SuffixArray(old)
      for start in 0..<new.count {
        var longest = 0
        for position in 0..<old.count {
          longest = max(longest, commonLength(new.span, start, old.span, position, from: 0))
        }
        let match = suffixes.longestMatch(of: new.span, from: start, in: old.span)
        #expect(match.length == longest)
        #expect(match.position + match.length <= old.count)
        #expect(
          new[start..<start + match.length] == old[match.position..<match.position + match.length])
      }
    }
  }

  @Test("Covers are all of the new image, in order, and stay inside the old one")
  func coversAreComplete() throws {
    var generator = SeededGenerator(for: "coversAreComplete")
    for _ in 0..<100 {
      let pair = RoundTripTests.randomPair(&generator)
      let covers = try CoverScanner(old: pair.old, new: pair.new).scan(isCancelled: { false })
      var position = 0
      for cover in covers {
        #expect(cover.newPosition == position)
        #expect(cover.similarCount >= 0 && cover.extraCount >= 0)
        #expect(cover.oldPosition >= 0 && cover.oldPosition + cover.similarCount <= pair.old.count)
        position += cover.similarCount + cover.extraCount
      }
      #expect(position == pair.new.count)
    }
  }

  @Test("Images that repeat themselves take few searches, not one a byte squared")
  func repetitiveImages() throws {
    // A near-copy whose long matches disagree with the followed diagonal in a few bytes: the bad case of the scan.
    let old = [UInt8](repeating: 0, count: 60_000)
    var new = [UInt8](repeating: 0, count: 60_000)
    for index in stride(from: 5000, to: 60_000, by: 5000) { new[index] = 1 }
    let patch = try BSDiff43Encoder.makePatch(old: old, new: new)
    #expect(try apply(patch, to: old, imageSize: new.count) == Outcome(output: new, error: nil))
    #expect(patch.count < 1000)
  }
}
