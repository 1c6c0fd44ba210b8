/// Which of two partners failed.
public enum TeeError<First: Error, Second: Error>: Error {
  /// The first one: the source, or the sink that is written first.
  case first(First)
  /// The second one.
  case second(Second)
}

extension TeeError: Equatable where First: Equatable, Second: Equatable {}

/// Writes everything to two sinks: to a slot and to a hash function, so that the digest of the new image is known
/// when the last byte is written.
///
/// Take the sinks back from ``first`` and ``second`` when the decoder has finished.
public struct TeeSink<First: ImageSink & ~Copyable, Second: ImageSink & ~Copyable>: ~Copyable, ImageSink {
  /// The sink that is written first.
  public var first: First
  /// The sink that gets only bytes that the first one has taken.
  public var second: Second

  /// Joins two sinks.
  public init(_ first: consuming First, _ second: consuming Second) {
    self.first = first
    self.second = second
  }

  /// Writes to the first sink, then to the second.
  ///
  /// - Parameter bytes: the next bytes of the image.
  /// - Throws: the failure of either; the second sink gets nothing that the first refused.
  public mutating func write(_ bytes: Span<UInt8>) throws(TeeError<First.Failure, Second.Failure>) {
    do throws(First.Failure) {
      try first.write(bytes)
    } catch {
      throw .first(error)
    }
    do throws(Second.Failure) {
      try second.write(bytes)
    } catch {
      throw .second(error)
    }
  }
}
