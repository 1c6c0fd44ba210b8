/// The two ends of a patch as one value: the old image to read, the new one to write.
///
/// One value, because on a device both are behind one flash controller, which cannot be lent out twice at a time. Where
/// they are apart, as on a host, ``PatchEnds`` joins an ``ImageSource`` and an ``ImageSink``.
public protocol PatchMedia: ~Copyable {
  /// What a read of the old image can fail with.
  associatedtype SourceFailure: Error
  /// What a write of the new image can fail with.
  associatedtype SinkFailure: Error

  /// Reads bytes of the old image; the contract of ``ImageSource/read(into:at:)``.
  mutating func readSource(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(SourceFailure)

  /// Appends bytes to the new image; the contract of ``ImageSink/write(_:)``.
  mutating func writeImage(_ bytes: Span<UInt8>) throws(SinkFailure)
}

/// A source and a sink that are apart, joined.
public struct PatchEnds<Source: ImageSource & ~Copyable, Sink: ImageSink & ~Copyable>: ~Copyable, PatchMedia {
  /// The old image.
  public var source: Source
  /// The new image.
  public var sink: Sink

  /// Joins the two.
  public init(source: consuming Source, sink: consuming Sink) {
    self.source = source
    self.sink = sink
  }

  /// Reads from the source.
  public mutating func readSource(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(Source.Failure) {
    try source.read(into: &destination, at: offset)
  }

  /// Writes to the sink.
  public mutating func writeImage(_ bytes: Span<UInt8>) throws(Sink.Failure) {
    try sink.write(bytes)
  }
}
