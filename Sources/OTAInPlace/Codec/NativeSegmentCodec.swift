public import OTADelta

/// The native patches for use in place, as `ota delta make --format in-place` makes them.
public struct NativeSegmentCodec: ~Copyable, SegmentCodec {
  private var decoder: InPlaceDecoder?
  /// There while there is no decoder.
  private var memory: DecoderMemory?
  private let memorySize: UInt64

  /// Takes the memory of the decoder.
  ///
  /// - Parameter memory: all that the decoder may use besides its own value. A patch that declares more is refused, before
  ///   a byte of the slot changes.
  public init(memory: consuming DecoderMemory) {
    memorySize = UInt64(memory.byteCount)
    self.memory = consume memory
  }

  /// As many as `InPlaceHeader.maximumSize`.
  public static var headerSize: Int { InPlaceHeader.maximumSize }

  /// Reads what a patch says about itself.
  ///
  /// - Parameter head: the first bytes of the patch.
  /// - Returns: what it says.
  /// - Throws: as `InPlaceHeader.parse(_:)`; `DeltaError.truncated` if the header is not whole.
  public static func parameters(of head: Span<UInt8>) throws(DeltaError) -> InPlaceParameters {
    let header = try header(head)
    return InPlaceParameters(
      sourceSize: header.native.oldSize, targetSize: header.native.newSize, shift: header.shift,
      segmentSize: header.segmentSize, patchSize: header.patchSize)
  }

  /// Makes ready for a patch.
  ///
  /// - Parameter head: the first bytes of the patch.
  /// - Throws: as ``parameters(of:)``; `DeltaError.memoryExceeded` if the patch declares more memory than there is.
  public mutating func begin(_ head: Span<UInt8>) throws(DeltaError) {
    let header = try NativeSegmentCodec.header(head)
    guard header.memoryRequirement <= memorySize else { throw .memoryExceeded }
    if let last = decoder.take() { memory = last.closed() }
    guard let memory = memory.take() else { throw .abandoned }
    decoder = InPlaceDecoder(header: header, memory: memory)
  }

  /// Makes one segment.
  ///
  /// - Parameters:
  ///   - segment: which one, from 0.
  ///   - media: the old image, the patch, and where the new bytes go.
  /// - Throws: as `InPlaceDecoder.decode(segment:media:)`; `DeltaError.corruptStream` for a segment that the patch does not
  ///   have, `DeltaError.abandoned` if no patch was begun.
  public mutating func decode<Media: InPlaceMedia & ~Copyable>(
    segment: UInt32, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    guard let count = decoder?.header.segmentCount else { throw .delta(.abandoned) }
    // A header may read differently the second time, if the flash is failing.
    guard segment < count else { throw .delta(.corruptStream) }
    try decoder?.decode(segment: segment, media: &media)
  }

  private static func header(_ head: Span<UInt8>) throws(DeltaError) -> InPlaceHeader {
    guard let header = try InPlaceHeader.parse(head) else { throw .truncated }
    return header
  }
}
