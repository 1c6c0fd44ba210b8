/// The number of a chip of Espressif, as images name it.
///
/// - Note: Source: ESP-IDF, `esp_chip_id_t`.
public struct EspressifChip: RawRepresentable, Equatable, Hashable, Sendable {
  /// The number.
  public let rawValue: UInt16

  /// Takes the number, known or not.
  public init(rawValue: UInt16) { self.rawValue = rawValue }
}

/// What the first 24 bytes of an image of ESP-IDF say: its header, and the extended header behind it.
///
/// - Note: Source: ESP-IDF, `esp_image_header_t` in `esp_app_format.h`; all fields are little endian.
public struct EspressifHeader: Equatable, Sendable {
  /// The first byte of every image.
  public static var magic: UInt8 { 0xe9 }
  /// The length, in bytes.
  public static var size: Int { 24 }
  /// The most segments that the boot loader accepts.
  public static var maximumSegmentCount: UInt8 { 16 }

  /// How many segments follow, 1 to ``maximumSegmentCount``.
  public var segmentCount: UInt8
  /// How the flash is read, a number of `esp_image_spi_mode_t`.
  public var flashMode: UInt8
  /// Speed (lower half) and size (upper half) of the flash, numbers of `esp_image_spi_freq_t` and
  /// `esp_image_flash_size_t`.
  public var flashSizeAndSpeed: UInt8
  /// Where the program begins.
  public var entryPoint: UInt32
  /// Which chip the image is for.
  public var chip: EspressifChip
  /// The lowest revision of the chip that the image runs on: 100 times the major number plus the minor one.
  public var minimumRevision: UInt16
  /// The highest such revision; 0 and 65535 mean any.
  public var maximumRevision: UInt16
  /// Whether a SHA-256 follows the segments.
  public var hasDigest: Bool

  /// Reads a header.
  ///
  /// Pins of the flash, the older field for the revision and reserved bytes are passed over, as the boot loader does.
  ///
  /// - Parameter bytes: the first bytes of the image; what is behind ``size`` of them is not looked at.
  /// - Throws: ``EspressifError/outOfSlot`` for fewer bytes than ``size``, ``EspressifError/noImage`` for another first
  ///   byte, ``EspressifError/segmentCount(_:)``, ``EspressifError/invalidHeader``.
  public init(parsing bytes: Span<UInt8>) throws(EspressifError) {
    guard bytes.count >= EspressifHeader.size else { throw .outOfSlot }
    guard bytes[0] == EspressifHeader.magic else { throw .noImage }
    segmentCount = bytes[1]
    guard segmentCount > 0, segmentCount <= EspressifHeader.maximumSegmentCount else {
      throw .segmentCount(segmentCount)
    }
    guard bytes[23] <= 1 else { throw .invalidHeader }
    flashMode = bytes[2]
    flashSizeAndSpeed = bytes[3]
    entryPoint = bytes.littleEndianWord(at: 4)
    chip = EspressifChip(rawValue: bytes.littleEndianPair(at: 12))
    minimumRevision = bytes.littleEndianPair(at: 15)
    maximumRevision = bytes.littleEndianPair(at: 17)
    hasDigest = bytes[23] == 1
  }

  /// Refuses an image for another chip.
  ///
  /// - Parameters:
  ///   - chip: which chip this is.
  ///   - revision: its revision, 100 times the major number plus the minor one.
  /// - Throws: ``EspressifError/wrongChip(_:)``, ``EspressifError/wrongRevision``.
  public func require(_ chip: EspressifChip, revision: UInt16) throws(EspressifError) {
    guard self.chip == chip else { throw .wrongChip(self.chip) }
    let isLimited = maximumRevision != 0 && maximumRevision != .max
    guard revision >= minimumRevision, !isLimited || revision <= maximumRevision else {
      throw .wrongRevision
    }
  }
}

/// A part of an image that the boot loader copies to memory, or maps there.
public struct EspressifSegment: Equatable, Sendable {
  /// The length of the head before the data, in bytes.
  static var headSize: UInt32 { 8 }

  /// Where the processor shall see it.
  public var loadAddress: UInt32
  /// The data, as a range of bytes of the flash device.
  public var data: Range<UInt32>

  /// The head, as it was read.
  var head: InlineArray<8, UInt8> {
    var head = InlineArray<8, UInt8>(repeating: 0)
    let size = data.upperBound - data.lowerBound
    for index in 0..<4 {
      head[index] = UInt8(truncatingIfNeeded: loadAddress >> UInt32(8 * index))
      head[4 + index] = UInt8(truncatingIfNeeded: size >> UInt32(8 * index))
    }
    return head
  }
}

// Fields at places that the caller knows to be there.
extension Span<UInt8> {
  func littleEndianPair(at offset: Int) -> UInt16 {
    UInt16(self[offset]) | UInt16(self[offset + 1]) << 8
  }

  func littleEndianWord(at offset: Int) -> UInt32 {
    UInt32(littleEndianPair(at: offset)) | UInt32(littleEndianPair(at: offset + 2)) << 16
  }
}
