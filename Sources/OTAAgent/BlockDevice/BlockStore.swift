package import OTAPartition

/// A disk: logical blocks, each written whole or not at all when the power goes.
///
/// The seam between the rules of flash and the operating system; tests put a disk of their own here, that loses its
/// power.
package protocol BlockStore: ~Copyable {
  /// The bytes of a logical block.
  var blockSize: UInt32 { get }

  /// Reads bytes from any offset and in any number.
  ///
  /// - Throws: `FlashError.deviceFailure`.
  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt64) throws(FlashError)

  /// Writes whole logical blocks.
  ///
  /// They may stay in a cache of the disk and get to it in any order, until ``flush(_:)``.
  ///
  /// - Throws: `FlashError.deviceFailure`; any of the blocks may be written then.
  mutating func write(_ blocks: Span<UInt8>, at offset: UInt64) throws(FlashError)

  /// Waits until everything that was written outlives a loss of power.
  ///
  /// - Parameter range: where it was written.
  /// - Throws: `FlashError.deviceFailure`; any of the blocks may be lost then.
  mutating func flush(_ range: Range<UInt64>) throws(FlashError)
}
