public import OTACore

/// A field of text: up to 32 bytes, to the first zero.
public struct EspressifText: Sendable {
  private var storage = InlineArray<32, UInt8>(repeating: 0)
  private var count = 0

  /// Takes the bytes before the first zero.
  init(_ field: Span<UInt8>) {
    while count < min(32, field.count), field[count] != 0 {
      storage[count] = field[count]
      count += 1
    }
  }

  /// The bytes; meant to be UTF-8, but anything may be in them.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<count) }
  }
}

/// What an application says of itself at the start of its first segment.
///
/// - Note: Source: ESP-IDF, `esp_app_desc_t` in `esp_app_desc.h`; all fields are little endian.
public struct EspressifDescription: Sendable {
  /// The first four bytes.
  public static var magic: UInt32 { 0xabcd_5432 }
  /// The length, in bytes.
  public static var size: Int { 256 }

  /// The number that a device with protection against rollback holds against its eFuses.
  public var secureVersion: UInt32
  /// The version, for people.
  public var version: EspressifText
  /// The name of the project.
  public var projectName: EspressifText
  /// When it was compiled: the time.
  public var time: EspressifText
  /// When it was compiled: the date.
  public var date: EspressifText
  /// The version of ESP-IDF.
  public var frameworkVersion: EspressifText
  /// The SHA-256 of the ELF file that the image was made of.
  public var elfDigest: Digest
  /// The lowest revision of the eFuse block: 100 times the major number plus the minor one.
  public var minimumFuseRevision: UInt16
  /// The highest such revision; 0 and 65535 mean any.
  public var maximumFuseRevision: UInt16
  /// The size of a page of the memory mapping as a power of two; 0 if the image does not say.
  public var pageSizeExponent: UInt8

  /// Reads a description; `nil` for another number of bytes than ``size``, and if they do not begin with ``magic``: an
  /// image need not have one.
  public init?(parsing bytes: Span<UInt8>) {
    guard bytes.count == EspressifDescription.size,
      bytes.littleEndianWord(at: 0) == EspressifDescription.magic
    else { return nil }
    do throws(ParseError) {
      elfDigest = try Digest(algorithm: .sha256, bytes: bytes.extracting(144..<176))
    } catch {
      return nil
    }
    secureVersion = bytes.littleEndianWord(at: 4)
    version = EspressifText(bytes.extracting(16..<48))
    projectName = EspressifText(bytes.extracting(48..<80))
    time = EspressifText(bytes.extracting(80..<96))
    date = EspressifText(bytes.extracting(96..<112))
    frameworkVersion = EspressifText(bytes.extracting(112..<144))
    minimumFuseRevision = bytes.littleEndianPair(at: 176)
    maximumFuseRevision = bytes.littleEndianPair(at: 178)
    pageSizeExponent = bytes[180]
  }
}
