import OTACore
import OTADelta
import OTADeltaEncoder
import OTADeltaVCDIFF

/// VCDIFF, RFC 3284.
enum VCDIFFCodec: PatchCodec {
  static var maximumImageSize: Int { VCDIFFEncoder.maximumImageSize }
  static var minimumDecoderMemory: UInt32 { VCDIFFDecoder.baseMemory }

  static func decoderMemory(of patch: [UInt8]) throws(DeltaError) -> UInt32 { VCDIFFEncoder.decoderMemory }

  static func imageSize(of patch: [UInt8]) throws(DeltaError) -> UInt64 {
    UInt64(try VCDIFFFormat.imageSize(of: patch.span))
  }

  static func makePatch(
    old: [UInt8], new: [UInt8], options: PatchOptions, report: (EncodingProgress) -> Void
  ) throws(DeltaEncoderError) -> [UInt8] {
    try VCDIFFEncoder.makePatch(old: old, new: new)
  }

  static func decode<Source: ImageSource, Sink: ImageSink>(
    _ patch: [UInt8], imageSize: UInt32, sourceSize: UInt32, limits: Limits, from source: inout Source,
    to sink: inout Sink
  ) throws(DeltaError) {
    var decoder = try VCDIFFDecoder(imageSize: imageSize, sourceSize: sourceSize, limits: limits)
    try decode(patch, with: &decoder, from: &source, to: &sink)
  }

  static func contents(
    of patch: [UInt8], imageSize: UInt32, limits: Limits
  ) throws(DeltaError) -> PatchContents {
    // Its windows carry checksums, which only the right old image satisfies.
    PatchContents()
  }
}
