import OTACore
import OTADelta
import OTADeltaEncoder
import OTADeltaVCDIFF
import Testing

@Suite(
  "VCDIFF: with xdelta3", .enabled(if: XDelta3.path != nil, "xdelta3 is not installed: skipped, not passed"))
struct VCDIFFInteropTests {
  static let options: [[String]] = [
    [], ["-9"], ["-1"], ["-9", "-S", "none"], ["-9", "-S", "lzma"], ["-n", "-S", "none"], ["-A"],
    ["-W", "16384"], ["-W", "16384", "-S", "none"],
  ]

  /// Images with code-like repetitions and edits.
  static func pair(seed: UInt64, size: Int) -> ImagePair {
    var generator = SeededGenerator(seed: seed)
    let words = (0..<200).map { _ in generator.bytes(Int.random(in: 2...40, using: &generator)) }
    var old: [UInt8] = []
    while old.count < size { old += words.randomElement(using: &generator) ?? [] }
    var new = old
    for _ in 0..<size / 500 {
      let place = Int.random(in: 0..<new.count, using: &generator)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: new.insert(contentsOf: generator.bytes(Int.random(in: 1...30, using: &generator)), at: place)
      case 1: new.removeSubrange(place..<min(new.count, place + 20))
      case 2: new.insert(contentsOf: [UInt8](repeating: 0xff, count: 100), at: place)
      default: new[place] &+= 4
      }
    }
    return ImagePair(name: "words", old: old, new: new)
  }

  @Test("What xdelta3 writes is applied, in every chunking", arguments: options)
  func theirsByOurs(options: [String]) throws {
    let pair = VCDIFFInteropTests.pair(seed: 1, size: 60_000)
    let patch = try XDelta3.encode(old: pair.old, new: pair.new, options)
    #expect(try vcdiffImageSize(patch) == pair.new.count)
    for chunking in [Chunking.whole, .every(1), .every(512), .random(seed: 1)] {
      let outcome = try applyVCDIFF(
        patch, to: pair.old, imageSize: pair.new.count, chunking: chunking)
      #expect(outcome == Outcome(output: pair.new, error: nil), "\(chunking)")
    }
  }

  @Test("What xdelta3 compresses with DJW or FGK is refused as that", arguments: ["djw", "fgk"])
  func otherCompressors(name: String) throws {
    let pair = VCDIFFInteropTests.pair(seed: 1, size: 60_000)
    let patch = try XDelta3.encode(old: pair.old, new: pair.new, ["-S", name])
    let outcome = try applyVCDIFF(
      patch, to: pair.old, imageSize: pair.new.count)
    #expect(outcome == Outcome(output: [], error: .unsupportedCompression))
  }

  @Test("What the lzma of xdelta3 takes is held against the limit")
  func lzmaMemory() throws {
    let pair = VCDIFFInteropTests.pair(seed: 1, size: 60_000)
    let patch = try XDelta3.encode(old: pair.old, new: pair.new)
    // Three streams with dictionaries of 256 KiB, whatever the level.
    let outcome = try applyVCDIFF(
      patch, to: pair.old, imageSize: pair.new.count, limits: Limits(decoderMemory: 700_000))
    #expect(outcome.error == .memoryExceeded)
    #expect(outcome.output.isEmpty)
  }

  @Test("A damaged lzma section is refused, or the checksum finds it, and nothing traps")
  func damagedSections() throws {
    let pair = VCDIFFInteropTests.pair(seed: 1, size: 20_000)
    let patch = try XDelta3.encode(old: pair.old, new: pair.new, ["-W", "16384"])
    var generator = SeededGenerator(for: "damagedSections")
    for _ in 0..<300 {
      var damaged = patch
      let place = Int.random(in: 0..<patch.count, using: &generator)
      damaged[place] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &generator)
      let outcome = try applyVCDIFF(
        damaged, to: pair.old, imageSize: pair.new.count)
      #expect(outcome.error != nil || outcome.output == pair.new)
    }
  }

  @Test("What we write is applied by xdelta3", arguments: RoundTripTests.edges, [true, false])
  func oursByTheirs(pair: ImagePair, hasChecksums: Bool) throws {
    let patch = try VCDIFFEncoder.makePatch(
      old: pair.old, new: pair.new, hasChecksums: hasChecksums, isCancelled: { false })
    #expect(try XDelta3.decode(old: pair.old, patch: patch) == pair.new)
  }

  @Test("xdelta3 applies random pairs of ours; ours is not larger than its own without its compression")
  func randomPairs() throws {
    var generator = SeededGenerator(for: "randomPairs")
    for _ in 0..<20 {
      let pair = VCDIFFInteropTests.pair(
        seed: generator.next(), size: Int.random(in: 1...80_000, using: &generator))
      let patch = try VCDIFFEncoder.makePatch(old: pair.old, new: pair.new)
      #expect(try XDelta3.decode(old: pair.old, patch: patch) == pair.new)
      let theirs = try XDelta3.encode(old: pair.old, new: pair.new, ["-9", "-S", "none"])
      #expect(patch.count <= theirs.count)
    }
  }

  @Test("xdelta3 refuses our patch on another image by our checksum")
  func checksum() throws {
    let pair = VCDIFFInteropTests.pair(seed: 2, size: 10_000)
    let patch = try VCDIFFEncoder.makePatch(old: pair.old, new: pair.new)
    let wrong = pair.old.map { $0 ^ 1 }
    #expect(throws: XDelta3.Failure.self) { try XDelta3.decode(old: wrong, patch: patch) }
    let outcome = try applyVCDIFF(patch, to: wrong, imageSize: pair.new.count)
    #expect(outcome == Outcome(output: [], error: .outputMismatch))
  }
}
