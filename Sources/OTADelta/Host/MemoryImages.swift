#if !hasFeature(Embedded)
/// An old image that is in memory, for hosts and tests.
public struct MemorySource: ImageSource {
  /// Why a read was refused.
  public enum Failure: UInt8, Error, Equatable, Sendable {
    /// The range is not inside the image.
    case outOfRange
  }

  /// The image.
  public let bytes: [UInt8]

  /// Takes an image.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Copies bytes out.
  ///
  /// - Parameters:
  ///   - destination: filled whole.
  ///   - offset: the first byte.
  /// - Throws: ``Failure/outOfRange`` if the range is not inside the image; nothing is copied then.
  public func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(Failure) {
    guard let start = Int(exactly: offset), start <= bytes.count, destination.count <= bytes.count - start
    else { throw .outOfRange }
    unsafe bytes.withUnsafeBufferPointer { source in
      unsafe destination.withUnsafeMutableBufferPointer { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        // Many bytes at once: patches of hosts copy megabytes.
        unsafe to.update(from: from + start, count: target.count)
      }
    }
  }
}

/// A new image that grows in memory, for hosts and tests.
///
/// A decoder never writes more than the expected size of the image, so that size bounds the memory.
public struct MemorySink: ImageSink {
  /// What was written until now.
  public private(set) var bytes: [UInt8] = []

  /// Starts without a byte.
  public init() {}

  /// Starts without a byte, but with room for some.
  ///
  /// - Parameter capacity: in bytes; not negative.
  public init(reserving capacity: Int) {
    bytes.reserveCapacity(capacity)
  }

  /// Appends bytes; never fails.
  public mutating func write(_ span: Span<UInt8>) throws(Never) {
    unsafe span.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
  }
}
#endif
