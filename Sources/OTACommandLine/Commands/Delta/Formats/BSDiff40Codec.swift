import OTACore
import OTADelta
import OTADeltaBZip2
import OTADeltaEncoder

/// `BSDIFF40`.
enum BSDiff40Codec: PatchCodec {
  static var maximumImageSize: Int { BSDiff40Encoder.maximumImageSize }
  static var minimumDecoderMemory: UInt32 { BSDiff40Decoder<BZip2Inflater>.minimumMemory }

  static func decoderMemory(of patch: [UInt8]) throws(DeltaError) -> UInt32 {
    let needed = BSDiff40Decoder<BZip2Inflater>.memoryRequirement(of: try BSDiff40Header(patch.span))
    guard let memory = UInt32(exactly: needed) else { throw .memoryExceeded }
    return memory
  }

  static func imageSize(of patch: [UInt8]) throws(DeltaError) -> UInt64 {
    try BSDiff40Header(patch.span).imageSize
  }

  static func makePatch(
    old: [UInt8], new: [UInt8], options: PatchOptions, report: (EncodingProgress) -> Void
  ) throws(DeltaEncoderError) -> [UInt8] {
    try BSDiff40Encoder.makePatch(old: old, new: new)
  }

  static func decode<Source: ImageSource, Sink: ImageSink>(
    _ patch: [UInt8], imageSize: UInt32, sourceSize: UInt32, limits: Limits, from source: inout Source,
    to sink: inout Sink
  ) throws(DeltaError) {
    var decoder = try BSDiff40Decoder<BZip2Inflater>(
      imageSize: imageSize, sourceSize: sourceSize, limits: limits)
    try decode(patch, with: &decoder, from: &source, to: &sink)
  }
}
