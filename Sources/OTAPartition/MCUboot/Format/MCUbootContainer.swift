/// Where the parts of an image of MCUboot are in a slot; well formed, but nobody has verified it.
///
/// An image is a header, padding, the firmware, an area of TLVs that are signed ("protected") and one of TLVs that are
/// not. Making a container walks all of it once, so that every offset in it is inside the slot.
///
/// - Note: Source: MCUboot, docs/design.md, "Image format".
public struct MCUbootContainer: Sendable {
  /// Which of the two areas of TLVs.
  public enum Area: UInt8, Sendable {
    /// Signed, as the firmware is.
    case protected
    /// Not signed: holds the hash, the key and the signature.
    case unprotected
  }

  /// What the header says.
  public let header: MCUbootHeader
  /// Where the image begins, a byte of the flash device.
  public let start: UInt32
  /// The area of protected TLVs with its head; empty if there is none.
  public let protectedArea: Range<UInt32>
  /// The area of unprotected TLVs with its head.
  public let unprotectedArea: Range<UInt32>

  /// The fields of the header as they were read: what is parsed is what is hashed.
  let headerBytes: InlineArray<32, UInt8>

  /// The firmware, without header and TLVs, as a range of bytes of the flash device.
  public var firmware: Range<UInt32> {
    start + UInt32(header.headerSize)..<protectedArea.lowerBound
  }

  /// How many bytes the image takes with header and TLVs.
  public var size: UInt32 { unprotectedArea.upperBound - start }

  /// Reads header and TLVs of what is in a slot.
  ///
  /// Every size is held against what is left of the slot before it is used. TLVs of any type pass here; what is refused
  /// of them is refused by verification.
  ///
  /// - Parameters:
  ///   - flash: the device; it is only read.
  ///   - slot: where the image begins and must have ended. Leave out a trailer at the end of the slot.
  /// - Throws: ``MCUbootError/noImage``, ``MCUbootError/headerTooShort``, ``MCUbootError/emptyImage``;
  ///   ``MCUbootError/outOfSlot`` if header, image or TLVs do not fit; ``MCUbootError/noTLVArea``,
  ///   ``MCUbootError/protectedSizeMismatch``, ``MCUbootError/malformedTLVArea``; ``MCUbootError/flash(_:)``, also for
  ///   a slot that is not in the device.
  public init<Device: Flash & ~Copyable>(
    reading flash: inout Device, in slot: Range<UInt32>
  ) throws(MCUbootError) {
    guard slot.upperBound <= flash.geometry.capacity else { throw .flash(.outOfBounds) }
    guard slot.count >= MCUbootHeader.minimumSize else { throw .outOfSlot }
    var bytes = InlineArray<32, UInt8>(repeating: 0)
    var window = bytes.mutableSpan
    try flash.readImage(into: &window, at: slot.lowerBound)
    let header = try MCUbootHeader(parsing: bytes.span)

    var rest = slot
    _ = try rest.take(UInt32(header.headerSize))
    _ = try rest.take(header.imageSize)
    let hasProtected = header.protectedTLVSize > 0
    var head = try rest.areaHead(reading: &flash)
    let areaStart = rest.lowerBound
    if head.first == MCUbootTLV.protectedAreaMagic {
      guard hasProtected, head.second == header.protectedTLVSize else { throw .protectedSizeMismatch }
      protectedArea = try rest.takeArea(head.second)
      head = try rest.areaHead(reading: &flash)
    } else {
      protectedArea = areaStart..<areaStart
      guard head.first != MCUbootTLV.areaMagic || !hasProtected else { throw .protectedSizeMismatch }
    }
    guard head.first == MCUbootTLV.areaMagic else { throw .noTLVArea }
    unprotectedArea = try rest.takeArea(head.second)
    self.header = header
    headerBytes = bytes
    start = slot.lowerBound

    var walk = tlvs(in: .protected)
    while try walk.next(reading: &flash) != nil {}
    walk = tlvs(in: .unprotected)
    while try walk.next(reading: &flash) != nil {}
  }

  /// Starts at the first TLV of an area.
  ///
  /// - Parameter area: which one; one that is not there has no TLVs.
  /// - Returns: a position, to be moved with ``MCUbootTLVWalk/next(reading:)``.
  public func tlvs(in area: Area) -> MCUbootTLVWalk {
    let range =
      switch area {
      case .protected: protectedArea
      case .unprotected: unprotectedArea
      }
    return MCUbootTLVWalk(range.isEmpty ? range : range.lowerBound + MCUbootTLV.headSize..<range.upperBound)
  }
}

/// A position in an area of TLVs.
public struct MCUbootTLVWalk: Sendable {
  private var rest: Range<UInt32>

  init(_ range: Range<UInt32>) { rest = range }

  /// Reads the head of the next TLV and steps over its value.
  ///
  /// - Parameter flash: the device; it is only read.
  /// - Returns: the TLV, or `nil` at the end of the area.
  /// - Throws: ``MCUbootError/malformedTLVArea`` if the head or the value runs out of the area;
  ///   ``MCUbootError/flash(_:)``.
  public mutating func next<Device: Flash & ~Copyable>(
    reading flash: inout Device
  ) throws(MCUbootError) -> MCUbootTLV? {
    guard !rest.isEmpty else { return nil }
    guard rest.size >= MCUbootTLV.headSize else { throw .malformedTLVArea }
    let head = try MCUbootHead(reading: &flash, at: rest.lowerBound)
    let start = rest.lowerBound + MCUbootTLV.headSize
    let length = UInt32(head.second)
    guard length <= rest.upperBound - start else { throw .malformedTLVArea }
    rest = start + length..<rest.upperBound
    return MCUbootTLV(rawType: head.first, value: start..<start + length)
  }
}

extension Range<UInt32> {
  /// Cuts bytes off at the start.
  fileprivate mutating func take(_ count: UInt32) throws(MCUbootError) -> Range<UInt32> {
    guard count <= upperBound - lowerBound else { throw .outOfSlot }
    let taken = lowerBound..<lowerBound + count
    self = taken.upperBound..<upperBound
    return taken
  }

  /// Reads the head of an area and leaves it where it is.
  fileprivate func areaHead<Device: Flash & ~Copyable>(
    reading flash: inout Device
  ) throws(MCUbootError) -> MCUbootHead {
    guard upperBound - lowerBound >= MCUbootTLV.headSize else { throw .outOfSlot }
    return try MCUbootHead(reading: &flash, at: lowerBound)
  }

  /// Cuts an area off; its size counts the head.
  fileprivate mutating func takeArea(_ size: UInt16) throws(MCUbootError) -> Range<UInt32> {
    guard UInt32(size) >= MCUbootTLV.headSize else { throw .malformedTLVArea }
    return try take(UInt32(size))
  }
}

extension Flash where Self: ~Copyable {
  /// Reads any bytes of an image.
  mutating func readImage(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(MCUbootError) {
    do throws(FlashError) {
      try readUnaligned(into: &destination, at: offset)
    } catch {
      throw .flash(error)
    }
  }
}
