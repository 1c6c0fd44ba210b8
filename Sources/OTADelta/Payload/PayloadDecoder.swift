/// Makes an image from the bytes of a payload, in whatever pieces they arrive.
///
/// Decoding is deterministic: after a loss of power, start a new decoder at the first payload byte with a sink that
/// drops what is already in flash. A decoder keeps nothing that must survive.
///
/// The caller authenticates payload bytes before it pushes them, and compares the digests of the old image before
/// and of the new image after; ``TeeSink`` and ``ImageSource/copy(size:to:)`` help.
public protocol PayloadDecoder: ~Copyable {
  /// How many bytes of the new image were written to the sink.
  var outputCount: UInt32 { get }

  /// Takes the next bytes of the payload and writes all the image bytes that follow from them.
  ///
  /// - Parameters:
  ///   - bytes: any number of bytes, none included; every division gives the same image or the same error.
  ///   - media: the old image, and where the new one goes; the same in every call.
  /// - Throws: ``PatchError/delta(_:)`` if the payload is refused, ``PatchError/source(_:)`` and
  ///   ``PatchError/sink(_:)`` if a medium fails. Then the decoder is of no more use: each later call throws the same
  ///   ``DeltaError``, or ``DeltaError/abandoned`` after a failure of a medium.
  mutating func push<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>)

  /// Ends the payload; returns only if the whole image was written.
  ///
  /// Writes nothing. May be called again, with the same result.
  ///
  /// - Throws: ``DeltaError/truncated`` if bytes are missing, ``DeltaError/imageSizeMismatch`` if an image without a
  ///   patch is too short, or what an earlier call threw.
  mutating func finish() throws(DeltaError)
}

extension PayloadDecoder where Self: ~Copyable {
  /// The same with an old image and a place for the new one that are apart.
  ///
  /// - Parameters:
  ///   - bytes: any number of bytes, none included.
  ///   - source: the old image; the same one in every call.
  ///   - sink: where the new image goes; the same one in every call.
  /// - Throws: as ``push(_:media:)``.
  public mutating func push<Source: ImageSource & ~Copyable, Sink: ImageSink & ~Copyable>(
    _ bytes: Span<UInt8>, source: inout Source, sink: inout Sink
  ) throws(PatchError<Source.Failure, Sink.Failure>) {
    var ends = PatchEnds(source: consume source, sink: consume sink)
    do throws(PatchError<Source.Failure, Sink.Failure>) {
      try push(bytes, media: &ends)
    } catch {
      source = ends.source
      sink = ends.sink
      throw error
    }
    source = ends.source
    sink = ends.sink
  }
}
