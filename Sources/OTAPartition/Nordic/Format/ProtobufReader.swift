import OTACore

/// Reads the little of Protocol Buffers that init packets are made of, in one form only.
///
/// What a general reader would let pass is refused, since it could mean different things to different readers: fields in
/// descending order, a field twice, numbers that are longer than they need be, and fields that are not known.
///
/// - Note: Source: Protocol Buffers, "Encoding"; the strictness is a project decision, Docs/NordicDFU.md.
struct ProtobufReader: ~Escapable {
  /// The head of a field.
  struct Field {
    var number: UInt32
    /// 0 for a number, 2 for bytes.
    var wireType: UInt32
    var offset: Int

    /// Refuses a field that has another form than its number says.
    func expectNumber() throws(ParseError) {
      guard wireType == 0 else { throw ParseError(.invalidValue, at: offset) }
    }

    /// Refuses a field that has another form than its number says.
    func expectBytes() throws(ParseError) {
      guard wireType == 2 else { throw ParseError(.invalidValue, at: offset) }
    }

    /// The end for a field that is not known.
    var unknown: ParseError { ParseError(.unsupported, at: offset) }
  }

  private(set) var cursor: ByteCursor
  private var lastNumber: UInt32 = 0

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { cursor = ByteCursor(bytes) }

  @_lifetime(copy cursor)
  init(_ cursor: consuming ByteCursor) { self.cursor = cursor }

  /// Reads the head of the next field, or `nil` at the end; one field may follow itself.
  mutating func nextField(repeating repeated: UInt32 = 0) throws(ParseError) -> Field? {
    guard !cursor.isAtEnd else { return nil }
    let offset = cursor.offset
    let head = try readNumber()
    let field = Field(number: head >> 3, wireType: head & 7, offset: offset)
    guard field.number > lastNumber || (field.number == lastNumber && field.number == repeated) else {
      throw ParseError(.notCanonical, at: offset)
    }
    lastNumber = field.number
    return field
  }

  /// Reads a number of at most 32 bits, in its shortest form.
  mutating func readNumber() throws(ParseError) -> UInt32 {
    let offset = cursor.offset
    var value: UInt64 = 0
    for index in 0..<5 as Range<UInt64> {
      let byte = try cursor.readByte()
      value |= UInt64(byte & 0x7f) << (7 * index)
      guard byte < 0x80 else { continue }
      guard byte != 0 || index == 0 else { throw ParseError(.notCanonical, at: offset) }
      guard let number = UInt32(exactly: value) else { throw ParseError(.invalidValue, at: offset) }
      return number
    }
    throw ParseError(.invalidValue, at: offset)
  }

  /// Reads bytes with their length before them; more than the limit are refused.
  @_lifetime(copy self)
  mutating func readBytes(upTo limit: Int) throws(ParseError) -> ByteCursor {
    let offset = cursor.offset
    let length = try readNumber()
    guard let count = Int(exactly: length), count <= limit else {
      throw ParseError(.limitExceeded, at: offset)
    }
    return try cursor.subcursor(count: count)
  }
}
