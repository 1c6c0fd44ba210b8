import OTACore
import OTADelta
import OTADeltaEncoder
import OTADeltaZstd

/// The frames of `zstd --patch-from`.
enum ZstdCodec: PatchCodec {
  static var maximumImageSize: Int { ZstdPatchEncoder.maximumImageSize }
  static var minimumDecoderMemory: UInt32 { ZstdDecompressor.memoryRequirement }

  static func decoderMemory(of patch: [UInt8]) throws(DeltaError) -> UInt32 {
    let header = try header(of: patch)
    let needed = ZstdPatchDecoder.memoryRequirement(sourceSize: 0, windowSize: header.windowSize)
    guard let memory = UInt32(exactly: needed) else { throw .memoryExceeded }
    return memory
  }

  static func imageSize(of patch: [UInt8]) throws(DeltaError) -> UInt64 {
    guard let size = try header(of: patch).contentSize else { throw .unsupportedFormat }
    return size
  }

  static func makePatch(
    old: [UInt8], new: [UInt8], options: PatchOptions, report: (EncodingProgress) -> Void
  ) throws(DeltaEncoderError) -> [UInt8] {
    try ZstdPatchEncoder.makePatch(old: old, new: new)
  }

  static func decode<Source: ImageSource, Sink: ImageSink>(
    _ patch: [UInt8], imageSize: UInt32, sourceSize: UInt32, limits: Limits, from source: inout Source,
    to sink: inout Sink
  ) throws(DeltaError) {
    var decoder = try ZstdPatchDecoder(imageSize: imageSize, sourceSize: sourceSize, limits: limits)
    try decode(patch, with: &decoder, from: &source, to: &sink)
  }

  static func contents(
    of patch: [UInt8], imageSize: UInt32, limits: Limits
  ) throws(DeltaError) -> PatchContents {
    // The frame has a checksum, which only the right old image satisfies.
    PatchContents()
  }

  private static func header(of patch: [UInt8]) throws(DeltaError) -> ZstdFrameHeader {
    guard let header = try ZstdFrameHeader(patch.span) else { throw .truncated }
    return header
  }
}
