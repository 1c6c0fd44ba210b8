import OTACore
import OTACryptoOpenSSL
import OTADelta
import OTADeltaContainers
import OTADeltaEncoder
import OTADeltaStreams

/// The native format, and container patches, which have a native patch between the contents of the files in them.
enum NativeCodec: PatchCodec {
  static var maximumImageSize: Int { NativeEncoder.maximumImageSize }
  static var minimumDecoderMemory: UInt32 { NativeEncoder.minimumDecoderMemory }

  static func decoderMemory(of patch: [UInt8]) throws(DeltaError) -> UInt32 {
    let needed =
      isContainer(patch)
      ? try ContainerPatch(patch.span).memoryRequirement
      : try NativeHostDecoder<OpenSSLSHA256>.memoryRequirement(of: patch.span)
    guard let memory = UInt32(exactly: needed) else { throw .memoryExceeded }
    return memory
  }

  static func imageSize(of patch: [UInt8]) throws(DeltaError) -> UInt64 {
    if isContainer(patch) { return UInt64(try ContainerPatch(patch.span).header.newSize) }
    return UInt64(try header(of: patch).newSize)
  }

  static func makePatch(
    old: [UInt8], new: [UInt8], options: PatchOptions, report: (EncodingProgress) -> Void
  ) throws(DeltaEncoderError) -> [UInt8] {
    try NativeEncoder.makePatch(
      old: old, new: new,
      options: NativeEncoder.Options(
        memory: options.memory, architecture: options.architecture, effort: options.effort),
      isCancelled: { Task.isCancelled }, report: report)
  }

  static func decode<Source: ImageSource, Sink: ImageSink>(
    _ patch: [UInt8], imageSize: UInt32, sourceSize: UInt32, limits: Limits, from source: inout Source,
    to sink: inout Sink
  ) throws(DeltaError) {
    if isContainer(patch) {
      var decoder = try ContainerPatchDecoder(imageSize: imageSize, sourceSize: sourceSize, limits: limits)
      try decode(patch, with: &decoder, from: &source, to: &sink)
    } else {
      var decoder = try NativeHostDecoder<OpenSSLSHA256>(
        imageSize: imageSize, sourceSize: sourceSize, limits: limits)
      try decode(patch, with: &decoder, from: &source, to: &sink)
    }
  }

  static func decodeWithDigest<Source: ImageSource, Sink: ImageSink>(
    _ patch: [UInt8], imageSize: UInt32, sourceSize: UInt32, limits: Limits, from source: inout Source,
    to sink: inout Sink
  ) throws(DeltaError) -> Digest {
    guard !isContainer(patch), try header(of: patch).coder == .streams else {
      return try decodeHashing(
        patch, imageSize: imageSize, sourceSize: sourceSize, limits: limits, from: &source, to: &sink)
    }
    // This decoder computes the digest anyway.
    var decoder = try NativeStreamsDecoder<OpenSSLSHA256>(
      imageSize: imageSize, sourceSize: sourceSize, limits: limits)
    try decode(patch, with: &decoder, from: &source, to: &sink)
    guard let digest = decoder.imageDigest else { throw .truncated }
    return digest
  }

  static func contents(
    of patch: [UInt8], imageSize: UInt32, limits: Limits
  ) throws(DeltaError) -> PatchContents {
    guard isContainer(patch) else {
      let (header, count) = try parsed(patch)
      var contents = PatchContents(oldSizeAtLeast: header.oldSize)
      if header.coder == .streams,
        let (table, _) = try StreamTable.parse(patch.span.extracting(count..<patch.count), header: header)
      {
        contents.bytesFromPatch = Int(table.extra.rawSize)
        contents.bytesFromOld = Int(header.newSize - table.extra.rawSize)
      }
      return contents
    }
    let container = try ContainerPatch(patch.span)
    return PatchContents(
      oldSizeAtLeast: container.header.oldSize,
      unpackedSizes: (container.header.oldContentSize, container.recipe.contentSize))
  }

  private static func isContainer(_ patch: [UInt8]) -> Bool { ContainerPatchHeader.isStart(of: patch.span) }

  private static func header(of patch: [UInt8]) throws(DeltaError) -> NativeHeader {
    try parsed(patch).header
  }

  private static func parsed(_ patch: [UInt8]) throws(DeltaError) -> (header: NativeHeader, count: Int) {
    guard let parsed = try NativeHeader.parse(patch.span) else { throw .truncated }
    return parsed
  }
}
