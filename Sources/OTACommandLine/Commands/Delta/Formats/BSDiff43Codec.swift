import OTACore
import OTADelta
import OTADeltaBZip2
import OTADeltaEncoder
import OTADeltaZlib

/// `ENDSLEY/BSDIFF43` with either compression.
protocol BSDiff43Coding: PatchCodec {
  static var compression: BSDiff43Compression { get }
}

/// `ENDSLEY/BSDIFF43` with zlib.
enum BSDiff43Codec: BSDiff43Coding {
  static var compression: BSDiff43Compression { .zlib }
}

/// `ENDSLEY/BSDIFF43` with bzip2.
enum BSDiff43BZip2Codec: BSDiff43Coding {
  static var compression: BSDiff43Compression { .bzip2 }
}

extension BSDiff43Coding {
  static var maximumImageSize: Int { BSDiff43Encoder.maximumImageSize }
  static var minimumDecoderMemory: UInt32 { BSDiff43Encoder.decoderMemory(for: compression) }

  static func decoderMemory(of patch: [UInt8]) throws(DeltaError) -> UInt32 { minimumDecoderMemory }

  static func imageSize(of patch: [UInt8]) throws(DeltaError) -> UInt64 {
    do throws(ParseError) {
      var cursor = ByteCursor(patch.span)
      _ = try cursor.readBytes(count: BSDiff43Format.magicSize)
      return try cursor.readLittleEndian(UInt64.self)
    } catch {
      throw .truncated
    }
  }

  static func makePatch(
    old: [UInt8], new: [UInt8], options: PatchOptions, report: (EncodingProgress) -> Void
  ) throws(DeltaEncoderError) -> [UInt8] {
    try BSDiff43Encoder.makePatch(old: old, new: new, compression: compression)
  }

  static func decode<Source: ImageSource, Sink: ImageSink>(
    _ patch: [UInt8], imageSize: UInt32, sourceSize: UInt32, limits: Limits, from source: inout Source,
    to sink: inout Sink
  ) throws(DeltaError) {
    switch compression {
    case .zlib:
      var decoder = try BSDiff43Decoder<ZlibInflater>(
        imageSize: imageSize, sourceSize: sourceSize, limits: limits)
      try decode(patch, with: &decoder, from: &source, to: &sink)
    case .bzip2:
      var decoder = try BSDiff43Decoder<BZip2Inflater>(
        imageSize: imageSize, sourceSize: sourceSize, limits: limits)
      try decode(patch, with: &decoder, from: &source, to: &sink)
    }
  }
}
