import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTADelta
import OTADeltaStreams

/// Makes native patches with the coder `streams`.
enum StreamPatch {
  /// Where more than one byte in so many is new, that part is also tried with LZMA: a patch is not larger than the
  /// image that xz compresses, but for a few bytes.
  private static var extraShare: Int { 4 }

  /// Makes a patch, or stores the image where that is smaller.
  ///
  /// - Parameters:
  ///   - old: the image to start from.
  ///   - new: the image to make.
  ///   - memory: what the decoder may take, in bytes; nil for as much as it takes.
  ///   - isCancelled: asked now and then; `true` stops.
  ///   - report: told of each stage.
  /// - Returns: the patch, applied once; nil if a decoder needs more memory than that.
  /// - Throws: ``DeltaEncoderError``.
  static func make(
    old: [UInt8], new: [UInt8], memory: UInt32?, isCancelled: () -> Bool, report: (EncodingProgress) -> Void
  ) throws(DeltaEncoderError) -> [UInt8]? {
    guard !isCancelled() else { throw .cancelled }
    report(.planning)
    let plan = StreamPlan(try parts(old: old, new: new, isCancelled: isCancelled), old: old, new: new)
    let covers = try PackedStream(plan.covers, triesLZMA: false, isCancelled: isCancelled)
    let runs = try PackedStream(plan.runs, triesLZMA: false, isCancelled: isCancelled)
    let differences = try PackedStream(plan.differences, triesLZMA: false, isCancelled: isCancelled)
    let extra = try PackedStream(
      plan.extra, triesLZMA: plan.extra.count > new.count / extraShare, isCancelled: isCancelled)
    let table = StreamTable(
      covers: covers.header, runs: runs.header, differences: differences.header, extra: extra.header)
    let start = table.serialized
    let streams = [covers, runs, differences, extra]
    let bodySize = streams.reduce(start.count) { $0 + $1.bytes.count }
    let header = header(
      .streams, bodySize: bodySize, coverCount: plan.coverCount, old: old, new: new)
    var patch = header.serialized
    if bodySize < new.count {
      guard table.memoryRequirement(header: header) <= memory.map(UInt64.init) ?? .max else { return nil }
      patch += start
      for stream in streams { patch += stream.bytes }
    } else {
      var stored = header
      stored.coder = .stored
      stored.coverCount = 0
      stored.bodySize = UInt32(new.count)
      patch = stored.serialized + new
    }
    guard !isCancelled() else { throw .cancelled }
    report(.verifying)
    try verify(patch, with: try verifier(old: old, new: new), old: old, new: new, isCancelled: isCancelled)
    return patch
  }

  private static func parts(
    old: [UInt8], new: [UInt8], isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [Cover] {
    try QuickScanner(old: old, new: new).scan(isCancelled: isCancelled)
  }

  private static func header(
    _ coder: NativeHeader.Coder, bodySize: Int, coverCount: UInt32, old: [UInt8], new: [UInt8]
  ) -> NativeHeader {
    NativeHeader(
      coder: coder, architecture: .none, slotBits: 0, matchBits: 0, oldSize: UInt32(old.count),
      newSize: UInt32(new.count), bodySize: UInt32(bodySize), coverCount: coverCount, regionCount: 0,
      oldDigest: digest(of: old), newDigest: digest(of: new))
  }

  private static func digest(of image: [UInt8]) -> InlineArray<8, UInt8> {
    let digest = OpenSSLSHA256.digest(of: image.span)
    var result = InlineArray<8, UInt8>(repeating: 0)
    for index in 0..<8 { result[index] = digest.bytes[index] }
    return result
  }

  private static func verifier(
    old: [UInt8], new: [UInt8]
  ) throws(DeltaEncoderError) -> NativeHostDecoder<OpenSSLSHA256> {
    let limits = Limits(imageSize: .max, payloadSize: .max, decoderMemory: .max)
    do throws(DeltaError) {
      return try NativeHostDecoder(
        imageSize: UInt32(new.count), sourceSize: UInt32(old.count), limits: limits)
    } catch {
      throw .verificationFailed(error)
    }
  }
}
