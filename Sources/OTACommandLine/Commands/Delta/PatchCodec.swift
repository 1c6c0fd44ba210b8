import OTACore
import OTADelta
import OTADeltaEncoder

/// What the command line needs to know of a format that this build makes and applies; one file a format in `Formats`,
/// and one line in ``PatchFormat/codec``.
protocol PatchCodec: SendableMetatype {
  /// The largest image that the encoder takes, in bytes.
  static var maximumImageSize: Int { get }

  /// What a decoder of any patch takes at least, in bytes; so much can be said before there is a patch.
  static var minimumDecoderMemory: UInt32 { get }

  /// What the decoder of this patch takes at most, in bytes.
  ///
  /// - Throws: what the decoder would throw for the header that says it.
  static func decoderMemory(of patch: [UInt8]) throws(DeltaError) -> UInt32

  /// How many bytes the new image has, as the patch says; not yet held against any limit.
  ///
  /// - Throws: what the decoder would throw for the header that says it.
  static func imageSize(of patch: [UInt8]) throws(DeltaError) -> UInt64

  /// Makes a patch; stops when the current task is cancelled.
  ///
  /// - Parameters:
  ///   - old: the image to start from.
  ///   - new: the image to make.
  ///   - options: what it may cost. The caller refuses a patch whose decoder takes more memory.
  ///   - report: told how far it is, if the encoder of the format says.
  /// - Returns: the patch.
  /// - Throws: as the encoder of the format does.
  static func makePatch(
    old: [UInt8], new: [UInt8], options: PatchOptions, report: (EncodingProgress) -> Void
  ) throws(DeltaEncoderError) -> [UInt8]

  /// Decodes a whole patch; most formats call ``decode(_:with:from:to:)``.
  ///
  /// - Parameters:
  ///   - patch: all of it.
  ///   - imageSize: how many bytes the new image has.
  ///   - sourceSize: how many bytes the old one has.
  ///   - limits: of the decoder.
  ///   - source: the old image.
  ///   - sink: gets the new one.
  /// - Throws: why the decoder refused; then the sink has a part of the image.
  static func decode<Source: ImageSource, Sink: ImageSink>(
    _ patch: [UInt8], imageSize: UInt32, sourceSize: UInt32, limits: Limits, from source: inout Source,
    to sink: inout Sink
  ) throws(DeltaError)

  /// Decodes a whole patch, and says what the digest of the new image is, which some decoders know anyway.
  ///
  /// By default ``decode(_:imageSize:sourceSize:limits:from:to:)``, with the digest computed beside.
  static func decodeWithDigest<Source: ImageSource, Sink: ImageSink>(
    _ patch: [UInt8], imageSize: UInt32, sourceSize: UInt32, limits: Limits, from source: inout Source,
    to sink: inout Sink
  ) throws(DeltaError) -> Digest

  /// What of the patch can be told without the image that it starts from.
  ///
  /// By default, the patch is decoded over an image of zeros. Formats that check the old or the new image by
  /// themselves say what they can in another way.
  static func contents(of patch: [UInt8], imageSize: UInt32, limits: Limits) throws(DeltaError)
    -> PatchContents
}

/// What a patch may cost, for formats that can trade it for size.
struct PatchOptions {
  /// What the decoder may take, in bytes; nil for as much as the format likes.
  var memory: UInt32?
  /// The instruction set in which addresses are corrected, by its name; nil to find out.
  var architecture: String?
  /// How much work goes into a native patch.
  var effort = NativeEncoder.Effort.standard
  /// The slot where the new image replaces the old one, for patches that are applied in place.
  var slot: InPlaceSlot?
  /// Whether a patch that is applied in place brings the way back.
  var isReversible = false
}

/// What makes up the new image; nothing where the format does not tell without the old image.
struct PatchContents {
  /// How many bytes are read from the old image.
  var bytesFromOld: Int?
  /// How many bytes the patch brings.
  var bytesFromPatch: Int?
  /// How many bytes the old image has at least.
  var oldSizeAtLeast: UInt32?
  /// How many bytes the images have when the compressed streams in them are unpacked, if that is what the patch is about.
  var unpackedSizes: (old: UInt32, new: UInt32)?
  /// How the patch is applied in place, if it is.
  var inPlace: InPlace?

  struct InPlace {
    /// By how many bytes the old image is moved up.
    var shift: UInt32
    /// How many bytes of the new image are made at a time.
    var segmentSize: UInt32
    /// Whether the file has the way back.
    var isReversible: Bool
  }
}

extension PatchCodec {
  static func decodeWithDigest<Source: ImageSource, Sink: ImageSink>(
    _ patch: [UInt8], imageSize: UInt32, sourceSize: UInt32, limits: Limits, from source: inout Source,
    to sink: inout Sink
  ) throws(DeltaError) -> Digest {
    try decodeHashing(
      patch, imageSize: imageSize, sourceSize: sourceSize, limits: limits, from: &source, to: &sink)
  }

  /// Decodes a whole patch, and computes the digest of the new image beside.
  static func decodeHashing<Source: ImageSource, Sink: ImageSink>(
    _ patch: [UInt8], imageSize: UInt32, sourceSize: UInt32, limits: Limits, from source: inout Source,
    to sink: inout Sink
  ) throws(DeltaError) -> Digest {
    var both = CopyableTee(first: sink, digest: DigestSink())
    defer { sink = both.first }
    try decode(
      patch, imageSize: imageSize, sourceSize: sourceSize, limits: limits, from: &source, to: &both)
    return both.digest.digest
  }

  static func contents(
    of patch: [UInt8], imageSize: UInt32, limits: Limits
  ) throws(DeltaError) -> PatchContents {
    var source = CountingSource()
    var sink = CountingSink()
    try decode(
      patch, imageSize: imageSize, sourceSize: .max, limits: limits, from: &source, to: &sink)
    return PatchContents(
      bytesFromOld: source.count, bytesFromPatch: sink.count - source.count, oldSizeAtLeast: source.end)
  }

  /// Pushes a whole patch through a decoder and ends it.
  ///
  /// - Throws: what the decoder throws; ``DeltaError/sourceOutOfRange`` if the old image cannot be read there,
  ///   ``DeltaError/abandoned`` if the sink fails.
  static func decode<Decoder: PayloadDecoder & ~Copyable, Source: ImageSource, Sink: ImageSink>(
    _ patch: [UInt8], with decoder: inout Decoder, from source: inout Source, to sink: inout Sink
  ) throws(DeltaError) {
    do throws(PatchError<Source.Failure, Sink.Failure>) {
      try decoder.push(patch.span, source: &source, sink: &sink)
    } catch {
      switch error {
      case .delta(let error): throw error
      case .source: throw .sourceOutOfRange
      case .sink: throw .abandoned
      }
    }
    try decoder.finish()
  }
}

/// Writes to a sink, and what it took to a digest.
private struct CopyableTee<Sink: ImageSink>: ImageSink {
  var first: Sink
  let digest: DigestSink

  mutating func write(_ bytes: Span<UInt8>) throws(Sink.Failure) {
    try first.write(bytes)
    digest.write(bytes)
  }
}

/// An old image of any size, of which only is noted what is read.
private struct CountingSource: ImageSource {
  /// How many bytes were read.
  private(set) var count = 0
  /// The end of what was read.
  private(set) var end: UInt32 = 0

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(Never) {
    for index in 0..<destination.count { destination[index] = 0 }
    count += destination.count
    // The decoder stays below the source size, so the sum fits.
    end = max(end, offset + UInt32(destination.count))
  }
}

/// A new image, of which only is noted how long it is.
private struct CountingSink: ImageSink {
  private(set) var count = 0

  mutating func write(_ bytes: Span<UInt8>) throws(Never) {
    count += bytes.count
  }
}
