/// Sizes and rules of a flash device, in bytes; valid from the moment it exists.
public struct FlashGeometry: Equatable, Sendable {
  /// A run of erase blocks of one size.
  public struct Region: Equatable, Sendable {
    /// The size of each block.
    public var eraseBlockSize: UInt32
    /// How many blocks there are.
    public var blockCount: UInt32

    /// Makes a region from its parts.
    public init(eraseBlockSize: UInt32, blockCount: UInt32) {
      self.eraseBlockSize = eraseBlockSize
      self.blockCount = blockCount
    }
  }

  /// The most regions that a device can have.
  public static var maximumRegionCount: Int { 16 }

  /// The unit of writing: 1, 2, 4, 8, 16 or 32.
  public let writeSize: UInt32
  /// The unit of reading: a power of two, not more than the unit of writing.
  public let readSize: UInt32
  /// What an erased byte reads as: 0xff or 0x00.
  public let erasedByte: UInt8
  /// Whether a unit may be written again, combining the bits; false for memory with error correction.
  public let isMultiwrite: Bool
  /// The size of the device.
  public let capacity: UInt32
  /// How many regions there are.
  public let regionCount: Int

  private let regions: InlineArray<16, Region>

  /// Checks and takes a geometry.
  ///
  /// - Parameters:
  ///   - regions: from the start of the device on, without gaps.
  ///   - writeSize: 1, 2, 4, 8, 16 or 32; divides every erase block.
  ///   - readSize: a power of two up to `writeSize`.
  ///   - erasedByte: 0xff or 0x00.
  ///   - isMultiwrite: whether a unit may be written again.
  /// - Throws: ``LayoutError/invalidGeometry`` if a size breaks one of these rules, there is no region or more than
  ///   ``maximumRegionCount``, or the capacity does not fit 32 bits.
  public init(
    regions: Span<Region>, writeSize: UInt32, readSize: UInt32 = 1, erasedByte: UInt8 = 0xff,
    isMultiwrite: Bool = false
  ) throws(LayoutError) {
    guard writeSize.isPowerOfTwo, writeSize <= 32, readSize.isPowerOfTwo, readSize <= writeSize,
      erasedByte == 0xff || erasedByte == 0x00,
      !regions.isEmpty, regions.count <= FlashGeometry.maximumRegionCount
    else { throw .invalidGeometry }
    var capacity: UInt32 = 0
    var storage = InlineArray<16, Region>(repeating: Region(eraseBlockSize: 0, blockCount: 0))
    for index in 0..<regions.count {
      let region = regions[index]
      guard region.eraseBlockSize > 0, region.eraseBlockSize % writeSize == 0, region.blockCount > 0 else {
        throw .invalidGeometry
      }
      let (size, sizeOverflow) = region.eraseBlockSize.multipliedReportingOverflow(by: region.blockCount)
      let (end, endOverflow) = capacity.addingReportingOverflow(size)
      guard !sizeOverflow, !endOverflow else { throw .invalidGeometry }
      storage[index] = region
      capacity = end
    }
    self.regions = storage
    self.regionCount = regions.count
    self.capacity = capacity
    self.writeSize = writeSize
    self.readSize = readSize
    self.erasedByte = erasedByte
    self.isMultiwrite = isMultiwrite
  }

  /// Makes a geometry of equal blocks; the same rules and errors.
  public init(
    eraseBlockSize: UInt32, blockCount: UInt32, writeSize: UInt32, readSize: UInt32 = 1,
    erasedByte: UInt8 = 0xff,
    isMultiwrite: Bool = false
  ) throws(LayoutError) {
    let region: InlineArray<1, Region> = [Region(eraseBlockSize: eraseBlockSize, blockCount: blockCount)]
    try self.init(
      regions: region.span, writeSize: writeSize, readSize: readSize, erasedByte: erasedByte,
      isMultiwrite: isMultiwrite)
  }

  /// The region with this index, from 0 to ``regionCount`` - 1.
  ///
  /// - Precondition: the index is in that range.
  public func region(_ index: Int) -> Region {
    precondition(index >= 0 && index < regionCount, "no such region")
    return regions[index]
  }

  /// Compares all sizes and rules.
  public static func == (left: FlashGeometry, right: FlashGeometry) -> Bool {
    guard left.writeSize == right.writeSize, left.readSize == right.readSize,
      left.erasedByte == right.erasedByte,
      left.isMultiwrite == right.isMultiwrite, left.regionCount == right.regionCount
    else { return false }
    for index in 0..<left.regionCount where left.regions[index] != right.regions[index] { return false }
    return true
  }

  /// The erase block that holds a byte, as a range of bytes; `nil` outside the device.
  public func eraseBlock(containing offset: UInt32) -> Range<UInt32>? {
    var start: UInt32 = 0
    for index in 0..<regionCount {
      let region = regions[index]
      let end = start + region.eraseBlockSize * region.blockCount
      if offset < end {
        let first = offset - (offset - start) % region.eraseBlockSize
        return first..<first + region.eraseBlockSize
      }
      start = end
    }
    return nil
  }

  /// Whether an erase block begins at this offset, or the device ends there.
  public func isEraseBoundary(_ offset: UInt32) -> Bool {
    offset == capacity || eraseBlock(containing: offset)?.lowerBound == offset
  }
}

extension FlashGeometry {
  /// Refuses a read that is out of bounds or not aligned.
  ///
  /// - Throws: ``FlashError/outOfBounds``, then ``FlashError/notAligned``.
  public func checkRead(at offset: UInt32, count: Int) throws(FlashError) {
    try check(offset: offset, count: count, unit: readSize)
  }

  /// Refuses a write that is out of bounds or not aligned.
  ///
  /// Whether the range is erased is not looked at.
  ///
  /// - Throws: ``FlashError/outOfBounds``, then ``FlashError/notAligned``.
  public func checkWrite(at offset: UInt32, count: Int) throws(FlashError) {
    try check(offset: offset, count: count, unit: writeSize)
  }

  /// Refuses an erase that is out of bounds or does not cover whole blocks.
  ///
  /// - Throws: ``FlashError/outOfBounds``, then ``FlashError/notAligned``.
  public func checkErase(_ range: Range<UInt32>) throws(FlashError) {
    guard range.upperBound <= capacity else { throw .outOfBounds }
    guard isEraseBoundary(range.lowerBound), isEraseBoundary(range.upperBound) else { throw .notAligned }
  }

  private func check(offset: UInt32, count: Int, unit: UInt32) throws(FlashError) {
    guard let count = UInt32(exactly: count), count <= capacity, offset <= capacity - count else {
      throw .outOfBounds
    }
    guard offset % unit == 0, count % unit == 0 else { throw .notAligned }
  }
}

extension UInt32 {
  var isPowerOfTwo: Bool { self != 0 && self & (self - 1) == 0 }
}
