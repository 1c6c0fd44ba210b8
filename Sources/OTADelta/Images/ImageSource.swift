/// An image that a patch starts from, read at any place: a slot, a file, an array.
public protocol ImageSource: ~Copyable {
  /// What a read can fail with.
  associatedtype Failure: Error

  /// Reads bytes; decoders stay inside the source size that they were told.
  ///
  /// - Parameters:
  ///   - destination: filled whole; its count is the number of bytes to read.
  ///   - offset: the first byte, counted from the start of the image; no alignment.
  /// - Throws: the failure of the medium; then `destination` is undefined and the decoder is of no more use.
  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(Failure)
}

/// Where the bytes of a new image go, from the first to the last.
public protocol ImageSink: ~Copyable {
  /// What a write can fail with.
  associatedtype Failure: Error

  /// Appends bytes; any number of them, never none.
  ///
  /// The sink collects them into units that its medium can write. What power loss leaves is for the sink to say.
  ///
  /// - Parameter bytes: the next bytes of the image.
  /// - Throws: the failure of the medium; then the decoder is of no more use.
  mutating func write(_ bytes: Span<UInt8>) throws(Failure)
}

extension ImageSource where Self: ~Copyable {
  /// Reads the image from the first byte to the last, for instance to take its digest before it is patched.
  ///
  /// - Parameters:
  ///   - size: how many bytes the image has.
  ///   - sink: gets all of them, at most 512 at a time.
  /// - Throws: ``TeeError/first(_:)`` if a read fails, ``TeeError/second(_:)`` if the sink does.
  public mutating func copy<Sink: ImageSink & ~Copyable>(
    size: UInt32, to sink: inout Sink
  ) throws(TeeError<Failure, Sink.Failure>) {
    var buffer = InlineArray<512, UInt8>(repeating: 0)
    var offset: UInt32 = 0
    while offset < size {
      let count = Int(min(512, size - offset))
      do throws(Failure) {
        var bytes = buffer.mutableSpan
        var part = bytes._mutatingExtracting(0..<count)
        try read(into: &part, at: offset)
      } catch {
        throw .first(error)
      }
      do throws(Sink.Failure) {
        try sink.write(buffer.span.extracting(0..<count))
      } catch {
        throw .second(error)
      }
      offset += UInt32(count)
    }
  }
}
