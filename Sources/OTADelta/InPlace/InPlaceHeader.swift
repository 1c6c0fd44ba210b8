/// What a patch that is applied in place says about itself.
///
/// Such a patch makes a new image where the old one is, in segments. First the old image is moved up by ``shift`` bytes;
/// then each segment of the new image is written over what is there. A segment is made from bytes of the old image that
/// lie behind the end of that same segment, so it can be made again from its first byte after a loss of power.
///
/// - Note: Source: Docs/DeltaFormat.md, "In place".
public struct InPlaceHeader: Equatable, Sendable {
  /// The header that all native patches have; its coder is ``NativeHeader/Coder/inPlace``.
  public let native: NativeHeader
  /// By how many bytes the old image is moved up before the first segment is made.
  public let shift: UInt32
  /// How many bytes each segment of the new image has, but for the last; at least 1 and at most ``shift``.
  public let segmentSize: UInt32
  /// How many bytes the tables take that all segments share.
  package let tablesSize: UInt32
  /// Where the list of the sizes of the segments begins in the patch.
  package let listOffset: UInt32
  /// How many bytes the patch has, its headers included.
  public let patchSize: UInt32

  /// The most bytes that a header takes.
  public static var maximumSize: Int { NativeHeader.maximumSize + 15 }

  package init(
    native: NativeHeader, shift: UInt32, segmentSize: UInt32, tablesSize: UInt32 = 0, listOffset: UInt32 = 0,
    patchSize: UInt32 = 0
  ) {
    self.native = native
    self.shift = shift
    self.segmentSize = segmentSize
    self.tablesSize = tablesSize
    self.listOffset = listOffset
    self.patchSize = patchSize
  }

  /// How many segments the new image has.
  public var segmentCount: UInt32 {
    native.newSize == 0 ? 0 : (native.newSize - 1) / segmentSize + 1
  }

  /// The working memory that the decoder takes, in bytes.
  public var memoryRequirement: UInt64 { NativeLayout(native).byteCount }

  /// Where a segment is in the new image.
  ///
  /// - Parameter index: below ``segmentCount``; another one is the caller's mistake and traps.
  /// - Returns: offsets in bytes.
  public func range(ofSegment index: UInt32) -> Range<UInt32> {
    precondition(index < segmentCount, "no such segment")
    let start = index * segmentSize
    return start..<start + min(segmentSize, native.newSize - start)
  }

  /// What is coded of a segment by itself.
  package func body(ofSegment index: UInt32) -> BodySegment {
    BodySegment(range: range(ofSegment: index), floor: floor(ofSegment: index))
  }

  /// How many bytes at the front of the old image a segment does without: those that it is written over, and those before.
  ///
  /// - Parameter index: below ``segmentCount``; another one is the caller's mistake and traps.
  /// - Returns: a number of bytes, at most the size of the old image.
  public func floor(ofSegment index: UInt32) -> UInt32 {
    precondition(index < segmentCount, "no such segment")
    let end = UInt64(index + 1) * UInt64(segmentSize)
    return UInt32(min(UInt64(native.oldSize), end - min(end, UInt64(shift))))
  }

  /// Reads a header.
  ///
  /// - Parameter bytes: the first bytes of a patch; may end within the header.
  /// - Returns: the header; nil if more bytes are needed.
  /// - Throws: as ``NativeHeader/parse(_:)``; ``DeltaError/unsupportedCompression`` if the patch is not for use in place,
  ///   ``DeltaError/corruptStream`` for values that contradict each other.
  public static func parse(_ bytes: Span<UInt8>) throws(DeltaError) -> InPlaceHeader? {
    guard let (native, count) = try NativeHeader.parse(bytes) else { return nil }
    guard native.coder == .inPlace else { throw .unsupportedCompression }
    var position = count
    guard let shift = try NativeHeader.number(bytes, &position),
      let segmentSize = try NativeHeader.number(bytes, &position),
      let tablesSize = try NativeHeader.number(bytes, &position)
    else { return nil }
    let (size, isTooLarge) = UInt32(count).addingReportingOverflow(native.bodySize)
    guard segmentSize > 0, segmentSize <= shift, !isTooLarge, position <= size,
      tablesSize <= size - UInt32(position)
    else { throw .corruptStream }
    return InPlaceHeader(
      native: native, shift: shift, segmentSize: segmentSize, tablesSize: tablesSize,
      listOffset: UInt32(position), patchSize: size)
  }
}
