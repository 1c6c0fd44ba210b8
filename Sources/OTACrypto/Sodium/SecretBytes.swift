import CSodium
public import OTACore
import Synchronization

/// Bytes that nobody else may know: never copied, never printed, and zeroed when they go.
///
/// The bytes have one owner and one place in memory. What a closure copies out of them is the caller's to zero.
public struct SecretBytes: ~Copyable, Sendable {
  // The mutex makes the storage Sendable and lets `deinit`, which only borrows, write to it in place. The array in
  // it is never handed out, so it is never shared and never copied on write.
  private let storage: Mutex<[UInt8]>

  /// How many bytes there are.
  public let count: Int

  /// Makes secret bytes of what `body` writes.
  ///
  /// - Parameters:
  ///   - capacity: the most bytes that it may write.
  ///   - body: writes the bytes.
  /// - Throws: what `body` throws; what it wrote is zeroed then too.
  public init(
    capacity: Int, writing body: (inout ByteWriter) throws(ParseError) -> Void
  ) throws(ParseError) {
    let storage = Mutex([UInt8](repeating: 0, count: capacity))
    do throws(ParseError) {
      self.count = try storage.withLock { (bytes) throws(ParseError) in
        var writer = ByteWriter(bytes.mutableSpan)
        try body(&writer)
        return writer.count
      }
    } catch {
      // The value does not exist yet, so its `deinit` does not run.
      storage.withLock { bytes in zero(&bytes) }
      throw error
    }
    self.storage = storage
  }

  /// Makes secret bytes in place; they are zero before `body` fills them.
  init(count: Int, filling body: (inout MutableSpan<UInt8>) -> Void) {
    let storage = Mutex([UInt8](repeating: 0, count: count))
    storage.withLock { bytes in
      var span = bytes.mutableSpan
      body(&span)
    }
    self.storage = storage
    self.count = count
  }

  /// Copies bytes; the caller zeroes his own.
  public init(copying bytes: Span<UInt8>) {
    self.init(count: bytes.count) { span in
      for index in 0..<bytes.count { span[index] = bytes[index] }
    }
  }

  /// Lends the bytes for as long as `body` runs.
  ///
  /// Not reentrant: `body` must not lend the same bytes again.
  ///
  /// - Parameter body: reads the bytes.
  /// - Returns: what `body` returns.
  /// - Throws: what `body` throws.
  public borrowing func withBytes<Result: ~Copyable, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try storage.withLock { (bytes) throws(Failure) in
      try body(bytes.span.extracting(0..<count))
    }
  }

  deinit {
    storage.withLock { bytes in zero(&bytes) }
  }
}

/// Overwrites bytes in a way that the optimizer keeps.
package func zero(_ bytes: inout [UInt8]) {
  unsafe bytes.withUnsafeMutableBytes { buffer in
    guard let start = buffer.baseAddress else { return }
    unsafe sodium_memzero(start, buffer.count)
  }
}
