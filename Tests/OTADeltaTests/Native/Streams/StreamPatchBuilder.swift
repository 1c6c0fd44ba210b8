import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTADeltaLZMA
import OTADeltaStreams

@testable import OTADelta
@testable import OTADeltaEncoder

/// Builds patches with the coder `streams` byte by byte, right and wrong ones.
struct StreamPatchBuilder {
  /// A stream as it stands in the patch.
  struct Stream {
    var header: StreamHeader
    var bytes: [UInt8]

    init(header: StreamHeader, bytes: [UInt8]) {
      self.header = header
      self.bytes = bytes
    }

    /// Not compressed.
    init(_ bytes: [UInt8]) {
      header = StreamHeader(storing: UInt32(bytes.count))
      self.bytes = bytes
    }

    /// One frame of Zstandard.
    static func zstd(_ content: [UInt8], windowBits: UInt8 = 20) throws -> Stream {
      let frame = try ZstdEncoder.compress(content.span)
      return Stream(
        header: StreamHeader(
          method: .zstd, windowBits: windowBits, rawSize: UInt32(content.count),
          packedSize: UInt32(frame.count)),
        bytes: frame)
    }

    /// Raw LZMA.
    static func lzma(_ content: [UInt8], windowBits: UInt8 = 16) throws -> Stream {
      let raw = try RawLZMAEncoder.compress(
        content.span,
        parameters: .init(
          literalContextBits: 3, literalPositionBits: 0, positionBits: 0,
          dictionarySize: 1 << UInt32(windowBits)))
      return Stream(
        header: StreamHeader(
          method: .lzma, windowBits: windowBits, rawSize: UInt32(content.count), packedSize: UInt32(raw.count)
        ),
        bytes: raw)
    }
  }

  var old: [UInt8]
  var new: [UInt8]
  var coverCount: UInt32
  var covers = Stream([])
  var runs = Stream([])
  var differences = Stream([])
  var extra = Stream([])
  /// Changes the header, when all else is known.
  var change: ((inout NativeHeader) -> Void)?
  /// Stands in place of the table.
  var table: [UInt8]?

  init(old: [UInt8], new: [UInt8], coverCount: UInt32 = 0) {
    self.old = old
    self.new = new
    self.coverCount = coverCount
  }

  static func numbers(_ values: UInt32...) -> [UInt8] {
    var bytes: [UInt8] = []
    for value in values { StreamNumber.append(value, to: &bytes) }
    return bytes
  }

  /// A patch with everything in it: two covers, one of them backwards, changes, and bytes that are new.
  static var sample: StreamPatchBuilder {
    let old = (0..<200).map { UInt8(truncatingIfNeeded: $0 * $0 / 3) }
    var new = Array("in front".utf8) + old[100..<180] + Array("between".utf8) + old[20..<90] + Array("!".utf8)
    new[10] &+= 1
    new[11] &+= 255
    new[87] &+= 9
    new[95] &+= 7
    var builder = StreamPatchBuilder(old: old, new: new, coverCount: 2)
    // From 0 to 100: 200; from 180 back to 20: -160, as 319.
    builder.covers = Stream(numbers(8, 200, 80, 7, 319, 70))
    builder.runs = Stream(numbers(2, 2, 75, 2))
    builder.differences = Stream([1, 255, 9, 7])
    builder.extra = Stream(Array("in frontbetween!".utf8))
    return builder
  }

  /// The body of the patch.
  var body: [UInt8] {
    let streams = [covers, runs, differences, extra]
    let start =
      table
      ?? StreamTable(
        covers: covers.header, runs: runs.header, differences: differences.header, extra: extra.header
      ).serialized
    return streams.reduce(start) { $0 + $1.bytes }
  }

  /// The patch.
  var patch: [UInt8] {
    let body = body
    var header = NativeHeader(
      coder: .streams, architecture: .none, slotBits: 0, matchBits: 0, oldSize: UInt32(old.count),
      newSize: UInt32(new.count), bodySize: UInt32(body.count), coverCount: coverCount, regionCount: 0,
      oldDigest: shortDigest(old), newDigest: shortDigest(new))
    change?(&header)
    return header.serialized + body
  }
}

/// Applies a native patch with the decoder for hosts, from memory to memory.
func applyHosted(
  _ patch: [UInt8], to old: [UInt8], imageSize: Int, limits: Limits = nativeLimits,
  chunking: Chunking = .whole
) throws -> Outcome {
  var decoder = try NativeHostDecoder<OpenSSLSHA256>(
    imageSize: UInt32(imageSize), sourceSize: UInt32(old.count), limits: limits)
  return try drive(&decoder, patch, old: old, chunking: chunking)
}

/// The same with the decoder for the coder `streams` alone, and the hash function in Swift.
func applyStreams(
  _ patch: [UInt8], to old: [UInt8], imageSize: Int, limits: Limits = nativeLimits,
  chunking: Chunking = .whole
) throws -> Outcome {
  var decoder = try NativeStreamsDecoder<SHA256>(
    imageSize: UInt32(imageSize), sourceSize: UInt32(old.count), limits: limits)
  return try drive(&decoder, patch, old: old, chunking: chunking)
}
