import Foundation
import OTACore
import OTADelta
import OTADeltaBZip2
import Testing

@Suite("Malformed patches of BSDIFF40")
struct BSDiff40MalformedTests {
  static let old = MalformedPatchTests.old
  static let maximum = Int64.max

  static func build(
    size: Int64 = 1000, _ body: @Sendable @escaping (inout BSDiff40Builder) -> Void
  ) -> @Sendable () throws -> [UInt8] {
    {
      var builder = BSDiff40Builder(size: size)
      body(&builder)
      return try builder.patch()
    }
  }

  /// A patch that is right but for what `body` does to it.
  static func nearlyRight(
    _ body: @Sendable @escaping (inout BSDiff40Builder) -> Void
  ) -> @Sendable () throws -> [UInt8] {
    build {
      $0.add(difference: 900, extra: 100)
      body(&$0)
    }
  }

  static let header: [MalformedPatch] = [
    MalformedPatch(
      name: "bad magic", error: .unsupportedFormat,
      make: nearlyRight { $0.magic[7] = UInt8(ascii: "X") }),
    MalformedPatch(name: "Endsley's format", error: .unsupportedFormat) {
      PatchBuilder(size: 1000).header + [UInt8](repeating: 0, count: 40)
    },
    MalformedPatch(name: "nothing at all", error: .truncated) { [] },
    MalformedPatch(name: "short header", error: .truncated) { Array("BSDIFF40".utf8) + [0, 0] },
    MalformedPatch(name: "header only, empty image", expectedSize: 0, error: .truncated) {
      Array("BSDIFF40".utf8) + [UInt8](repeating: 0, count: 24)
    },
    MalformedPatch(name: "header and a byte, empty image", expectedSize: 0, error: .truncated) {
      Array("BSDIFF40".utf8) + [UInt8](repeating: 0, count: 25)
    },
    MalformedPatch(
      name: "negative length of the control stream", error: .negativeLength,
      make: nearlyRight { $0.controlSizeWord = PatchBuilder.word(-8) }),
    MalformedPatch(
      name: "negative length of the difference stream", error: .negativeLength,
      make: nearlyRight { $0.differenceSizeWord = PatchBuilder.word(-1) }),
    MalformedPatch(
      name: "negative size", error: .negativeLength,
      make: nearlyRight { $0.sizeWord = PatchBuilder.word(-1) }),
    MalformedPatch(
      name: "negative zero as a length", error: .nonCanonicalNumber,
      make: nearlyRight { $0.differenceSizeWord = 1 << 63 }),
    MalformedPatch(
      name: "huge size", error: .imageSizeMismatch,
      make: nearlyRight { $0.sizeWord = PatchBuilder.word(maximum) }),
    MalformedPatch(
      name: "size that is right modulo 2^32", error: .imageSizeMismatch,
      make: nearlyRight { $0.sizeWord += 1 << 32 }),
    MalformedPatch(
      name: "control stream that no memory holds", error: .memoryExceeded,
      make: nearlyRight { $0.controlSizeWord = 1 << 40 }),
    MalformedPatch(
      name: "difference stream that no memory holds", error: .memoryExceeded,
      make: nearlyRight { $0.differenceSizeWord = 1 << 40 }),
    MalformedPatch(
      name: "lengths whose sum overflows", error: .memoryExceeded,
      make: nearlyRight {
        $0.controlSizeWord = PatchBuilder.word(maximum)
        $0.differenceSizeWord = PatchBuilder.word(maximum)
      }),
  ]

  static let control: [MalformedPatch] = [
    MalformedPatch(
      name: "negative difference length", error: .negativeLength,
      make: build { $0.add(difference: -1, extra: 10) }),
    MalformedPatch(
      name: "negative extra length", error: .negativeLength, written: 10,
      make: build {
        $0.add(difference: 10, extra: 0)
        $0.add(difference: 10, extra: -5)
      }),
    MalformedPatch(
      name: "least integer as length", error: .negativeLength, make: build { $0.add(words: .max, 0, 0) }),
    MalformedPatch(
      name: "negative zero as seek", error: .nonCanonicalNumber,
      make: build { $0.add(words: 1000, 0, 1 << 63) }),
    MalformedPatch(
      name: "largest difference length", error: .outputOverflow,
      make: build { $0.add(difference: maximum, extra: 0) }),
    MalformedPatch(
      name: "extra length that overflows", expectedSize: 1001, error: .outputOverflow, written: 1000,
      make: build(size: 1001) {
        $0.add(difference: 1000, extra: 0)
        $0.add(difference: 0, extra: maximum)
      }),
    MalformedPatch(
      name: "lengths that together pass the image", error: .outputOverflow,
      make: build { $0.add(difference: 1000, extra: 1) }),
    MalformedPatch(
      name: "length that is right modulo 2^32", error: .outputOverflow,
      make: build { $0.add(difference: 1000 + (1 << 32), extra: 0) }),
    MalformedPatch(
      name: "reads past the old image", expectedSize: 1001, error: .sourceOutOfRange,
      make: build(size: 1001) { $0.add(difference: 1001, extra: 0) }),
    MalformedPatch(
      name: "reads far past it", expectedSize: 1 << 31, error: .sourceOutOfRange, written: 256,
      make: build(size: 1 << 31) {
        $0.add(difference: 256, extra: 0)
        $0.add(difference: 1 << 30, extra: 0)
      }),
    MalformedPatch(
      name: "seeks past the end", error: .sourceOutOfRange,
      make: build {
        $0.add(difference: 10, extra: 0, seek: 5000)
        $0.add(difference: 990, extra: 0)
      }),
    MalformedPatch(
      name: "seeks one past the end", error: .sourceOutOfRange,
      make: build { $0.add(difference: 10, extra: 0, seek: 991) }),
    MalformedPatch(
      name: "seeks before the start and writes from there", error: .sourceOutOfRange,
      make: build {
        $0.add(difference: 0, extra: 0, seek: -500)
        $0.add(difference: 1000, extra: 0)
      }),
    MalformedPatch(
      name: "seeks one before the start", error: .sourceOutOfRange,
      make: build { $0.add(difference: 10, extra: 0, seek: -11) }),
    MalformedPatch(
      name: "last seek outside", error: .sourceOutOfRange,
      make: build { $0.add(difference: 1000, extra: 0, seek: 1) }),
    MalformedPatch(
      name: "empty triples without end", error: .noProgress,
      make: build { for _ in 0..<1000 { $0.add(difference: 0, extra: 0) } }),
    MalformedPatch(
      name: "one empty triple too many", error: .noProgress,
      make: build {
        for _ in 0..<128 { $0.add(difference: 0, extra: 0) }
        $0.add(difference: 1000, extra: 0)
      }),
  ]

  static let streams: [MalformedPatch] = [
    MalformedPatch(
      name: "control stream of zlib", error: .unsupportedCompression,
      make: nearlyRight { $0.change = { control, _, _ in control = [0x78, 0xda, 3, 0, 0, 0, 0, 1] } }),
    MalformedPatch(
      name: "difference stream of zlib", error: .unsupportedCompression,
      make: nearlyRight { $0.change = { _, difference, _ in difference = [0x78, 0xda, 3, 0] } }),
    MalformedPatch(
      name: "extra stream of zlib", error: .unsupportedCompression, written: 900,
      make: nearlyRight { $0.change = { _, _, extra in extra = [0x78, 0xda, 3, 0] } }),
    MalformedPatch(
      name: "wrong checksum of the control stream", error: .corruptStream, written: 1000,
      make: nearlyRight { $0.change = { control, _, _ in control[control.count - 2] ^= 1 } }),
    MalformedPatch(
      name: "wrong checksum of a block of differences", error: .corruptStream, written: 1000,
      make: nearlyRight { $0.change = { _, difference, _ in difference[10] ^= 1 } }),
    MalformedPatch(
      name: "control stream that ends within a triple", error: .truncated,
      make: build { $0.control = [UInt8](repeating: 0, count: 23) }),
    MalformedPatch(
      name: "empty control stream for an image with bytes", error: .truncated, make: build { _ in }),
    MalformedPatch(
      name: "control stream that ends after a triple", error: .truncated, written: 600,
      make: build { $0.add(difference: 600, extra: 0) }),
    MalformedPatch(
      name: "control stream cut by its declared length", error: .truncated,
      make: nearlyRight { $0.controlSizeWord = 20 }),
    MalformedPatch(
      name: "control stream of no length", error: .truncated, make: nearlyRight { $0.controlSizeWord = 0 }),
    MalformedPatch(
      name: "differences that end early", error: .truncated, written: 400,
      make: build {
        $0.add(words: 1000, 0, 0)
        $0.difference = [UInt8](repeating: 0, count: 400)
      }),
    MalformedPatch(
      name: "extra bytes that end early", error: .truncated, written: 700,
      make: build {
        $0.add(words: 600, 400, 0)
        $0.difference = [UInt8](repeating: 0, count: 600)
        $0.extra = [UInt8](repeating: 0, count: 100)
      }),
    MalformedPatch(
      name: "no extra stream", error: .truncated, written: 1000,
      make: build {
        $0.add(difference: 1000, extra: 0)
        $0.change = { _, _, extra in extra = [] }
      }),
    MalformedPatch(
      name: "a triple too many", error: .trailingData, written: 1000,
      make: nearlyRight { $0.add(difference: 0, extra: 0) }),
    MalformedPatch(
      name: "a difference too many", error: .trailingData, written: 1000,
      make: nearlyRight { $0.difference.append(0) }),
    MalformedPatch(
      name: "an extra byte too many", error: .trailingData, written: 1000,
      make: nearlyRight { $0.extra.append(0) }),
    MalformedPatch(
      name: "a bomb of differences", error: .trailingData, written: 1000,
      make: build {
        $0.add(words: 1000, 0, 0)
        $0.difference = [UInt8](repeating: 0, count: 5_000_000)
      }),
    MalformedPatch(
      name: "a byte behind the control stream", error: .trailingData, written: 1000,
      make: nearlyRight { $0.change = { control, _, _ in control.append(0) } }),
    MalformedPatch(
      name: "a byte behind the differences", error: .trailingData, written: 1000,
      make: nearlyRight { $0.change = { _, difference, _ in difference.append(0) } }),
    MalformedPatch(
      name: "a byte behind the patch", error: .trailingData, written: 1000,
      make: nearlyRight { $0.change = { _, _, extra in extra.append(0) } }),
    MalformedPatch(
      name: "a second stream behind the patch", error: .trailingData, written: 1000,
      make: nearlyRight { $0.change = { _, _, extra in extra += extra } }),
    MalformedPatch(
      name: "a triple for an empty image", expectedSize: 0, error: .trailingData,
      make: build(size: 0) { $0.add(difference: 0, extra: 0) }),
  ]

  @Test("A malformed patch has its own error in every chunking", arguments: header + control + streams)
  func malformedPatchIsRefused(vector: MalformedPatch) throws {
    let patch = try vector.make()
    let limits = Limits(imageSize: .max, decoderMemory: 16 << 20)
    for chunking in Chunking.all {
      let outcome = try apply40(
        patch, to: Self.old, imageSize: vector.expectedSize, limits: limits, chunking: chunking)
      #expect(outcome.error == vector.error, "\(chunking)")
      #expect(outcome.output.count == vector.written, "\(chunking)")
    }
  }

  @Test("The builder's well-formed patch is accepted, so the refusals above are earned")
  func wellFormedPatchIsAccepted() throws {
    var builder = BSDiff40Builder(size: 1000)
    // As many empty triples as there may be, in a row.
    for round in 0..<127 { builder.add(difference: 0, extra: 0, seek: round % 2 == 0 ? 1000 : -1000) }
    builder.add(difference: 0, extra: 10, seek: -1000, bytes: Array(1...10))
    builder.add(difference: 990, extra: 0, seek: 10)
    let patch = try builder.patch()
    for chunking in Chunking.all {
      let outcome = try apply40(patch, to: Self.old, imageSize: 1000, chunking: chunking)
      #expect(outcome == Outcome(output: Array(1...10) + Self.old.prefix(990), error: nil), "\(chunking)")
    }
  }

  @Test("The memory is refused by the header, not by the bytes that follow")
  func memory() throws {
    let header: [UInt8] =
      Array("BSDIFF40".utf8) + PatchBuilder.littleEndian(100_000) + PatchBuilder.littleEndian(200_000)
      + PatchBuilder.littleEndian(1000)
    let parsed = try BSDiff40Header(header.span)
    #expect(parsed.controlSize == 100_000 && parsed.differenceSize == 200_000 && parsed.imageSize == 1000)
    let needed = BSDiff40Decoder<BZip2Inflater>.memoryRequirement(of: parsed)
    #expect(needed == UInt64(BSDiff40Decoder<BZip2Inflater>.minimumMemory) + 300_000)
    #expect(needed > 3 * 3_600_000)
    func outcome(_ memory: UInt64) throws -> Outcome {
      try apply40(header, to: Self.old, imageSize: 1000, limits: Limits(decoderMemory: UInt32(memory)))
    }
    #expect(try outcome(needed - 1).error == .memoryExceeded)
    #expect(try outcome(needed).error == .truncated)
    #expect(throws: DeltaError.memoryExceeded) {
      _ = try apply40(
        header, to: Self.old, imageSize: 1000,
        limits: Limits(decoderMemory: BSDiff40Decoder<BZip2Inflater>.minimumMemory - 1))
    }
    #expect(throws: DeltaError.imageTooLarge) {
      _ = try apply40(header, to: Self.old, imageSize: 1000, limits: Limits(imageSize: 999))
    }
  }

  @Test(
    "A stream that ends too early is refused as soon as it is there, so that nothing is kept behind it",
    arguments: [
      "control stream that ends within a triple", "control stream cut by its declared length",
      "control stream of no length", "differences that end early",
    ])
  func early(name: String) throws {
    let vector = try #require(Self.streams.first { $0.name == name })
    let patch = try vector.make()
    for size in [patch.count, 1] {
      var decoder = try BSDiff40Decoder<BZip2Inflater>(
        imageSize: 1000, sourceSize: 1000, limits: bzip2Limits)
      var source = MemorySource(Self.old)
      var sink = MemorySink()
      #expect(throws: PatchError<MemorySource.Failure, Never>.delta(.truncated)) {
        for piece in Chunking.every(size).pieces(of: patch) {
          try decoder.push(Array(piece).span, source: &source, sink: &sink)
        }
      }
    }
  }

  @Test("An error is thrown again by every later call")
  func failureStays() throws {
    let patch = try Self.nearlyRight { $0.extra.append(0) }()
    var decoder = try BSDiff40Decoder<BZip2Inflater>(imageSize: 1000, sourceSize: 1000, limits: bzip2Limits)
    var source = MemorySource(Self.old)
    var sink = MemorySink()
    for bytes in [patch, [], patch] {
      #expect(throws: PatchError<MemorySource.Failure, Never>.delta(.trailingData)) {
        try decoder.push(bytes.span, source: &source, sink: &sink)
      }
    }
    #expect(throws: DeltaError.trailingData) { try decoder.finish() }
    #expect(sink.bytes.count == 1000)
  }

  @Test("Failures of the old and of the new image are reported as such, and the decoder is abandoned")
  func media() throws {
    let patch = try Self.nearlyRight { _ in }()
    for sourceFails in [true, false] {
      var decoder = try BSDiff40Decoder<BZip2Inflater>(
        imageSize: 1000, sourceSize: 1000, limits: bzip2Limits)
      var source = FailingSource(base: MemorySource(Self.old), limit: sourceFails ? 10 : 1000)
      var sink = FailingSink(limit: sourceFails ? 1000 : 950)
      let expected: PatchError<MediumError, MediumError> =
        sourceFails ? .source(.broken(at: 10)) : .sink(.broken(at: 950))
      #expect(throws: expected) { try decoder.push(patch.span, source: &source, sink: &sink) }
      #expect(throws: PatchError<MediumError, MediumError>.delta(.abandoned)) {
        try decoder.push([0].span, source: &source, sink: &sink)
      }
      #expect(throws: DeltaError.abandoned) { try decoder.finish() }
    }
  }

  /// What each file of `../shared/vectors/bspatch-malformed` is refused with.
  static let vectors: [(name: String, error: DeltaError?)] = [
    ("bad_magic", .unsupportedFormat), ("ctrl_len_past_eof", .memoryExceeded),
    ("ctrl_plus_diff_overflow", .memoryExceeded), ("diff_len_neg", .negativeLength),
    ("header_only", .truncated), ("huge_diff_i64max", .outputOverflow),
    ("huge_newsize", .imageSizeMismatch), ("infinite_zero_ctrl", .noProgress),
    ("min_int_ctrl", .negativeLength), ("neg_ctrl_len", .negativeLength),
    ("neg_diff_len", .negativeLength), ("neg_extra_len", .negativeLength),
    ("neg_newsize", .negativeLength), ("neg_then_write_before", .sourceOutOfRange),
    ("ok_identity", nil), ("overflow_extra", .outputOverflow),
    ("overflow_newpos_plus_diff", .sourceOutOfRange), ("oversize_sum", .outputOverflow),
    ("seek_past_end", .sourceOutOfRange), ("short_header", .truncated), ("truncated_ctrl", .truncated),
    ("truncated_diff", .truncated), ("zip_bomb_diff", .trailingData),
  ]

  @Test(
    "Each of the shared vectors is refused with its own error, but for the one that is right",
    .enabled(
      if: FileManager.default.fileExists(
        atPath: SharedFolder.root.appending(path: "vectors/bspatch-malformed/old").path),
      "needs ../shared/vectors"),
    arguments: vectors)
  func sharedVector(row: (name: String, error: DeltaError?)) throws {
    let folder = SharedFolder.root.appending(path: "vectors/bspatch-malformed")
    let old = [UInt8](try Data(contentsOf: folder.appending(path: "old")))
    let patch = [UInt8](try Data(contentsOf: folder.appending(path: "\(row.name).patch")))
    // The caller expects what the header says, if that is a size at all.
    let word = patch.count >= 32 ? (24..<32).reduce(0) { $0 | UInt64(patch[$1]) << UInt64(8 * ($1 - 24)) } : 0
    let size = UInt32(exactly: word) ?? 1000
    for chunking in Chunking.all {
      let outcome = try apply40(
        patch, to: old, imageSize: Int(size), limits: Limits(imageSize: .max, decoderMemory: 16 << 20),
        chunking: chunking)
      #expect(outcome.error == row.error, "\(chunking)")
      #expect(outcome.output.count <= 1000, "\(chunking)")
      if row.error == nil { #expect(outcome.output == old) }
    }
  }

  @Test(
    "The table above names every shared vector",
    .enabled(
      if: FileManager.default.fileExists(
        atPath: SharedFolder.root.appending(path: "vectors/bspatch-malformed/old").path),
      "needs ../shared/vectors"))
  func allSharedVectors() throws {
    let folder = SharedFolder.root.appending(path: "vectors/bspatch-malformed")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".patch") }
    #expect(Set(names) == Set(Self.vectors.map { "\($0.name).patch" }))
  }
}
