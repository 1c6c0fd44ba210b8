/// A part of a device, as a device of its own: offset 0 is the start of the part, and nothing else can be reached.
///
/// For boards on which other software has the rest of the flash, and for devices that are joined in another order than
/// they are wired, see ``JoinedFlash``. What power loss leaves is what it leaves on the whole device.
public struct FlashRegion<Device: Flash & ~Copyable>: ~Copyable {
  /// The blocks of the part, and the rules of the whole device.
  public let geometry: FlashGeometry
  /// Where the part is on the whole device, in bytes.
  public let range: Range<UInt32>
  /// The whole device.
  public private(set) var device: Device

  /// Checks and takes a part.
  ///
  /// - Parameters:
  ///   - device: the whole device; it is lost if this throws.
  ///   - range: whole erase blocks, in bytes from the start of the device.
  /// - Throws: ``LayoutError/tooSmall`` for an empty range, ``LayoutError/outOfBounds``, ``LayoutError/notAligned`` if
  ///   it does not begin and end at borders of erase blocks.
  public init(_ device: consuming Device, range: Range<UInt32>) throws(LayoutError) {
    geometry = try device.geometry.part(range)
    self.range = range
    self.device = device
  }

  /// Gives the whole device back.
  ///
  /// - Returns: the device.
  public consuming func closed() -> Device { device }
}

extension FlashRegion: Copyable where Device: Copyable {}
extension FlashRegion: Sendable where Device: Sendable & ~Copyable {}

extension FlashRegion: Flash where Device: ~Copyable {
  /// Reads bytes of the part.
  ///
  /// - Throws: what the contract says, with the bounds of the part.
  public mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError)
  {
    try geometry.checkRead(at: offset, count: destination.count)
    try device.read(into: &destination, at: range.lowerBound + offset)
  }

  /// Writes bytes of the part.
  ///
  /// - Throws: what the contract says, with the bounds of the part.
  public mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkWrite(at: offset, count: source.count)
    try device.write(source, at: range.lowerBound + offset)
  }

  /// Erases blocks of the part.
  ///
  /// - Throws: what the contract says, with the bounds of the part.
  public mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try geometry.checkErase(range)
    let start = self.range.lowerBound
    try device.erase(start + range.lowerBound..<start + range.upperBound)
  }
}

extension FlashGeometry {
  /// The geometry of whole blocks of this one.
  ///
  /// - Throws: what ``FlashRegion/init(_:range:)`` throws.
  fileprivate func part(_ range: Range<UInt32>) throws(LayoutError) -> FlashGeometry {
    try checkPartition(range)
    var parts = InlineArray<16, Region>(repeating: Region(eraseBlockSize: 0, blockCount: 0))
    var count = 0
    var start: UInt32 = 0
    for index in 0..<regionCount {
      let region = region(index)
      // The whole device has 32-bit addresses: nothing here overflows.
      let end = start + region.eraseBlockSize * region.blockCount
      let both = range.clamped(to: start..<end)
      if !both.isEmpty {
        // Both ends are borders of blocks of this region.
        parts[count] = Region(
          eraseBlockSize: region.eraseBlockSize, blockCount: both.size / region.eraseBlockSize)
        count += 1
      }
      start = end
    }
    return try FlashGeometry(
      regions: parts.span.extracting(0..<count), writeSize: writeSize, readSize: readSize,
      erasedByte: erasedByte, isMultiwrite: isMultiwrite)
  }
}
