import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTADeltaStreams
import OTADeltaZlib
import Testing

@testable import OTADelta
@testable import OTADeltaEncoder

@Suite("Decoding streams")
struct StreamsDecoderTests {
  typealias Stream = StreamPatchBuilder.Stream

  /// What comes of a patch, the same for every division.
  private func outcome(
    _ builder: StreamPatchBuilder, limits: Limits = nativeLimits, _ patch: [UInt8]? = nil
  ) throws -> Outcome {
    let patch = patch ?? builder.patch
    let whole = try applyStreams(patch, to: builder.old, imageSize: builder.new.count, limits: limits)
    for chunking in Chunking.all {
      let pieces = try applyHosted(
        patch, to: builder.old, imageSize: builder.new.count, limits: limits, chunking: chunking)
      #expect(pieces == whole, "\(chunking)")
    }
    return whole
  }

  /// The error of a patch that is refused before the first write.
  private func refusal(_ change: (inout StreamPatchBuilder) throws -> Void) throws -> DeltaError? {
    var builder = StreamPatchBuilder.sample
    try change(&builder)
    let outcome = try outcome(builder)
    #expect(outcome.output.isEmpty)
    return outcome.error
  }

  @Test("Each stream in each of the methods")
  func methods() throws {
    for index in 0..<81 {
      var builder = StreamPatchBuilder.sample
      var left = index
      for path in [\StreamPatchBuilder.covers, \.runs, \.differences, \.extra] {
        let content = builder[keyPath: path].bytes
        switch left % 3 {
        case 1: builder[keyPath: path] = try .lzma(content)
        case 2: builder[keyPath: path] = try .zstd(content)
        default: break
        }
        left /= 3
      }
      let patch = builder.patch
      for chunking in [.whole, .every(1), .every(7)] as [Chunking] {
        #expect(
          try applyStreams(patch, to: builder.old, imageSize: builder.new.count, chunking: chunking)
            == Outcome(output: builder.new, error: nil), "\(index)")
      }
    }
  }

  @Test("A patch of an image that is larger than every buffer, in all divisions")
  func large() throws {
    var generator = SeededGenerator(seed: 31)
    let old = generator.bytes(150_000)
    var builder = StreamPatchBuilder(old: old, new: old[1000...] + generator.bytes(140_000), coverCount: 1)
    builder.new[70_000] &+= 5
    builder.covers = Stream(StreamPatchBuilder.numbers(0, 2000, 149_000))
    builder.runs = Stream(StreamPatchBuilder.numbers(70_000, 1))
    builder.differences = Stream([5])
    for extra in [Stream(Array(builder.new[149_000...])), try .zstd(Array(builder.new[149_000...]))] {
      builder.extra = extra
      let patch = builder.patch
      for chunking in [.whole, .every(1000), .every(65_536), .random(seed: 3)] as [Chunking] {
        #expect(
          try applyHosted(patch, to: old, imageSize: builder.new.count, chunking: chunking)
            == Outcome(output: builder.new, error: nil), "\(chunking)")
      }
    }
  }

  @Test("The decoder of devices refuses the coder, and that of streams all others")
  func otherCoders() throws {
    let builder = StreamPatchBuilder.sample
    let refused = Outcome(output: [], error: .unsupportedCompression)
    for chunking in Chunking.all {
      #expect(
        try applyNative(builder.patch, to: builder.old, imageSize: builder.new.count, chunking: chunking)
          == refused)
    }
    let adaptive = try NativeEncoder.makePatch(old: builder.old, new: builder.new)
    #expect(try applyStreams(adaptive, to: builder.old, imageSize: builder.new.count) == refused)
    for chunking in Chunking.all {
      #expect(
        try applyHosted(adaptive, to: builder.old, imageSize: builder.new.count, chunking: chunking)
          == Outcome(output: builder.new, error: nil))
    }
  }

  @Test("Another magic is refused at its first wrong byte")
  func magic() throws {
    for index in 0..<4 {
      var patch = Array(StreamPatchBuilder.sample.patch.prefix(index + 1))
      patch[index] ^= 1
      #expect(try applyHosted(patch, to: [], imageSize: 1).error == .unsupportedFormat)
    }
  }

  @Test("A patch that ends early is truncated, wherever it ends")
  func truncated() throws {
    let builder = StreamPatchBuilder.sample
    let patch = builder.patch
    for count in patch.indices {
      let outcome = try outcome(builder, Array(patch.prefix(count)))
      #expect(outcome.error == .truncated, "\(count)")
      #expect(
        outcome.output.count < builder.new.count && builder.new.starts(with: outcome.output), "\(count)")
    }
  }

  @Test("Bytes behind the patch")
  func trailing() throws {
    let builder = StreamPatchBuilder.sample
    #expect(
      try outcome(builder, builder.patch + [0]) == Outcome(output: builder.new, error: .trailingData))
  }

  @Test("Other images than those of the patch")
  func otherImages() throws {
    #expect(try refusal { $0.change = { $0.oldDigest[7] ^= 1 } } == .sourceMismatch)
    #expect(try refusal { $0.change = { $0.oldSize += 1 } } == .sourceMismatch)
    #expect(try refusal { $0.change = { $0.newSize += 1 } } == .imageSizeMismatch)
    var builder = StreamPatchBuilder.sample
    builder.change = { $0.newDigest[7] ^= 1 }
    #expect(try outcome(builder) == Outcome(output: builder.new, error: .outputMismatch))
  }

  @Test("Headers that contradict the coder")
  func headers() throws {
    #expect(try refusal { $0.change = { $0.regionCount = 1 } } == .corruptStream)
    #expect(try refusal { $0.change = { $0.slotBits = 12 } } == .corruptStream)
    #expect(try refusal { $0.change = { $0.matchBits = 12 } } == .corruptStream)
    #expect(try refusal { $0.change = { $0.bodySize = 0 } } == .corruptStream)
    #expect(try refusal { $0.change = { $0.bodySize += 1 } } == .corruptStream)
    #expect(try refusal { $0.table = [3] } == .unsupportedCompression)
  }

  @Test("Covers outside the images, without a byte, and more or fewer of them than the header says")
  func covers() throws {
    func refusal(_ numbers: [UInt8], count: UInt32 = 2) throws -> DeltaError? {
      try self.refusal {
        $0.covers = Stream(numbers)
        $0.coverCount = count
      }
    }
    let numbers = StreamPatchBuilder.numbers
    #expect(try refusal(numbers(8, 200, 80, 7, 319, 0)) == .noProgress)
    #expect(try refusal(numbers(8, 200, 80, 7, 319, 72)) == .outputOverflow)
    #expect(try refusal(numbers(8, 200, 80, .max, 319, 70)) == .outputOverflow)
    #expect(try refusal(numbers(8, 200, .max, 7, 319, 70)) == .outputOverflow)
    #expect(try refusal(numbers(8, 242, 80, 7, 319, 70)) == .sourceOutOfRange)
    #expect(try refusal(numbers(8, 1, 80, 7, 319, 70)) == .sourceOutOfRange)
    #expect(try refusal(numbers(8, .max, 80, 7, 319, 70)) == .sourceOutOfRange)
    #expect(try refusal(numbers(8, 200, 80, 7, 319, 70), count: 1) == .corruptStream)
    #expect(try refusal(numbers(8, 200, 80, 7, 319, 70), count: 3) == .corruptStream)
    #expect(try refusal(numbers(8, 200, 80, 7, 319), count: 2) == .corruptStream)
    #expect(try refusal([0x88, 0x00] + numbers(200, 80, 7, 319, 70)) == .nonCanonicalNumber)
    // Covers and extra bytes are not the image together.
    #expect(try refusal(numbers(8, 200, 80, 7, 319, 69)) == .corruptStream)
  }

  @Test("Runs that leave the covers, stand still, or do not fit to the differences")
  func runs() throws {
    func refusal(_ numbers: [UInt8], differences: [UInt8] = [1, 255, 9, 7]) throws -> DeltaError? {
      try self.refusal {
        $0.runs = Stream(numbers)
        $0.differences = Stream(differences)
      }
    }
    let numbers = StreamPatchBuilder.numbers
    #expect(try refusal(numbers(2, 2, 75, 0)) == .noProgress)
    #expect(try refusal(numbers(2, 2, 145, 2)) == .outputOverflow)
    #expect(try refusal(numbers(2, 2, .max, 2)) == .outputOverflow)
    #expect(try refusal(numbers(2, 2, 75, .max)) == .outputOverflow)
    #expect(try refusal(numbers(2, 2, 75)) == .corruptStream)
    #expect(try refusal(numbers(2, 2, 75, 3)) == .corruptStream)
    #expect(try refusal(numbers(2, 2, 75, 1)) == .corruptStream)
    #expect(try refusal(numbers(2, 2, 75, 2), differences: [1, 255, 9, 7, 0]) == .corruptStream)
    #expect(try refusal([0x82, 0x00] + numbers(2, 75, 2)) == .nonCanonicalNumber)
  }

  @Test("Streams that do not decode to the size they declare")
  func compressedSizes() throws {
    for make in [{ try Stream.zstd($0) }, { try Stream.lzma($0) }] as [([UInt8]) throws -> Stream] {
      let content = StreamPatchBuilder.sample.covers.bytes
      // A bomb: more than it says.
      #expect(
        try refusal {
          $0.covers = try make(content + [UInt8](repeating: 1, count: 100_000))
          $0.covers.header.rawSize = UInt32(content.count)
        } == .corruptStream)
      // Less than it says.
      #expect(
        try refusal {
          $0.covers = try make(content)
          $0.covers.header.rawSize += 1
        } == .corruptStream)
      // A byte behind its end.
      #expect(
        try refusal {
          $0.covers = try make(content)
          $0.covers.header.packedSize += 1
          $0.covers.bytes.append(0)
        } == .trailingData)
      // Cut off.
      #expect(
        try refusal {
          $0.covers = try make(content)
          $0.covers.header.packedSize -= 1
          $0.covers.bytes.removeLast()
        } == .corruptStream)
    }
    #expect(
      try refusal {
        $0.covers = try .zstd($0.covers.bytes)
        $0.covers.bytes[0] ^= 1
      } == .unsupportedCompression)
  }

  @Test("Extra bytes that are damaged are an error behind what was right, and never an image")
  func damagedExtra() throws {
    var generator = SeededGenerator(for: "StreamsDecoderTests.damagedExtra")
    let content = (0..<3000).map { UInt8(truncatingIfNeeded: $0 % 77 * ($0 / 500)) }
    for stream in [try Stream.zstd(content), try Stream.lzma(content)] {
      var builder = StreamPatchBuilder(old: [], new: content)
      for _ in 0..<60 {
        builder.extra = stream
        let index = Int.random(in: 0..<stream.bytes.count, using: &generator)
        builder.extra.bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        let outcome = try outcome(builder)
        #expect(outcome.error != nil || outcome.output == content)
      }
    }
  }

  @Test("Changed bytes anywhere give an error or the image, the same for every division")
  func damage() throws {
    var generator = SeededGenerator(for: "StreamsDecoderTests.damage")
    var builder = StreamPatchBuilder.sample
    for round in 0..<300 {
      if round == 150 {
        builder.covers = try .lzma(builder.covers.bytes)
        builder.runs = try .zstd(builder.runs.bytes)
      }
      var patch = builder.patch
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        patch[Int.random(in: 0..<patch.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      let outcome = try outcome(builder, patch)
      #expect(outcome.error != nil || outcome.output == builder.new)
      #expect(outcome.output.count <= builder.new.count)
    }
  }

  @Test("The memory that a patch declares is held against the limit before it is taken")
  func memory() throws {
    var builder = StreamPatchBuilder.sample
    builder.extra = try .zstd(builder.extra.bytes, windowBits: 30)
    let patch = builder.patch
    let needed = try NativeHostDecoder<OpenSSLSHA256>.memoryRequirement(of: patch.span)
    #expect(needed > 1 << 30)
    #expect(
      try outcome(builder, limits: Limits(decoderMemory: UInt32(needed - 1)))
        == Outcome(output: [], error: .memoryExceeded))
    #expect(
      try outcome(builder, limits: Limits(decoderMemory: UInt32(needed)))
        == Outcome(output: builder.new, error: nil))
    // Sizes that nobody has memory for.
    var huge = StreamPatchBuilder.sample
    huge.covers = Stream(
      header: StreamHeader(method: .lzma, windowBits: 12, rawSize: 4_000_000_000, packedSize: 1), bytes: [0])
    huge.change = {
      $0.coverCount = 300_000_000
      $0.newSize = 300_000_000
    }
    let limits = Limits(imageSize: .max, decoderMemory: 1 << 20)
    #expect(
      try applyStreams(huge.patch, to: huge.old, imageSize: 300_000_000, limits: limits)
        == Outcome(output: [], error: .memoryExceeded))
  }

  @Test("A window larger than the table says is refused")
  func window() throws {
    let content = [UInt8](repeating: 3, count: 5000)
    var builder = StreamPatchBuilder(old: [], new: content)
    builder.extra = try .zstd(content, windowBits: 10)
    #expect(try outcome(builder) == Outcome(output: [], error: .memoryExceeded))
  }

  @Test("An image beyond the limit is refused before the first byte")
  func imageLimit() {
    let limits = Limits(imageSize: 10)
    #expect(throws: DeltaError.imageTooLarge) {
      _ = try NativeStreamsDecoder<OpenSSLSHA256>(imageSize: 11, sourceSize: 1, limits: limits).outputCount
    }
    #expect(throws: DeltaError.imageTooLarge) {
      _ = try NativeHostDecoder<OpenSSLSHA256>(imageSize: 1, sourceSize: 11, limits: limits).outputCount
    }
  }
}
