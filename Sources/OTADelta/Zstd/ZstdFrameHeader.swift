public import OTADelta

/// The header of a frame of Zstandard.
///
/// - Note: Source: RFC 8878, section 3.1.1.1.
public struct ZstdFrameHeader: Equatable, Sendable {
  /// The length of the longest header, the magic number included.
  public static var maximumSize: Int { 18 }

  /// How many bytes back a block may reach, and what a decoder must keep.
  public var windowSize: UInt64
  /// How many bytes the frame makes, if it says so.
  public var contentSize: UInt64?
  /// The dictionary that the frame names; 0 is none.
  public var dictionaryIdentifier: UInt32
  /// Whether a checksum of the content follows the last block.
  public var hasChecksum: Bool
  /// The length of the header, the magic number included.
  public var size: Int

  /// Reads a header; `nil` if more bytes are needed to know it.
  ///
  /// - Parameter bytes: the start of the frame.
  /// - Throws: ``DeltaError/unsupportedCompression`` if the first bytes are not those of a frame (a skippable one is
  ///   none), ``DeltaError/corruptStream`` if the reserved bit is set.
  public init?(_ bytes: Span<UInt8>) throws(DeltaError) {
    let magic: InlineArray<4, UInt8> = [0x28, 0xb5, 0x2f, 0xfd]
    for index in 0..<min(bytes.count, 4) {
      guard bytes[index] == magic[index] else { throw .unsupportedCompression }
    }
    guard bytes.count > 4 else { return nil }
    let descriptor = bytes[4]
    guard descriptor & 0x08 == 0 else { throw .corruptStream }
    let isSingleSegment = descriptor & 0x20 != 0
    let identifierSize = descriptor & 3 == 3 ? 4 : Int(descriptor & 3)
    let contentSizeCode = Int(descriptor >> 6)
    let contentSizeSize = contentSizeCode == 0 ? (isSingleSegment ? 1 : 0) : 1 << contentSizeCode
    let size = 5 + (isSingleSegment ? 0 : 1) + identifierSize + contentSizeSize
    guard bytes.count >= size else { return nil }
    var offset = 5
    func littleEndian(_ count: Int) -> UInt64 {
      var value: UInt64 = 0
      for index in 0..<count { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
      return value
    }
    var window: UInt64 = 0
    if !isSingleSegment {
      // At most 2^41 and seven eighths of it.
      let base: UInt64 = 1 << (10 + UInt64(bytes[offset] >> 3))
      window = base + base / 8 * UInt64(bytes[offset] & 7)
      offset += 1
    }
    dictionaryIdentifier = UInt32(truncatingIfNeeded: littleEndian(identifierSize))
    offset += identifierSize
    if contentSizeSize > 0 {
      // Two bytes count from 256.
      contentSize = littleEndian(contentSizeSize) + (contentSizeSize == 2 ? 256 : 0)
    } else {
      contentSize = nil
    }
    windowSize = isSingleSegment ? contentSize ?? 0 : window
    hasChecksum = descriptor & 0x04 != 0
    self.size = size
  }
}
