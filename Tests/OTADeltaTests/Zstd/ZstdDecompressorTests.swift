import OTADelta
import OTADeltaEncoder
import Testing

@testable import OTADeltaZstd

@Suite("Frames of Zstandard")
struct ZstdDecompressorTests {
  static func content(_ generator: inout SeededGenerator) -> [UInt8] {
    let phrase = generator.bytes(300)
    // Two hundred thousand bytes are two blocks: one of them compressed, one of them stored.
    return generator.bytes(700) + phrase + [UInt8](repeating: 9, count: 140_000) + phrase
      + generator.bytes(60_000) + [UInt8](repeating: 3, count: 300_000)
  }

  static func decompress(
    _ frame: [UInt8], prefix: [UInt8] = [], window: UInt64 = 8 << 20, calls: (input: Int, output: Int)
  ) throws -> Decompressed {
    var decompressor = try ZstdDecompressor(maximumWindowSize: window, prefix: prefix.span)
    let result = decompressAll(frame, inputSize: calls.input, outputSize: calls.output) {
      (input, output) throws(DeltaError) in
      try decompressor.decompress(input, into: &output)
    }
    let memory = ZstdDecompressor.memoryRequirement(windowSize: decompressor.header?.windowSize ?? 0)
    #expect(decompressor.allocatedMemory <= Int(memory))
    return result
  }

  /// Calls that do not take seconds for half a megabyte.
  static let largeCalls: [(input: Int, output: Int)] = [
    (7, 5000), (1000, 333), (1 << 20, 4096), (1 << 20, 1 << 20),
  ]

  static let settings: [ZstdEncoder.Settings] = [
    .init(), .init(level: 1, hasChecksum: true), .init(level: 3, windowLogarithm: 10, declaresSize: false),
    .init(level: 22, matchesLongDistance: true, declaresSize: false, hasChecksum: true),
  ]

  @Test("Any sizes of calls give the content, and nothing behind it is consumed", arguments: settings)
  func roundTrip(settings: ZstdEncoder.Settings) throws {
    var generator = SeededGenerator(for: "ZstdDecompressorTests.roundTrip")
    let content = ZstdDecompressorTests.content(&generator)
    let frame = try ZstdEncoder.compress(content.span, settings: settings)
    for calls in ZstdDecompressorTests.largeCalls {
      let result = try ZstdDecompressorTests.decompress(frame + [1, 2, 3], calls: calls)
      let isSame = result == Decompressed(output: content, consumed: frame.count, isAtEnd: true)
      #expect(isSame, "\(result)")
    }
  }

  @Test("A short content survives the smallest calls, with a prefix and without", arguments: settings)
  func short(settings: ZstdEncoder.Settings) throws {
    var generator = SeededGenerator(for: "ZstdDecompressorTests.short")
    let prefix = generator.bytes(900)
    for content in [[], [7], prefix, Array(prefix[100..<800]) + generator.bytes(20)] {
      for prefix in [[], prefix] {
        let frame = try ZstdEncoder.compress(content.span, prefix: prefix.span, settings: settings)
        for calls in callSizes {
          let result = try ZstdDecompressorTests.decompress(frame, prefix: prefix, calls: calls)
          let isSame = result == Decompressed(output: content, consumed: frame.count, isAtEnd: true)
          #expect(isSame, "\(result)")
        }
      }
    }
  }

  @Test("A prefix makes the frame of a similar content small")
  func prefix() throws {
    var generator = SeededGenerator(seed: 4)
    let old = generator.bytes(50_000)
    var new = old
    new.replaceSubrange(20_000..<20_000, with: generator.bytes(40))
    let frame = try ZstdEncoder.compress(new.span, prefix: old.span, settings: .init(windowLogarithm: 17))
    #expect(frame.count < 150)
    let result = try ZstdDecompressorTests.decompress(frame, prefix: old, calls: (64, 4096))
    #expect(result.output == new)
    // Without it, nothing that the frame refers to is there.
    let without = try ZstdDecompressorTests.decompress(frame, calls: (64, 4096))
    #expect(without.error == .corruptStream)
  }

  @Test("Damage gives the same bytes and the same error in all sizes of calls", arguments: settings)
  func damage(settings: ZstdEncoder.Settings) throws {
    var generator = SeededGenerator(for: "ZstdDecompressorTests.damage")
    let content = ZstdDecompressorTests.content(&generator)
    let frame = try ZstdEncoder.compress(content.span, settings: settings)
    var refused = 0
    for round in 0..<16 {
      var damaged = frame
      // Half of it in the first bytes: headers of frame and block.
      // The magic number first: without a checksum nothing else is certain to be refused.
      let range = round == 0 ? 0..<4 : round.isMultiple(of: 2) ? 0..<30 : 0..<damaged.count
      damaged[Int.random(in: range, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      let expected = try ZstdDecompressorTests.decompress(damaged, calls: (1 << 20, 1 << 20))
      if expected.error != nil { refused += 1 }
      for calls in ZstdDecompressorTests.largeCalls {
        var result = try ZstdDecompressorTests.decompress(damaged, calls: calls)
        // How much of the input an error has used up is nobody's business.
        if result.error != nil { result.consumed = expected.consumed }
        let isSame = result == expected
        #expect(isSame, "\(result) instead of \(expected)")
      }
    }
    #expect(refused > 0)
  }

  @Test("A wrong checksum is found behind the content, which came out")
  func checksum() throws {
    let content = [UInt8](repeating: 5, count: 1000)
    var frame = try ZstdEncoder.compress(content.span, settings: .init(hasChecksum: true))
    frame[frame.count - 1] ^= 1
    let result = try ZstdDecompressorTests.decompress(frame, calls: (1 << 20, 1 << 20))
    #expect(result.output == content)
    #expect(result.error == .corruptStream)
  }

  @Test("A window over the limit is refused by the header, one at the limit is accepted")
  func window() throws {
    var generator = SeededGenerator(seed: 6)
    let content = ZstdDecompressorTests.content(&generator)
    let frame = try ZstdEncoder.compress(
      content.span, settings: .init(windowLogarithm: 16, declaresSize: false))
    #expect(try ZstdDecompressorTests.decompress(frame, window: 1 << 16, calls: (64, 4096)).output == content)
    let refused = try ZstdDecompressorTests.decompress(frame, window: 1 << 16 - 1, calls: (64, 4096))
    #expect(refused == Decompressed(output: [], consumed: 0, isAtEnd: false, error: .memoryExceeded))
  }

  @Test("What is no frame is refused: other magic numbers, skippable frames, dictionaries, a reserved bit")
  func refused() throws {
    let cases: [([UInt8], DeltaError)] = [
      ([0x1f, 0x8b, 8, 0, 0, 0], .unsupportedCompression),
      ([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0], .unsupportedCompression),
      ([0x28, 0xb5, 0x2f, 0xfd, 0x21, 9, 1], .unsupportedCompression),
      ([0x28, 0xb5, 0x2f, 0xfd, 0x28, 1, 0], .corruptStream),
    ]
    for (frame, error) in cases {
      for calls in callSizes {
        #expect(try ZstdDecompressorTests.decompress(frame, calls: calls).error == error)
      }
    }
  }

  @Test("Headers of all forms are read", arguments: [0, 1, 200, 300, 70_000, 1 << 20])
  func header(size: Int) throws {
    let content = [UInt8](repeating: 1, count: size)
    let frame = try ZstdEncoder.compress(content.span, settings: .init(hasChecksum: true))
    let header = try #require(try ZstdFrameHeader(frame.span))
    #expect(header.contentSize == UInt64(size))
    #expect(header.windowSize >= UInt64(min(size, 1 << 20)))
    #expect(header.hasChecksum)
    #expect(header.dictionaryIdentifier == 0)
    for count in 0..<header.size {
      #expect(try ZstdFrameHeader(Array(frame.prefix(count)).span) == nil)
    }
  }

  @Test("The longest header, and a window with an eighth")
  func headerFields() throws {
    let long: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0xc3, 0x0b, 4, 3, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0x80]
    let header = try #require(try ZstdFrameHeader(long.span))
    #expect(header.size == ZstdFrameHeader.maximumSize)
    #expect(header.windowSize == 2048 + 3 * 256)
    #expect(header.dictionaryIdentifier == 0x0102_0304)
    #expect(header.contentSize == 0x8000_0000_0000_0001)
    let widest: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff]
    #expect(try ZstdFrameHeader(widest.span)?.windowSize == 15 << 38)
  }
}
