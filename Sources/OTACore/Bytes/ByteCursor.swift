/// A reading position in borrowed bytes: every read is checked, consumes what it returns, and moves nothing when it
/// throws.
///
/// Integers are assembled by shifts, so neither alignment nor the byte order of the processor matters. Offsets in
/// errors count from the start of the outermost document, also for cursors made by ``subcursor(count:)``.
public struct ByteCursor: ~Escapable {
  private let bytes: Span<UInt8>
  private let origin: Int
  private var position: Int

  /// Starts at the first of `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: what to read.
  ///   - origin: the offset of the first byte within the outermost document, for errors only.
  @_lifetime(copy bytes)
  public init(_ bytes: Span<UInt8>, origin: Int = 0) {
    self.bytes = bytes
    self.origin = origin
    self.position = 0
  }

  /// The offset of the next byte from the start of the outermost document.
  public var offset: Int { origin + position }

  /// How many bytes are left.
  public var remaining: Int { bytes.count - position }

  /// Whether all bytes were consumed.
  public var isAtEnd: Bool { remaining == 0 }

  /// Consumes `count` bytes and returns them without a copy.
  ///
  /// - Throws: kind ``ParseError/Kind/truncated`` if fewer bytes are left, or `count` is negative.
  @_lifetime(copy self)
  public mutating func readBytes(count: Int) throws(ParseError) -> Span<UInt8> {
    guard count >= 0, count <= remaining else { throw ParseError(.truncated, at: offset) }
    let start = position
    position = start + count
    return bytes.extracting(start..<start + count)
  }

  /// Consumes `count` bytes and returns a cursor over them that reports offsets of the whole document.
  ///
  /// - Throws: kind ``ParseError/Kind/truncated`` if fewer bytes are left, or `count` is negative.
  @_lifetime(copy self)
  public mutating func subcursor(count: Int) throws(ParseError) -> ByteCursor {
    let start = offset
    return ByteCursor(try readBytes(count: count), origin: start)
  }

  /// No bytes, of the same lifetime as all others.
  var emptySpan: Span<UInt8> {
    @_lifetime(copy self)
    get { bytes.extracting(0..<0) }
  }

  /// Consumes everything that is left.
  @_lifetime(copy self)
  public mutating func readRemaining() -> Span<UInt8> {
    let start = position
    position = bytes.count
    return bytes.extracting(start..<bytes.count)
  }

  /// Consumes one byte.
  ///
  /// - Throws: kind ``ParseError/Kind/truncated`` if no byte is left.
  public mutating func readByte() throws(ParseError) -> UInt8 {
    guard remaining > 0 else { throw ParseError(.truncated, at: offset) }
    let byte = bytes[position]
    position += 1
    return byte
  }

  /// Returns the next byte without consuming it, or `nil` at the end.
  public func peekByte() -> UInt8? {
    remaining > 0 ? bytes[position] : nil
  }

  /// Consumes an unsigned integer, least significant byte first.
  ///
  /// - Throws: kind ``ParseError/Kind/truncated`` if fewer bytes are left than the type has.
  public mutating func readLittleEndian<Value: FixedWidthInteger & UnsignedInteger>(
    _ type: Value.Type = Value.self
  ) throws(ParseError) -> Value {
    let field = try readBytes(count: Value.bitWidth / 8)
    var value: Value = 0
    for index in 0..<field.count {
      value |= Value(truncatingIfNeeded: field[index]) << Value(truncatingIfNeeded: index * 8)
    }
    return value
  }

  /// Consumes an unsigned integer, most significant byte first.
  ///
  /// - Throws: kind ``ParseError/Kind/truncated`` if fewer bytes are left than the type has.
  public mutating func readBigEndian<Value: FixedWidthInteger & UnsignedInteger>(
    _ type: Value.Type = Value.self
  ) throws(ParseError) -> Value {
    let field = try readBytes(count: Value.bitWidth / 8)
    var value: Value = 0
    for index in 0..<field.count {
      let shift = (field.count - 1 - index) * 8
      value |= Value(truncatingIfNeeded: field[index]) << Value(truncatingIfNeeded: shift)
    }
    return value
  }

  /// Refuses bytes behind the last item.
  ///
  /// - Throws: kind ``ParseError/Kind/trailingBytes`` if a byte is left.
  public func requireEnd() throws(ParseError) {
    guard isAtEnd else { throw ParseError(.trailingBytes, at: offset) }
  }
}
