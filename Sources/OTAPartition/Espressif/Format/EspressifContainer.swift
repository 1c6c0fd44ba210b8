/// Where the parts of an image of ESP-IDF are in a slot; well formed, but nobody has verified it.
///
/// An image is a header, up to sixteen segments, zeros up to a checksum in the last byte of a block of 16, a SHA-256 if the
/// header says so, and, if it is signed, a sector of signatures at the next multiple of 4096 from its start. Making a
/// container walks the heads of all segments once, so that every offset in it is inside the slot.
///
/// - Note: Source: ESP-IDF, `esp_image_format.c`.
public struct EspressifContainer: Sendable {
  /// The length of a sector of signatures, in bytes; also what its start is aligned to.
  public static var signatureSectorSize: UInt32 { 4096 }
  /// The length of the SHA-256 behind the checksum, in bytes.
  static var digestSize: UInt32 { 32 }

  /// What the header says.
  public let header: EspressifHeader
  /// Where the image begins, a byte of the flash device.
  public let start: UInt32
  /// Where it ends, without signatures.
  public let end: UInt32
  /// The sector of signatures, if its first byte says that it is one.
  public let signatureSector: Range<UInt32>?

  /// The header as it was read: what is parsed is what is hashed.
  let headerBytes: InlineArray<24, UInt8>
  /// From the end of the last segment to behind the checksum; 1 to 16 bytes.
  let checksumArea: Range<UInt32>
  private let segments: InlineArray<16, EspressifSegment>

  /// How many bytes the image takes without signatures.
  public var size: UInt32 { end - start }

  /// How many bytes the image takes with its signatures, if it has some.
  public var totalSize: UInt32 { (signatureSector?.upperBound ?? end) - start }

  /// Where signatures begin, if there are some: the end of the image, rounded up.
  ///
  /// - Returns: `nil` if that is beyond what 32 bits count.
  var signatureStart: UInt32? {
    let unit = EspressifContainer.signatureSectorSize
    let (start, isBeyond) = end.addingReportingOverflow((unit - size % unit) % unit)
    return isBeyond ? nil : start
  }

  /// Reads the header and the heads of all segments.
  ///
  /// Every size is held against what is left of the slot before it is used. Nothing is hashed.
  ///
  /// - Parameters:
  ///   - flash: the device; it is only read.
  ///   - slot: where the image begins and must have ended.
  /// - Throws: ``EspressifError/noImage``, ``EspressifError/segmentCount(_:)``, ``EspressifError/invalidHeader``,
  ///   ``EspressifError/segmentLength(_:)``; ``EspressifError/outOfSlot`` if a part does not fit;
  ///   ``EspressifError/flash(_:)``, also for a slot that is not in the device. That there is no room for signatures is not
  ///   an error.
  public init<Device: Flash & ~Copyable>(
    reading flash: inout Device, in slot: Range<UInt32>
  ) throws(EspressifError) {
    guard slot.upperBound <= flash.geometry.capacity else { throw .flash(.outOfBounds) }
    guard slot.size >= UInt32(EspressifHeader.size) else { throw .outOfSlot }
    var bytes = InlineArray<24, UInt8>(repeating: 0)
    var window = bytes.mutableSpan
    try flash.readEspressif(into: &window, at: slot.lowerBound)
    let header = try EspressifHeader(parsing: bytes.span)
    let start = slot.lowerBound

    var rest = start + UInt32(EspressifHeader.size)..<slot.upperBound
    var segments = InlineArray<16, EspressifSegment>(
      repeating: EspressifSegment(loadAddress: 0, data: start..<start))
    for index in 0..<header.segmentCount {
      var head = InlineArray<8, UInt8>(repeating: 0)
      var window = head.mutableSpan
      try flash.readEspressif(into: &window, at: rest.take(EspressifSegment.headSize).lowerBound)
      let size = head.span.littleEndianWord(at: 4)
      guard size % 4 == 0 else { throw .segmentLength(index) }
      segments[Int(index)] = EspressifSegment(
        loadAddress: head.span.littleEndianWord(at: 0), data: try rest.take(size))
    }
    checksumArea = try rest.take(16 - (rest.lowerBound - start) % 16)
    if header.hasDigest { _ = try rest.take(EspressifContainer.digestSize) }
    self.header = header
    self.start = start
    self.segments = segments
    end = rest.lowerBound
    headerBytes = bytes
    signatureSector = try flash.signatureSector(in: rest, of: start)
  }

  /// The segment with this index, in the order of the image.
  ///
  /// - Precondition: the index is from 0 to ``EspressifHeader/segmentCount`` - 1.
  public func segment(_ index: Int) -> EspressifSegment {
    precondition(index >= 0 && index < Int(header.segmentCount), "no such segment")
    return segments[index]
  }
}

extension Range<UInt32> {
  /// Cuts bytes off at the start.
  fileprivate mutating func take(_ count: UInt32) throws(EspressifError) -> Range<UInt32> {
    guard count <= upperBound - lowerBound else { throw .outOfSlot }
    let taken = lowerBound..<lowerBound + count
    self = taken.upperBound..<upperBound
    return taken
  }
}

extension Flash where Self: ~Copyable {
  /// Reads any bytes of an image.
  mutating func readEspressif(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(EspressifError) {
    do throws(FlashError) {
      try readUnaligned(into: &destination, at: offset)
    } catch {
      throw .flash(error)
    }
  }

  /// Finds the sector of signatures behind an image, if there is one.
  fileprivate mutating func signatureSector(
    in rest: Range<UInt32>, of start: UInt32
  ) throws(EspressifError) -> Range<UInt32>? {
    let unit = EspressifContainer.signatureSectorSize
    let padding = (unit - (rest.lowerBound - start) % unit) % unit
    guard rest.size >= unit, padding <= rest.size - unit else { return nil }
    let sector = rest.lowerBound + padding..<rest.lowerBound + padding + unit
    var first = InlineArray<1, UInt8>(repeating: 0)
    var window = first.mutableSpan
    try readEspressif(into: &window, at: sector.lowerBound)
    return first[0] == EspressifSignatureBlock.magic ? sector : nil
  }
}
