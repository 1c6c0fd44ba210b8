import OTACore
import OTADelta
import OTADeltaZlib
import Testing

/// A patch that must be refused, on an old image of 1000 bytes.
struct MalformedPatch: CustomTestStringConvertible {
  var name: String
  var expectedSize = 1000
  var error: DeltaError
  /// How many bytes may be written before the fault is seen.
  var written = 0
  var make: @Sendable () throws -> [UInt8]

  var testDescription: String { name }
}

@Suite("Malformed patches")
struct MalformedPatchTests {
  static let old = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

  static func build(
    size: Int64 = 1000, _ body: @Sendable @escaping (inout PatchBuilder) -> Void
  ) -> @Sendable () throws -> [UInt8] {
    {
      var builder = PatchBuilder(size: size)
      body(&builder)
      return try builder.patch()
    }
  }

  static let zeros = [UInt8](repeating: 0, count: 1000)
  static let maximum = Int64.max

  static let header: [MalformedPatch] = [
    MalformedPatch(name: "bad magic", error: .unsupportedFormat) {
      var builder = PatchBuilder(size: 1000)
      builder.magic[15] = UInt8(ascii: "X")
      builder.add(difference: 1000, extra: 0, bytes: zeros)
      return try builder.patch()
    },
    MalformedPatch(name: "BSDIFF40", error: .unsupportedFormat) {
      var builder = PatchBuilder(size: 1000)
      builder.magic.replaceSubrange(0..<8, with: Array("BSDIFF40".utf8))
      return try builder.patch()
    },
    MalformedPatch(name: "nothing at all", error: .truncated) { [] },
    MalformedPatch(name: "short header", error: .truncated) {
      Array(PatchBuilder(size: 1000).header.prefix(10))
    },
    MalformedPatch(name: "header only", error: .truncated) { PatchBuilder(size: 1000).header },
    MalformedPatch(name: "header only, empty image", expectedSize: 0, error: .truncated) {
      PatchBuilder(size: 0).header
    },
    MalformedPatch(name: "negative size", error: .negativeLength, make: build(size: -1) { _ in }),
    MalformedPatch(name: "negative zero as size", expectedSize: 0, error: .nonCanonicalNumber) {
      var builder = PatchBuilder(size: 0)
      builder.sizeWord = 1 << 63
      return try builder.patch()
    },
    MalformedPatch(name: "huge size", error: .imageSizeMismatch, make: build(size: maximum) { _ in }),
    MalformedPatch(name: "another size", error: .imageSizeMismatch, make: build(size: 999) { _ in }),
    MalformedPatch(
      name: "size that is right modulo 2^32", error: .imageSizeMismatch,
      make: build(size: 1000 + (1 << 32)) { _ in }),
  ]

  static let control: [MalformedPatch] = [
    MalformedPatch(
      name: "negative difference length", error: .negativeLength,
      make: build { $0.add(difference: -1, extra: 10) }),
    MalformedPatch(
      name: "negative extra length", error: .negativeLength, written: 10,
      make: build {
        $0.add(difference: 10, extra: 0, bytes: Array(zeros.prefix(10)))
        $0.add(difference: 10, extra: -5)
      }),
    MalformedPatch(
      name: "least integer as length", error: .negativeLength,
      make: build { $0.add(words: .max, 0, 0) }),
    MalformedPatch(
      name: "negative zero as length", error: .nonCanonicalNumber,
      make: build { $0.add(words: 1 << 63, 1000, 0, bytes: zeros) }),
    MalformedPatch(
      name: "negative zero as seek", error: .nonCanonicalNumber,
      make: build { $0.add(words: 1000, 0, 1 << 63, bytes: zeros) }),
    MalformedPatch(
      name: "largest difference length", error: .outputOverflow,
      make: build { $0.add(difference: maximum, extra: 0) }),
    MalformedPatch(
      name: "largest lengths together", error: .outputOverflow,
      make: build { $0.add(difference: maximum, extra: maximum) }),
    MalformedPatch(
      name: "extra length that overflows", expectedSize: 1001, error: .outputOverflow, written: 1000,
      make: build(size: 1001) {
        $0.add(difference: 1000, extra: 0, bytes: zeros)
        $0.add(difference: 0, extra: maximum)
      }),
    MalformedPatch(
      name: "lengths that together pass the image", error: .outputOverflow,
      make: build { $0.add(difference: 1000, extra: 1, bytes: zeros + [0]) }),
    MalformedPatch(
      name: "second triple passes the image", error: .outputOverflow, written: 600,
      make: build {
        $0.add(difference: 0, extra: 600, bytes: Array(zeros.prefix(600)))
        $0.add(difference: 0, extra: 401, bytes: Array(zeros.prefix(401)))
      }),
    MalformedPatch(
      name: "length that is right modulo 2^32", error: .outputOverflow,
      make: build { $0.add(difference: 1000 + (1 << 32), extra: 0, bytes: zeros) }),
    MalformedPatch(
      name: "reads past the old image", expectedSize: 1001, error: .sourceOutOfRange,
      make: build(size: 1001) { $0.add(difference: 1001, extra: 0, bytes: zeros + [0]) }),
    MalformedPatch(
      name: "seeks past the end", error: .sourceOutOfRange,
      make: build {
        $0.add(difference: 10, extra: 0, seek: 5000, bytes: Array(zeros.prefix(10)))
        $0.add(difference: 990, extra: 0, bytes: Array(zeros.prefix(990)))
      }),
    MalformedPatch(
      name: "seeks one past the end", error: .sourceOutOfRange,
      make: build { $0.add(difference: 10, extra: 0, seek: 991, bytes: Array(zeros.prefix(10))) }),
    MalformedPatch(
      name: "seeks before the start", error: .sourceOutOfRange,
      make: build {
        $0.add(difference: 0, extra: 0, seek: -500)
        $0.add(difference: 1000, extra: 0, bytes: zeros)
      }),
    MalformedPatch(
      name: "seeks one before the start", error: .sourceOutOfRange,
      make: build { $0.add(difference: 10, extra: 0, seek: -11, bytes: Array(zeros.prefix(10))) }),
    MalformedPatch(
      name: "largest seek", error: .sourceOutOfRange,
      make: build { $0.add(difference: 10, extra: 0, seek: maximum, bytes: zeros) }),
    MalformedPatch(
      name: "least seek", error: .sourceOutOfRange,
      make: build { $0.add(difference: 10, extra: 0, seek: -maximum, bytes: zeros) }),
    MalformedPatch(
      name: "seek that is right modulo 2^32", error: .sourceOutOfRange,
      make: build { $0.add(difference: 10, extra: 0, seek: 1 << 32, bytes: zeros) }),
    MalformedPatch(
      name: "last seek outside", error: .sourceOutOfRange,
      make: build { $0.add(difference: 1000, extra: 0, seek: 1, bytes: zeros) }),
    MalformedPatch(
      name: "empty triples without end", error: .noProgress,
      make: build { for _ in 0..<1000 { $0.add(difference: 0, extra: 0) } }),
    MalformedPatch(
      name: "empty triples that seek", error: .noProgress, written: 1,
      make: build {
        $0.add(difference: 1, extra: 0, bytes: [0])
        for round in 0..<128 { $0.add(difference: 0, extra: 0, seek: round % 2 == 0 ? 5 : -5) }
        $0.add(difference: 999, extra: 0, bytes: Array(zeros.prefix(999)))
      }),
  ]

  static let stream: [MalformedPatch] = [
    MalformedPatch(name: "bzip2 stream", error: .unsupportedCompression) {
      PatchBuilder(size: 1000).patch(stream: Array("BZh91AY&SY".utf8) + zeros)
    },
    MalformedPatch(name: "gzip stream", error: .unsupportedCompression) {
      PatchBuilder(size: 1000).patch(stream: [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])
    },
    MalformedPatch(name: "preset dictionary", error: .unsupportedCompression) {
      PatchBuilder(size: 1000).patch(stream: [0x78, 0x20, 1, 2, 3, 4, 5, 6, 7])
    },
    MalformedPatch(name: "block type that does not exist", error: .corruptStream) {
      PatchBuilder(size: 1000).patch(stream: [0x78, 0x9c, 0xff, 0xff])
    },
    MalformedPatch(name: "distance before the start", error: .corruptStream) {
      // A fixed block that begins with length 3, distance 1: there is nothing to repeat yet.
      PatchBuilder(size: 1000).patch(stream: [0x78, 0x9c, 0x03, 0x02, 0x00, 0x00, 0x00])
    },
    MalformedPatch(name: "wrong checksum", error: .corruptStream, written: 1000) {
      var builder = PatchBuilder(size: 1000)
      builder.add(difference: 1000, extra: 0, bytes: zeros)
      var stream = try builder.stream()
      stream[stream.count - 1] ^= 1
      return builder.patch(stream: stream)
    },
    MalformedPatch(
      name: "stream ends within a triple", error: .truncated,
      make: build { $0.content = Array(zeros.prefix(23)) }),
    MalformedPatch(
      name: "stream ends within the differences", error: .truncated, written: 400,
      make: build { $0.add(difference: 1000, extra: 0, bytes: Array(zeros.prefix(400))) }),
    MalformedPatch(
      name: "stream ends within the extra bytes", error: .truncated, written: 700,
      make: build { $0.add(difference: 600, extra: 400, bytes: Array(zeros.prefix(700))) }),
    MalformedPatch(
      name: "stream ends after a triple", error: .truncated, written: 600,
      make: build { $0.add(difference: 600, extra: 0, bytes: Array(zeros.prefix(600))) }),
    MalformedPatch(
      name: "empty stream for an image with bytes", error: .truncated, make: build { _ in }),
    MalformedPatch(
      name: "one decompressed byte too many", error: .trailingData, written: 1000,
      make: build { $0.add(difference: 1000, extra: 0, bytes: zeros + [0]) }),
    MalformedPatch(
      name: "a bomb behind the image", error: .trailingData, written: 1000,
      make: build {
        $0.add(difference: 1000, extra: 0, bytes: zeros + [UInt8](repeating: 0, count: 1 << 20))
      }),
    MalformedPatch(
      name: "a triple for an empty image", expectedSize: 0, error: .trailingData,
      make: build(size: 0) { $0.add(difference: 0, extra: 0) }),
    MalformedPatch(
      name: "a byte behind the stream", error: .trailingData, written: 1000,
      make: build {
        $0.add(difference: 1000, extra: 0, bytes: zeros)
        $0.trailer = [0]
      }),
    MalformedPatch(
      name: "a second stream behind the stream", error: .trailingData, written: 1000,
      make: {
        var builder = PatchBuilder(size: 1000)
        builder.add(difference: 1000, extra: 0, bytes: zeros)
        builder.trailer = try builder.stream()
        return try builder.patch()
      }),
  ]

  @Test("A malformed patch has its own error in every chunking", arguments: header + control + stream)
  func malformedPatchIsRefused(vector: MalformedPatch) throws {
    let patch = try vector.make()
    for chunking in Chunking.all {
      let outcome = try apply(
        patch, to: MalformedPatchTests.old, imageSize: vector.expectedSize, chunking: chunking)
      #expect(outcome.error == vector.error, "\(chunking)")
      #expect(outcome.output.count == vector.written, "\(chunking)")
    }
  }

  @Test("The builder's well-formed patch is accepted, so the refusals above are earned")
  func wellFormedPatchIsAccepted() throws {
    var builder = PatchBuilder(size: 1000)
    // As many empty triples as there may be.
    for round in 0..<127 { builder.add(difference: 0, extra: 0, seek: round % 2 == 0 ? 1000 : -1000) }
    builder.add(difference: 0, extra: 10, seek: -1000, bytes: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    builder.add(difference: 990, extra: 0, seek: 10, bytes: Array(MalformedPatchTests.zeros.prefix(990)))
    let patch = try builder.patch()
    for chunking in Chunking.all {
      let outcome = try apply(patch, to: MalformedPatchTests.old, imageSize: 1000, chunking: chunking)
      #expect(outcome.error == nil)
      #expect(outcome.output == Array(1...10) + MalformedPatchTests.old.prefix(990))
    }
  }
}
