import OTADelta
import OTADeltaLZMA
import OTADeltaStreams

/// A stream of a patch in the smallest of the forms that were tried.
struct PackedStream {
  let header: StreamHeader
  let bytes: [UInt8]

  /// From 1 to 22: above, the time grows for next to nothing.
  private static var level: Int { 19 }
  /// Streams of fewer bytes are tried at the highest level: it costs nothing.
  private static var smallSize: Int { 16 << 10 }
  /// No window is larger, in bits, or the decoder took more memory than most images have.
  private static var largestWindowBits: Int { 23 }

  /// Compresses a stream.
  ///
  /// - Parameters:
  ///   - content: all of it.
  ///   - triesLZMA: whether also with LZMA, which is slower to make and to unpack.
  ///   - isCancelled: asked now and then.
  /// - Throws: ``DeltaEncoderError/outOfMemory`` or ``DeltaEncoderError/cancelled``.
  init(_ content: [UInt8], triesLZMA: Bool, isCancelled: () -> Bool) throws(DeltaEncoderError) {
    var header = StreamHeader(storing: UInt32(content.count))
    var bytes = content
    let bits = PackedStream.bits(of: content.count)
    if !content.isEmpty {
      let settings = ZstdEncoder.Settings(
        level: content.count < PackedStream.smallSize ? 22 : PackedStream.level, windowLogarithm: bits)
      let frame = try ZstdEncoder.compress(content.span, settings: settings, isCancelled: isCancelled)
      if frame.count < bytes.count {
        header = StreamHeader(
          method: .zstd, windowBits: UInt8(bits), rawSize: UInt32(content.count),
          packedSize: UInt32(frame.count))
        bytes = frame
      }
    }
    if triesLZMA, !content.isEmpty {
      guard !isCancelled() else { throw .cancelled }
      let bits = max(bits, 12)
      let raw = try RawLZMAEncoder.compress(
        content.span, parameters: try PackedStream.parameters(windowBits: bits))
      if raw.count < bytes.count {
        header = StreamHeader(
          method: .lzma, windowBits: UInt8(bits), rawSize: UInt32(content.count),
          packedSize: UInt32(raw.count))
        bytes = raw
      }
    }
    self.header = header
    self.bytes = bytes
  }

  private static func parameters(windowBits: Int) throws(DeltaEncoderError) -> LZMAParameters {
    do throws(DeltaError) {
      return try LZMAParameters(
        literalContextBits: 3, literalPositionBits: 0, positionBits: 0,
        dictionarySize: 1 << UInt32(windowBits))
    } catch {
      throw .verificationFailed(error)
    }
  }

  /// The logarithm of the window that holds so many bytes, or of the largest one.
  private static func bits(of count: Int) -> Int {
    min(largestWindowBits, max(10, Int.bitWidth - max(0, count - 1).leadingZeroBitCount))
  }
}
