public import OTAPartition

/// A partition of a Linux disk, or a file, as a flash device: A/B updates of systems without raw flash.
///
/// Units of 32 bytes are written once, and erased to zero in blocks of 4 KiB or more. Each operation is on the disk
/// when it returns (`fdatasync`). The device is opened for this object alone: a mounted partition is refused, as is one
/// that is open elsewhere.
///
/// - Important: Power loss leaves what the contract of `Flash` says if the disk writes each of its logical blocks (512 or
///   4096 bytes) whole or not at all, and keeps what it has confirmed after a flush. Disks of flash and of magnets do so
///   by their own error correction; NVMe states it as AWUPF. For a file, the same goes for the file system beneath;
///   one over a network makes no such promise.
/// - Note: Source: NVM Express Base Specification, Identify Controller, AWUPF; Linux, open(2) for `O_EXCL` on block
///   devices; project decision, Docs/FlashPorting.md, Linux block devices.
public struct BlockDeviceFlash: ~Copyable, Sendable {
  private var flash: BlockFlash<OpenBlockDevice>

  /// Opens a block device or a regular file.
  ///
  /// Nothing is written. A file has to be there in its whole length; take its room first (`fallocate`), so that a full
  /// file system does not show in the middle of an update.
  ///
  /// - Parameters:
  ///   - path: the device or file.
  ///   - capacity: how many bytes are used, from its start; `nil` is all of them.
  ///   - eraseBlockSize: a multiple of the logical block of the device. Larger ones mean fewer flushes while an image is
  ///     staged, and more to repeat after a loss of power.
  /// - Throws: ``BlockDeviceError/notFound(path:)``, ``BlockDeviceError/notPermitted(path:)``,
  ///   ``BlockDeviceError/inUse(path:)``, ``BlockDeviceError/notADevice(path:)``;
  ///   ``BlockDeviceError/tooSmall(path:needed:found:)`` if there are fewer bytes than `capacity` or one erase block;
  ///   ``BlockDeviceError/tooLarge(path:found:)``; ``BlockDeviceError/notAligned(path:size:unit:)`` if the capacity is no
  ///   multiple of the erase block, or that none of the logical block; ``BlockDeviceError/system(path:errno:)``.
  /// - Precondition: `eraseBlockSize` is a multiple of 32, and not 0.
  public init(
    opening path: String, capacity: UInt32? = nil, eraseBlockSize: UInt32 = 4096
  ) throws(BlockDeviceError) {
    precondition(eraseBlockSize > 0 && eraseBlockSize % 32 == 0, "erase blocks are made of units of 32 bytes")
    let device = try OpenBlockDevice(opening: path)
    let found = device.size
    guard eraseBlockSize % device.blockSize == 0 else {
      throw .notAligned(path: path, size: UInt64(eraseBlockSize), unit: UInt64(device.blockSize))
    }
    let needed = max(UInt64(capacity ?? 0), UInt64(eraseBlockSize))
    guard found >= needed else { throw .tooSmall(path: path, needed: needed, found: found) }
    guard let used = capacity ?? UInt32(exactly: found) else { throw .tooLarge(path: path, found: found) }
    guard used > 0, used % eraseBlockSize == 0 else {
      throw .notAligned(path: path, size: UInt64(used), unit: UInt64(eraseBlockSize))
    }
    do throws(LayoutError) {
      flash = try BlockFlash(
        device, eraseBlockSize: eraseBlockSize, blockCount: used / eraseBlockSize)
    } catch {
      // Not with the sizes that were checked above.
      throw .notAligned(path: path, size: UInt64(used), unit: UInt64(eraseBlockSize))
    }
  }

  /// What the operating system had against the last operation that threw `FlashError.deviceFailure`.
  public var failure: BlockDeviceError? { flash.store.failure }

  /// The device or file.
  public var path: String { flash.store.path }
}

extension BlockDeviceFlash: Flash {
  /// The sizes and rules of the device.
  public var geometry: FlashGeometry { flash.geometry }

  /// Reads bytes.
  ///
  /// - Throws: what the contract says; ``failure`` says more of a `FlashError.deviceFailure`.
  public mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError)
  {
    try flash.read(into: &destination, at: offset)
  }

  /// Writes bytes; they are on the disk when this returns.
  ///
  /// - Throws: what the contract says; ``failure`` says more of a `FlashError.deviceFailure`.
  /// - Complexity: each logical block is read twice and written once; one flush.
  public mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try flash.write(source, at: offset)
  }

  /// Erases blocks: writes zeros to them, which are on the disk when this returns.
  ///
  /// - Throws: what the contract says; ``failure`` says more of a `FlashError.deviceFailure`.
  /// - Complexity: one flush.
  public mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try flash.erase(range)
  }
}
