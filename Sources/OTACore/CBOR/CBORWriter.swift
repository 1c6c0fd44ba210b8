/// Writes deterministically encoded CBOR into bytes that the caller owns.
///
/// Lengths are definite and heads have their shortest form. The caller writes the keys of a map in ascending order
/// of their encodings (0, 1, ... before -1, -2, ...) and as many items as he announced; ``CBORReader`` refuses
/// anything else.
///
/// - Note: Source: RFC 8949, section 4.2.1 (core deterministic encoding requirements).
public struct CBORWriter: ~Copyable, ~Escapable {
  private var bytes: ByteWriter

  /// Starts at the first of `bytes`; their number is the capacity.
  @_lifetime(copy bytes)
  public init(_ bytes: consuming MutableSpan<UInt8>) {
    self.bytes = ByteWriter(bytes)
  }

  /// How many bytes were written.
  public var count: Int { bytes.count }

  /// Appends a number from 0 on.
  ///
  /// - Throws: kind ``ParseError/Kind/capacityExceeded`` if it does not fit; so do all methods of this type.
  @_lifetime(self: copy self)
  public mutating func writeUnsigned(_ value: UInt64) throws(ParseError) {
    try writeHead(.unsigned, value)
  }

  /// Appends a number, negative or not.
  @_lifetime(self: copy self)
  public mutating func writeInteger(_ value: Int64) throws(ParseError) {
    if value >= 0 {
      try writeHead(.unsigned, UInt64(value))
    } else {
      try writeHead(.negative, UInt64(-1 - value))
    }
  }

  /// Appends a byte string.
  @_lifetime(self: copy self)
  public mutating func writeByteString(_ value: Span<UInt8>) throws(ParseError) {
    try writeHead(.byteString, UInt64(value.count))
    try bytes.write(value)
  }

  /// Appends a text string; the bytes must be UTF-8.
  ///
  /// - Throws: also kind ``ParseError/Kind/invalidValue`` if they are not.
  @_lifetime(self: copy self)
  public mutating func writeTextString(_ value: Span<UInt8>) throws(ParseError) {
    guard isUTF8(value) else { throw ParseError(.invalidValue, at: count) }
    try writeHead(.textString, UInt64(value.count))
    try bytes.write(value)
  }

  /// Announces an array of `count` items.
  @_lifetime(self: copy self)
  public mutating func writeArrayHeader(_ count: Int) throws(ParseError) {
    try writeHead(.array, UInt64(count))
  }

  /// Announces a map of `count` pairs.
  @_lifetime(self: copy self)
  public mutating func writeMapHeader(_ count: Int) throws(ParseError) {
    try writeHead(.map, UInt64(count))
  }

  /// Appends a tag for the next item.
  @_lifetime(self: copy self)
  public mutating func writeTag(_ number: UInt64) throws(ParseError) {
    try writeHead(.tag, number)
  }

  /// Appends `true` or `false`.
  @_lifetime(self: copy self)
  public mutating func writeBool(_ value: Bool) throws(ParseError) {
    try writeHead(.simple, value ? 21 : 20)
  }

  /// Appends `null`.
  @_lifetime(self: copy self)
  public mutating func writeNull() throws(ParseError) {
    try writeHead(.simple, 22)
  }

  /// Appends items that are already encoded.
  @_lifetime(self: copy self)
  public mutating func writeEncoded(_ items: Span<UInt8>) throws(ParseError) {
    try bytes.write(items)
  }

  @_lifetime(self: copy self)
  private mutating func writeHead(_ type: CBORReader.MajorType, _ argument: UInt64) throws(ParseError) {
    let major = type.rawValue << 5
    switch argument {
    case 0..<24:
      try bytes.write(byte: major | UInt8(truncatingIfNeeded: argument))
    case 24...0xff:
      try bytes.write(byte: major | 24)
      try bytes.write(byte: UInt8(truncatingIfNeeded: argument))
    case 0x100...0xffff:
      try bytes.write(byte: major | 25)
      try bytes.writeBigEndian(UInt16(truncatingIfNeeded: argument))
    case 0x1_0000...0xffff_ffff:
      try bytes.write(byte: major | 26)
      try bytes.writeBigEndian(UInt32(truncatingIfNeeded: argument))
    default:
      try bytes.write(byte: major | 27)
      try bytes.writeBigEndian(argument)
    }
  }
}

extension [UInt8] {
  /// Makes an array from the CBOR that `body` writes, at most `limit` bytes.
  ///
  /// - Throws: what `body` throws, above all kind ``ParseError/Kind/capacityExceeded``.
  public init(
    cborUpTo limit: Int, writing body: (inout CBORWriter) throws(ParseError) -> Void
  ) throws(ParseError) {
    var buffer = [UInt8](repeating: 0, count: limit)
    var writer = CBORWriter(buffer.mutableSpan)
    try body(&writer)
    let count = writer.count
    buffer.removeLast(limit - count)
    self = buffer
  }
}
