/// What a native patch says about itself in front of its body.
///
/// - Note: Source: Docs/DeltaFormat.md, "Header".
public struct NativeHeader: Equatable, Sendable {
  /// How the body is coded.
  public enum Coder: UInt8, Sendable, CaseIterable {
    /// By an adaptive model of the corrected old image.
    case adaptive
    /// The body is the new image.
    case stored
    /// As adaptive, in segments that are written over the old image; see ``InPlaceHeader``.
    case inPlace
    /// Streams that are compressed on their own, for hosts.
    case streams
  }

  /// `OTAD`.
  static var magic: InlineArray<4, UInt8> { [0x4f, 0x54, 0x41, 0x44] }
  /// The version that is written and read.
  static var version: UInt8 { 1 }
  /// The most bytes that a header takes.
  public static var maximumSize: Int { 64 }
  /// How many bytes of each digest are in the header.
  public static var digestSize: Int { 8 }
  /// The powers of two that a model may have slots.
  static var slotBits: ClosedRange<UInt8> { 8...24 }
  /// The powers of two that a match table may have entries; 0 is no table.
  static var matchBits: ClosedRange<UInt8> { 10...24 }

  /// How the body is coded.
  public var coder: Coder
  /// The instruction set in which addresses are corrected.
  package var architecture: Architecture
  /// How many slots the model has, as a power of two.
  package var slotBits: UInt8
  /// How many entries the table of matches has, as a power of two; 0 if the old image stays where it is.
  package var matchBits: UInt8
  /// How many bytes the old image has.
  public var oldSize: UInt32
  /// How many bytes the new image has.
  public var newSize: UInt32
  /// How many bytes follow the header.
  public var bodySize: UInt32
  /// How many parts of the new image come from the old one.
  public var coverCount: UInt32
  /// How many parts of the old image hold a kind of addresses of their own.
  public var regionCount: UInt32
  /// The first bytes of the SHA-256 of the old image.
  public var oldDigest: InlineArray<8, UInt8>
  /// The first bytes of the SHA-256 of the new image.
  public var newDigest: InlineArray<8, UInt8>

  /// The name of the instruction set, as `--arch` takes it.
  public var architectureName: StaticString { architecture.name }

  package init(
    coder: Coder, architecture: Architecture, slotBits: UInt8, matchBits: UInt8, oldSize: UInt32,
    newSize: UInt32,
    bodySize: UInt32, coverCount: UInt32, regionCount: UInt32, oldDigest: InlineArray<8, UInt8>,
    newDigest: InlineArray<8, UInt8>
  ) {
    self.coder = coder
    self.architecture = architecture
    self.slotBits = slotBits
    self.matchBits = matchBits
    self.oldSize = oldSize
    self.newSize = newSize
    self.bodySize = bodySize
    self.coverCount = coverCount
    self.regionCount = regionCount
    self.oldDigest = oldDigest
    self.newDigest = newDigest
  }

  /// Compares every part.
  public static func == (left: NativeHeader, right: NativeHeader) -> Bool {
    for index in 0..<digestSize {
      guard left.oldDigest[index] == right.oldDigest[index], left.newDigest[index] == right.newDigest[index]
      else {
        return false
      }
    }
    return left.coder == right.coder && left.architecture == right.architecture
      && left.slotBits == right.slotBits
      && left.matchBits == right.matchBits && left.oldSize == right.oldSize && left.newSize == right.newSize
      && left.bodySize == right.bodySize && left.coverCount == right.coverCount
      && left.regionCount == right.regionCount
  }

  /// Reads a header.
  ///
  /// - Parameter bytes: the first bytes of a patch; may end within the header.
  /// - Returns: the header and how many bytes it took; nil if more are needed.
  /// - Throws: ``DeltaError/unsupportedFormat`` if the magic or the version is another one, or the
  ///   architecture is one that this build has no corrections for,
  ///   ``DeltaError/unsupportedCompression`` for another coder, ``DeltaError/nonCanonicalNumber`` for a number that
  ///   does not fit or is longer than it must be, ``DeltaError/corruptStream`` for values that contradict each other.
  public static func parse(_ bytes: Span<UInt8>) throws(DeltaError) -> (header: NativeHeader, count: Int)? {
    for index in 0..<min(4, bytes.count) where bytes[index] != magic[index] { throw .unsupportedFormat }
    guard bytes.count >= 9 else { return nil }
    guard bytes[4] == version, let architecture = Architecture(rawValue: bytes[6]),
      Instructions.has(architecture)
    else {
      throw .unsupportedFormat
    }
    guard let coder = Coder(rawValue: bytes[5]) else { throw .unsupportedCompression }
    var position = 9
    guard bytes[7] == 0 || slotBits.contains(bytes[7]), bytes[8] == 0 || matchBits.contains(bytes[8]),
      (bytes[7] != 0) == (coder == .adaptive || coder == .inPlace), bytes[8] == 0 || coder == .adaptive
    else { throw .corruptStream }
    guard let oldSize = try number(bytes, &position), let newSize = try number(bytes, &position),
      let bodySize = try number(bytes, &position), let coverCount = try number(bytes, &position),
      let regionCount = try number(bytes, &position), bytes.count - position >= 2 * digestSize
    else { return nil }
    guard coverCount <= newSize, regionCount <= oldSize else { throw .corruptStream }
    let agrees =
      switch coder {
      case .adaptive, .inPlace: true
      case .stored: coverCount == 0 && regionCount == 0 && bodySize == newSize
      case .streams: regionCount == 0
      }
    guard agrees else { throw .corruptStream }
    var header = NativeHeader(
      coder: coder, architecture: architecture, slotBits: bytes[7], matchBits: bytes[8], oldSize: oldSize,
      newSize: newSize, bodySize: bodySize, coverCount: coverCount, regionCount: regionCount,
      oldDigest: InlineArray(repeating: 0), newDigest: InlineArray(repeating: 0))
    for index in 0..<digestSize {
      header.oldDigest[index] = bytes[position + index]
      header.newDigest[index] = bytes[position + digestSize + index]
    }
    return (header, position + 2 * digestSize)
  }

  /// Reads seven bits a byte, least significant first.
  static func number(_ bytes: Span<UInt8>, _ position: inout Int) throws(DeltaError) -> UInt32? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      guard position < bytes.count else { return nil }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      shift += 7
      guard byte & 0x80 != 0 else {
        guard let result = UInt32(exactly: value), byte != 0 || shift == 7 else { throw .nonCanonicalNumber }
        return result
      }
      guard shift < 35 else { throw .nonCanonicalNumber }
    }
  }
}
