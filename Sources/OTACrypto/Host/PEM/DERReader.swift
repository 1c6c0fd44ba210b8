#if !hasFeature(Embedded)
import OTACore

/// Reads the little of DER that keys are made of; lengths in any but their shortest form are refused.
///
/// - Note: Source: ITU-T X.690, sections 8.1 and 10.1.
struct DERReader: ~Escapable {
  enum Tag: UInt8 {
    case integer = 0x02
    case bitString = 0x03
    case octetString = 0x04
    case objectIdentifier = 0x06
    case sequence = 0x30
  }

  private var cursor: ByteCursor

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) {
    self.cursor = ByteCursor(bytes)
  }

  @_lifetime(copy cursor)
  private init(_ cursor: consuming ByteCursor) {
    self.cursor = cursor
  }

  /// Consumes one value and returns a reader over its contents.
  ///
  /// - Throws: a `ParseError`; kind `ParseError.Kind.invalidValue` if the value has another tag.
  @_lifetime(copy self)
  mutating func read(_ tag: Tag) throws(ParseError) -> DERReader {
    let offset = cursor.offset
    guard try cursor.readByte() == tag.rawValue else { throw ParseError(.invalidValue, at: offset) }
    let first = try cursor.readByte()
    var length = Int(first)
    switch first {
    case 0..<0x80:
      break
    case 0x81:
      length = Int(try cursor.readByte())
      guard length >= 0x80 else { throw ParseError(.notCanonical, at: offset) }
    case 0x82:
      length = Int(try cursor.readBigEndian(UInt16.self))
      guard length >= 0x100 else { throw ParseError(.notCanonical, at: offset) }
    default:
      // Nothing that is read here has 64 KiB.
      throw ParseError(.limitExceeded, at: offset)
    }
    return DERReader(try cursor.subcursor(count: length))
  }

  /// Consumes these contents.
  mutating func expect<let count: Int>(_ bytes: InlineArray<count, UInt8>) throws(ParseError) {
    let offset = cursor.offset
    let found = try cursor.readBytes(count: count)
    for index in 0..<count where found[index] != bytes[index] {
      throw ParseError(.invalidValue, at: offset)
    }
  }

  /// Consumes all contents, which must be `count` bytes.
  @_lifetime(copy self)
  mutating func readContents(count: Int) throws(ParseError) -> Span<UInt8> {
    let contents = try cursor.readBytes(count: count)
    try cursor.requireEnd()
    return contents
  }

  /// Refuses what was not read.
  func requireEnd() throws(ParseError) { try cursor.requireEnd() }
}
#endif
