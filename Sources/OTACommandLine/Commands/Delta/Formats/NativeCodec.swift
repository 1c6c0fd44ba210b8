import OTACore
import OTADelta
import OTADeltaEncoder

/// The native format.
enum NativeCodec: PatchCodec {
  static var maximumImageSize: Int { NativeEncoder.maximumImageSize }
  static var minimumDecoderMemory: UInt32 { NativeEncoder.minimumDecoderMemory }

  static func decoderMemory(of patch: [UInt8]) throws(DeltaError) -> UInt32 {
    guard let memory = UInt32(exactly: NativeDecoder.memoryRequirement(of: try header(of: patch))) else {
      throw .memoryExceeded
    }
    return memory
  }

  static func imageSize(of patch: [UInt8]) throws(DeltaError) -> UInt64 {
    UInt64(try header(of: patch).newSize)
  }

  static func makePatch(
    old: [UInt8], new: [UInt8], options: PatchOptions
  ) throws(DeltaEncoderError) -> [UInt8] {
    try NativeEncoder.makePatch(
      old: old, new: new,
      options: NativeEncoder.Options(memory: options.memory, architecture: options.architecture))
  }

  static func decode<Source: ImageSource, Sink: ImageSink>(
    _ patch: [UInt8], imageSize: UInt32, sourceSize: UInt32, limits: Limits, from source: inout Source,
    to sink: inout Sink
  ) throws(DeltaError) {
    let decoder = try NativeDecoder(imageSize: imageSize, sourceSize: sourceSize, limits: limits)
    try decode(patch, with: decoder, from: &source, to: &sink)
  }

  static func contents(
    of patch: [UInt8], imageSize: UInt32, limits: Limits
  ) throws(DeltaError) -> PatchContents {
    PatchContents(oldSizeAtLeast: try header(of: patch).oldSize)
  }

  private static func header(of patch: [UInt8]) throws(DeltaError) -> NativeHeader {
    guard let parsed = try NativeHeader.parse(patch.span) else { throw .truncated }
    return parsed.header
  }
}
