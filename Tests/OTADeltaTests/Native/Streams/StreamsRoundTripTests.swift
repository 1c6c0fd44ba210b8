import OTACore
import OTACryptoOpenSSL
import OTADeltaLZMA
import OTADeltaStreams
import Testing

@testable import OTADelta
@testable import OTADeltaEncoder

@Suite("Quick native patches")
struct StreamsRoundTripTests {
  private static let fast = NativeEncoder.Options(effort: .fast)

  /// Makes a patch and applies it in one piece and in single bytes.
  @discardableResult
  private func check(
    _ old: [UInt8], _ new: [UInt8], options: NativeEncoder.Options = fast
  ) throws -> [UInt8] {
    let patch = try NativeEncoder.makePatch(old: old, new: new, options: options)
    let expected = Outcome(output: new, error: nil)
    #expect(try applyHosted(patch, to: old, imageSize: new.count) == expected, "\(old.count), \(new.count)")
    #expect(
      try applyHosted(patch, to: old, imageSize: new.count, chunking: .every(1)) == expected,
      "\(old.count), \(new.count)")
    return patch
  }

  @Test("The smallest images, and empty ones", arguments: 0..<10)
  func smallest(_ index: Int) throws {
    try check(NativeRoundTripTests.small[index].old, NativeRoundTripTests.small[index].new)
  }

  @Test("An image that stays the same costs a header and little more")
  func identical() throws {
    var generator = SeededGenerator(seed: 1)
    let image = generator.bytes(200_000)
    #expect(try check(image, image).count < 64)
  }

  @Test("An image of noise is stored, and costs a header")
  func unrelated() throws {
    var generator = SeededGenerator(seed: 2)
    let patch = try check(generator.bytes(5000), generator.bytes(6000))
    #expect(patch.count <= 6000 + NativeHeader.maximumSize)
    #expect(try nativeHeader(patch).header.coder == .stored)
  }

  @Test("Firmware in which code was inserted")
  func firmware() throws {
    let old = Firmware.thumb.image(seed: 8, functionCount: 400, insertions: [])
    let new = Firmware.thumb.image(seed: 8, functionCount: 400, insertions: [2, 20, 50, 51, 149])
    let patch = try check(old, new)
    #expect(try nativeHeader(patch).header.coder == .streams)
    // As many bytes as Percival's scan with the same streams makes, or a tenth more.
    let scanned = try coversOf(old: old, new: new, isCancelled: { false })[0]
    let plan = StreamPlan(scanned, old: old, new: new)
    var best = 0
    for stream in [plan.covers, plan.runs, plan.differences, plan.extra] {
      best += try PackedStream(stream, triesLZMA: false, isCancelled: { false }).bytes.count
    }
    #expect(patch.count < best * 11 / 10 + NativeHeader.maximumSize)
  }

  @Test("Random images with parts of the old one, moved and changed")
  func random() throws {
    var generator = SeededGenerator(for: "StreamsRoundTripTests.random")
    for _ in 0..<150 {
      let old = generator.bytes(Int.random(in: 0...3000, using: &generator))
      var new: [UInt8] = []
      for _ in 0..<Int.random(in: 0...8, using: &generator) {
        if old.count > 10, Int.random(in: 0..<4, using: &generator) > 0 {
          let start = Int.random(in: 0..<old.count, using: &generator)
          var part = Array(old[start..<min(old.count, start + Int.random(in: 0...900, using: &generator))])
          for index in part.indices where Int.random(in: 0..<40, using: &generator) == 0 { part[index] &+= 3 }
          new += part
        } else {
          let byte = UInt8.random(in: 0...255, using: &generator)
          new +=
            Bool.random(using: &generator)
            ? generator.bytes(Int.random(in: 0...200, using: &generator))
            : [UInt8](repeating: byte, count: 100)
        }
      }
      try check(old, new)
    }
  }

  @Test("No patch is larger than the image in LZMA and 64 bytes", arguments: 0..<4)
  func bound(_ kind: Int) throws {
    var generator = SeededGenerator(seed: 5)
    let old = generator.bytes(20_000)
    let words = (0..<200).map { _ in generator.bytes(6) }
    let text = (0..<20_000).flatMap { _ in words[Int.random(in: 0..<20, using: &generator)] }
    let new: [UInt8] =
      switch kind {
      case 0: text
      case 1: [UInt8](repeating: 0, count: 300_000)
      case 2: Array(old[10_000...]) + text
      default: (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 3 % 251 * ($0 & 3)) }
      }
    let patch = try check(old, new)
    let size = RawLZMAEncoder.dictionarySize(for: new.count)
    let alone = try RawLZMAEncoder.compress(new.span, parameters: try LZMAParameters(dictionarySize: size))
    #expect(patch.count <= alone.count + 64, "\(patch.count) for \(alone.count)")
  }

  @Test("Images that repeat themselves take no more steps for it")
  func repetitive() throws {
    let period = Array("0123456".utf8)
    let old = (0..<200_000).map { period[$0 % 7] }
    var new = (0..<200_000).map { period[($0 + 3) % 7] }
    for index in stride(from: 0, to: new.count, by: 500) { new[index] = 0 }
    var asked = 0
    let covers = try QuickScanner(old: old, new: new).scan {
      asked += 1
      return false
    }
    #expect(covers.count < 2000)
    #expect(asked < 100)
  }

  @Test("Covers follow each other and are the whole image")
  func covers() throws {
    var generator = SeededGenerator(for: "StreamsRoundTripTests.covers")
    for _ in 0..<50 {
      let old = generator.bytes(Int.random(in: 0...2000, using: &generator))
      let cut = Int.random(in: 0...old.count, using: &generator)
      let new = old[cut...] + generator.bytes(30) + old[..<cut]
      let covers = try QuickScanner(old: old, new: Array(new)).scan { false }
      var end = 0
      for cover in covers {
        #expect(cover.newPosition == end && cover.similarCount >= 0 && cover.extraCount >= 0)
        #expect(cover.oldPosition >= 0 && cover.oldPosition + cover.similarCount <= old.count)
        end += cover.similarCount + cover.extraCount
      }
      #expect(end == new.count)
    }
  }

  @Test("Two runs give the same bytes")
  func deterministic() throws {
    let first = try NativeEncoder.makePatch(
      old: NativeSample.old, new: NativeSample.new, options: StreamsRoundTripTests.fast)
    #expect(try check(NativeSample.old, NativeSample.new) == first)
  }

  @Test("Where the decoder may take less memory, the patch is one for devices")
  func memory() throws {
    let old = Firmware.thumb.image(seed: 8, functionCount: 150, insertions: [])
    let new = Firmware.thumb.image(seed: 8, functionCount: 150, insertions: [2, 20])
    let quick = try check(old, new)
    let needed = try NativeHostDecoder<OpenSSLSHA256>.memoryRequirement(of: quick.span)
    var options = StreamsRoundTripTests.fast
    options.memory = UInt32(needed)
    #expect(try check(old, new, options: options) == quick)
    options.memory = UInt32(needed - 1)
    let small = try check(old, new, options: options)
    #expect(try nativeHeader(small).header.coder == .adaptive)
  }

  @Test("Whoever asks for it stops the encoder, at any of the times that it asks")
  func cancellation() throws {
    var total = 0
    _ = try NativeEncoder.makePatch(
      old: NativeSample.old, new: NativeSample.new, options: StreamsRoundTripTests.fast
    ) {
      total += 1
      return false
    }
    #expect(total > 3)
    for stop in 1...total {
      var asked = 0
      #expect(throws: DeltaEncoderError.cancelled, "\(stop) of \(total)") {
        try NativeEncoder.makePatch(
          old: NativeSample.old, new: NativeSample.new, options: StreamsRoundTripTests.fast
        ) {
          asked += 1
          return asked >= stop
        }
      }
      #expect(asked == stop)
    }
  }
}
