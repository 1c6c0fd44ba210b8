import OTADelta
import OTADeltaEncoder
import OTADeltaLZMA
import Testing

@Suite("Raw LZMA streams")
struct RawLZMATests {
  static func content(_ generator: inout SeededGenerator) -> [UInt8] {
    let phrase = generator.bytes(300)
    return generator.bytes(700) + phrase + [UInt8](repeating: 9, count: 4000) + phrase + generator.bytes(50)
  }

  static func parameters(for content: [UInt8]) throws -> LZMAParameters {
    try LZMAParameters(dictionarySize: RawLZMAEncoder.dictionarySize(for: content.count))
  }

  static func decompress(
    _ stream: [UInt8], _ parameters: LZMAParameters, size: Int, calls: (input: Int, output: Int)
  ) throws -> Decompressed {
    var decompressor = try RawLZMADecompressor(
      parameters: parameters, uncompressedSize: UInt64(size), memoryLimit: .max)
    return decompressAll(stream, inputSize: calls.input, outputSize: calls.output) {
      (input, output) throws(DeltaError) in
      try decompressor.decompress(input, into: &output)
    }
  }

  @Test("Any sizes of calls give the content, whichever the parameters, and nothing behind it is consumed")
  func roundTrip() throws {
    var generator = SeededGenerator(for: "RawLZMATests.roundTrip")
    let content = RawLZMATests.content(&generator)
    for (lc, lp, pb) in [(3, 0, 2), (0, 2, 2), (4, 0, 0), (0, 0, 4), (1, 3, 1)] as [(UInt8, UInt8, UInt8)] {
      let parameters = try LZMAParameters(
        literalContextBits: lc, literalPositionBits: lp, positionBits: pb, dictionarySize: 8 << 10)
      let stream = try RawLZMAEncoder.compress(content.span, parameters: parameters)
      #expect(stream.count < content.count / 2)
      for calls in callSizes {
        let result = try RawLZMATests.decompress(
          stream + [1, 2, 3], parameters, size: content.count, calls: calls)
        let isSame = result == Decompressed(output: content, consumed: stream.count, isAtEnd: true)
        #expect(isSame, "\(result)")
      }
    }
  }

  @Test("Contents of no byte and of one byte have a stream, too", arguments: [0, 1, 2])
  func tiny(count: Int) throws {
    let content = [UInt8](repeating: 7, count: count)
    let parameters = try RawLZMATests.parameters(for: content)
    let stream = try RawLZMAEncoder.compress(content.span, parameters: parameters)
    for calls in callSizes {
      let result = try RawLZMATests.decompress(stream, parameters, size: count, calls: calls)
      let isSame = result == Decompressed(output: content, consumed: stream.count, isAtEnd: true)
      #expect(isSame, "\(result)")
    }
  }

  @Test("A size that is not that of the stream is refused, and never more comes out")
  func wrongSize() throws {
    var generator = SeededGenerator(seed: 8)
    let content = RawLZMATests.content(&generator)
    let parameters = try RawLZMATests.parameters(for: content)
    let stream = try RawLZMAEncoder.compress(content.span, parameters: parameters)
    for size in [0, 1, content.count - 1] {
      let result = try RawLZMATests.decompress(stream, parameters, size: size, calls: (1 << 20, 1 << 20))
      #expect(result.output == Array(content.prefix(size)))
      #expect(result.error == .corruptStream)
    }
    let short = try RawLZMATests.decompress(
      stream, parameters, size: content.count + 1, calls: (1 << 20, 1 << 20))
    #expect(!short.isAtEnd)
  }

  @Test("A stream that was cut is not at its end")
  func truncated() throws {
    var generator = SeededGenerator(seed: 9)
    let content = RawLZMATests.content(&generator)
    let parameters = try RawLZMATests.parameters(for: content)
    let stream = try RawLZMAEncoder.compress(content.span, parameters: parameters)
    for count in [0, 1, 4, 5, 100, stream.count - 1] {
      let result = try RawLZMATests.decompress(
        Array(stream.prefix(count)), parameters, size: content.count, calls: (64, 64))
      #expect(!result.isAtEnd)
      #expect(result.error == nil)
    }
  }

  @Test("Damage gives the same bytes and the same error in all sizes of calls")
  func damage() throws {
    var generator = SeededGenerator(for: "RawLZMATests.damage")
    let content = RawLZMATests.content(&generator)
    let parameters = try RawLZMATests.parameters(for: content)
    let stream = try RawLZMAEncoder.compress(content.span, parameters: parameters)
    var refused = 0
    for _ in 0..<60 {
      var damaged = stream
      damaged[Int.random(in: 0..<damaged.count, using: &generator)] ^=
        1 << UInt8.random(in: 0..<8, using: &generator)
      let expected = try RawLZMATests.decompress(
        damaged, parameters, size: content.count, calls: (1 << 20, 1 << 20))
      if expected.error != nil { refused += 1 }
      for calls in callSizes {
        var result = try RawLZMATests.decompress(damaged, parameters, size: content.count, calls: calls)
        // How much of the input an error has used up is nobody's business.
        if result.error != nil { result.consumed = expected.consumed }
        let isSame = result == expected
        #expect(isSame, "\(result) instead of \(expected)")
      }
    }
    #expect(refused > 10)
  }

  @Test("Parameters that are not allowed are refused")
  func parameters() throws {
    for (lc, lp, pb) in [(5, 0, 0), (0, 5, 0), (3, 2, 0), (0, 0, 5), (255, 255, 0)] as [(UInt8, UInt8, UInt8)]
    {
      #expect(throws: DeltaError.unsupportedCompression) {
        try LZMAParameters(
          literalContextBits: lc, literalPositionBits: lp, positionBits: pb, dictionarySize: 1 << 16)
      }
    }
    for size in [0, 4095, 3 << 29 + 1, .max] as [UInt32] {
      #expect(throws: DeltaError.unsupportedCompression) { try LZMAParameters(dictionarySize: size) }
    }
    _ = try LZMAParameters(
      literalContextBits: 0, literalPositionBits: 4, positionBits: 4, dictionarySize: 3 << 29)
  }

  @Test("Memory follows the dictionary, and the limit is the largest that is accepted")
  func memory() throws {
    let small = try LZMAParameters(dictionarySize: 4 << 10)
    let large = try LZMAParameters(dictionarySize: 1 << 20)
    #expect(small.decoderMemory > 4 << 10)
    #expect(large.decoderMemory - small.decoderMemory == 1 << 20 - 4 << 10)
    _ = try RawLZMADecompressor(
      parameters: large, uncompressedSize: 5, memoryLimit: large.decoderMemory)
    for size in [5, UInt64.max] {
      do throws(DeltaError) {
        _ = try RawLZMADecompressor(
          parameters: large, uncompressedSize: size, memoryLimit: large.decoderMemory - (size == 5 ? 1 : 0))
        Issue.record("accepted")
      } catch {
        #expect(error == .memoryExceeded)
      }
    }
  }

  @Test("The dictionary is the smallest size of the family that holds the content")
  func dictionarySize() {
    let pairs: [(Int, UInt32)] = [
      (0, 4 << 10), (4096, 4 << 10), (4097, 6 << 10), (6145, 8 << 10), (100_000, 128 << 10), (.max, 3 << 29),
    ]
    for (count, size) in pairs { #expect(RawLZMAEncoder.dictionarySize(for: count) == size) }
  }
}
