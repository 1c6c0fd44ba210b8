public import OTACore
public import OTACrypto
public import OTADelta

/// Applies a native patch with any coder that hosts know, while it arrives: ``NativeDecoder`` and
/// ``NativeStreamsDecoder``, whichever the header asks for.
///
/// - Note: Source: Docs/DeltaFormat.md, Part 1.
public struct NativeHostDecoder<Hash: HashFunction & ~Copyable>: ~Copyable, PayloadDecoder {
  /// Where the coder is in the header.
  private static var coderOffset: Int { 5 }

  // Both are small until they have seen a header, and only one will.
  private var adaptive: NativeDecoder
  private var streams: NativeStreamsDecoder<Hash>
  private var isStreams = false
  /// The first bytes, until the coder is known.
  private var start: [UInt8] = []
  private var isChosen = false
  private var failure: DeltaError?

  /// How many bytes of the new image were written to the sink.
  public var outputCount: UInt32 { isStreams ? streams.outputCount : adaptive.outputCount }

  /// Starts before the first byte of a payload; memory is allocated when the patch says how much.
  ///
  /// - Parameters:
  ///   - imageSize: how many bytes the new image must have.
  ///   - sourceSize: how many bytes the old image has.
  ///   - limits: ``Limits/imageSize`` and ``Limits/decoderMemory`` apply.
  /// - Throws: ``DeltaError/imageTooLarge``.
  public init(imageSize: UInt32, sourceSize: UInt32, limits: Limits) throws(DeltaError) {
    let adaptive = try NativeDecoder(imageSize: imageSize, sourceSize: sourceSize, limits: limits)
    let streams = try NativeStreamsDecoder<Hash>(
      imageSize: imageSize, sourceSize: sourceSize, limits: limits)
    self.adaptive = consume adaptive
    self.streams = consume streams
  }

  /// The working memory that a patch needs, in bytes; to be declared in its manifest.
  ///
  /// - Parameter patch: the patch, or as much of it as header and table of streams take:
  ///   ``NativeHeader/maximumSize`` and ``StreamTable/maximumSize``.
  /// - Returns: what the decoder takes besides its own value.
  /// - Throws: as ``NativeHeader/parse(_:)`` and ``StreamTable/parse(_:header:)`` do; ``DeltaError/truncated`` if they
  ///   are not whole.
  public static func memoryRequirement(of patch: Span<UInt8>) throws(DeltaError) -> UInt64 {
    guard let (header, count) = try NativeHeader.parse(patch) else { throw .truncated }
    guard header.coder == .streams else { return NativeDecoder.memoryRequirement(of: header) }
    guard let parsed = try StreamTable.parse(patch.extracting(count..<patch.count), header: header) else {
      throw .truncated
    }
    return parsed.table.memoryRequirement(header: header)
  }

  /// Takes the next bytes of the payload and writes all the image bytes that follow from them.
  ///
  /// - Parameters:
  ///   - bytes: any number of bytes; every division gives the same image or the same error.
  ///   - media: the old image, and where the new one goes.
  /// - Throws: as ``NativeDecoder/push(_:media:)`` and ``NativeStreamsDecoder/push(_:media:)`` do.
  public mutating func push<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    if let failure { throw .delta(failure) }
    var position = 0
    while !isChosen {
      guard position < bytes.count else { return }
      start.append(bytes[position])
      position += 1
      do throws(DeltaError) {
        // So few are no header yet, but may be the start of none.
        _ = try NativeHeader.parse(start.span)
      } catch {
        failure = error
        throw .delta(error)
      }
      guard start.count > NativeHostDecoder.coderOffset else { continue }
      isChosen = true
      isStreams = start[NativeHostDecoder.coderOffset] == NativeHeader.Coder.streams.rawValue
      let first = start
      start = []
      try forward(first.span, media: &media)
    }
    try forward(bytes.extracting(position..<bytes.count), media: &media)
  }

  private mutating func forward<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    if isStreams {
      try streams.push(bytes, media: &media)
    } else {
      try adaptive.push(bytes, media: &media)
    }
  }

  /// Ends the payload; returns only if the whole image was written and is the promised one.
  ///
  /// - Throws: ``DeltaError/truncated``, or what an earlier call threw.
  public mutating func finish() throws(DeltaError) {
    if let failure { throw failure }
    guard isChosen else {
      failure = .truncated
      throw .truncated
    }
    if isStreams {
      try streams.finish()
    } else {
      try adaptive.finish()
    }
  }
}
