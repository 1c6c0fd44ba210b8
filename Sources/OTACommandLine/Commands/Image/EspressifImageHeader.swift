import OTACore

/// What the first bytes of an application of ESP-IDF say; nothing in it is verified.
///
/// - Note: Source: ESP-IDF, `esp_image_header_t` and `esp_app_desc_t`; all fields are little endian.
struct EspressifImageHeader: Equatable, Sendable {
  /// The first byte.
  static let magic: UInt8 = 0xe9
  /// The most segments that the boot loader accepts.
  static let maximumSegmentCount: UInt8 = 16
  /// The first four bytes of a description.
  private static let descriptionMagic: UInt32 = 0xabcd_5432

  /// How many segments follow the header.
  var segmentCount: UInt8
  /// Which chip it is for.
  var chipID: UInt16
  /// Whether a SHA-256 follows the segments.
  var hasDigest: Bool
  /// The version, if the image begins with a description.
  var version: String?
  /// The name of the project, if the image begins with a description.
  var projectName: String?

  /// Reads the header, the heads of all segments, and the description at the start of the first one.
  ///
  /// - Parameter bytes: the whole file; what follows the segments is not looked at.
  /// - Throws: kind `ParseError.Kind.truncated` if a segment runs out of the file,
  ///   `ParseError.Kind.invalidValue` for no segments or too many, and for another first byte.
  init(parsing bytes: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(bytes)
    guard try cursor.readByte() == EspressifImageHeader.magic else { throw ParseError(.invalidValue, at: 0) }
    segmentCount = try cursor.readByte()
    guard (1...EspressifImageHeader.maximumSegmentCount).contains(segmentCount) else {
      throw ParseError(.invalidValue, at: 1)
    }
    // Mode, speed and size of the flash, the entry point, pins and their drive.
    _ = try cursor.readBytes(count: 10)
    chipID = try cursor.readLittleEndian(UInt16.self)
    // Revisions of the chip, and reserved bytes.
    _ = try cursor.readBytes(count: 9)
    hasDigest = try cursor.readByte() == 1
    version = nil
    projectName = nil
    for number in 0..<segmentCount {
      _ = try cursor.readLittleEndian(UInt32.self)
      let size = try cursor.readLittleEndian(UInt32.self)
      guard let count = Int(exactly: size) else { throw ParseError(.truncated, at: bytes.count) }
      let segment = try cursor.readBytes(count: count)
      if number == 0 { readDescription(segment) }
    }
  }

  private mutating func readDescription(_ segment: Span<UInt8>) {
    do throws(ParseError) {
      var cursor = ByteCursor(segment)
      guard try cursor.readLittleEndian(UInt32.self) == EspressifImageHeader.descriptionMagic else { return }
      // The security version, and reserved bytes.
      _ = try cursor.readBytes(count: 12)
      let version = Self.text(try cursor.readBytes(count: 32))
      let projectName = Self.text(try cursor.readBytes(count: 32))
      self.version = version
      self.projectName = projectName
    } catch {
      // A segment that is too short for a description has none.
      return
    }
  }

  /// A field of text, which ends at the first zero.
  private static func text(_ field: Span<UInt8>) -> String {
    var characters: [UInt8] = []
    for index in 0..<field.count {
      if field[index] == 0 { break }
      characters.append(field[index])
    }
    return String(decoding: characters, as: UTF8.self)
  }

  /// The name of the chip, if the number is known.
  ///
  /// - Note: Source: ESP-IDF, `esp_chip_id_t`.
  var chipName: String? {
    switch chipID {
    case 0x00: "ESP32"
    case 0x02: "ESP32-S2"
    case 0x05: "ESP32-C3"
    case 0x09: "ESP32-S3"
    case 0x0c: "ESP32-C2"
    case 0x0d: "ESP32-C6"
    case 0x10: "ESP32-H2"
    case 0x12: "ESP32-P4"
    case 0x14: "ESP32-C61"
    case 0x17: "ESP32-C5"
    default: nil
    }
  }
}
