public import OTACore

/// Memory that is erased in blocks and written in units: the one thing that a port to new hardware must supply.
///
/// Offsets and lengths are in bytes from the start of the device. An implementation checks bounds before alignment,
/// without overflow, with ``FlashGeometry/checkRead(at:count:)`` and its siblings, and touches nothing when it
/// refuses.
///
/// ## What a write may do
/// A write changes bits from erased to programmed only. Bytes must be erased before they are written; writing a unit
/// twice is an error unless ``FlashGeometry/isMultiwrite``, and then the old and new bits are combined.
///
/// ## What power loss leaves
/// - during ``erase(_:)``: the block being erased is undefined, blocks before it are erased, blocks behind untouched;
/// - during ``write(_:at:)``: the units being written are undefined, and may read differently each time; units
///   before them are written, units behind untouched;
/// - during ``read(into:at:)``: nothing changes.
///
/// - Note: Source: the contract of `embedded-storage`, `NorFlash`, with the undefined unit spelled out; project
///   decision, Docs/PowerLossModel.md.
public protocol Flash: ~Copyable {
  /// Sizes and rules of this device. Never changes.
  var geometry: FlashGeometry { get }

  /// Reads bytes.
  ///
  /// - Parameters:
  ///   - destination: filled whole; its count is the number of bytes to read.
  ///   - offset: the first byte, a multiple of ``FlashGeometry/readSize``, as is the count.
  /// - Throws: ``FlashError/outOfBounds`` or ``FlashError/notAligned`` before anything is read; another
  ///   ``FlashError`` if the device fails.
  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError)

  /// Writes bytes to erased memory.
  ///
  /// - Parameters:
  ///   - source: what to write; its count is a multiple of ``FlashGeometry/writeSize``.
  ///   - offset: the first byte, a multiple of ``FlashGeometry/writeSize``.
  /// - Throws: ``FlashError/outOfBounds``, ``FlashError/notAligned`` or, where the implementation can tell,
  ///   ``FlashError/notErased`` before anything is written; another ``FlashError`` if the device fails, and then the
  ///   range is undefined.
  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError)

  /// Erases whole blocks; every byte of them then reads ``FlashGeometry/erasedByte``.
  ///
  /// - Parameter range: both ends are borders of erase blocks. An empty range is not an error and does nothing.
  /// - Throws: ``FlashError/outOfBounds`` or ``FlashError/notAligned`` before anything is erased; another
  ///   ``FlashError`` if the device fails, and then the range is undefined.
  mutating func erase(_ range: Range<UInt32>) throws(FlashError)
}

/// Why a flash operation was refused or failed.
public enum FlashError: UInt8, Error, Equatable, Sendable {
  /// The range is not inside the device.
  case outOfBounds
  /// An offset or length is not a multiple of what the operation needs.
  case notAligned
  /// The range to write is not erased.
  case notErased
  /// The device reports that the operation failed.
  case deviceFailure
  /// The power is gone (simulators only): nothing happens any more.
  case powerLost

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .outOfBounds: .flashOutOfBounds
    case .notAligned: .flashNotAligned
    case .notErased: .flashNotErased
    case .deviceFailure: .flashDeviceFailure
    case .powerLost: .flashPowerLost
    }
  }
}
