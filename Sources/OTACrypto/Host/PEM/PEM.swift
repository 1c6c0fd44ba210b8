#if !hasFeature(Embedded)
public import OTACore

/// The textual form of keys, in its strict variant: one block, nothing around it.
///
/// Works on bytes in buffers that the caller owns, so that a private key is nowhere that is not zeroed.
///
/// - Note: Source: RFC 7468, section 3 (the grammar `stricttextualmsg`), with CRLF and a missing last line end
///   allowed.
public enum PEM {
  /// The label of a public key (SubjectPublicKeyInfo).
  public static let publicKeyLabel: StaticString = "PUBLIC KEY"
  /// The label of a private key (PKCS#8).
  public static let privateKeyLabel: StaticString = "PRIVATE KEY"

  /// The most bytes of text that are read: a key of any kind is far smaller.
  public static let maximumTextSize = 8192

  /// Decodes one block.
  ///
  /// - Parameters:
  ///   - text: the whole text.
  ///   - label: the label that it must have.
  ///   - writer: where the decoded bytes go; three bytes for four characters suffice.
  /// - Throws: kind `ParseError.Kind.invalidValue` where the text is not in strict form or has another label, kind
  ///   `ParseError.Kind.notCanonical` for Base64 with bits set behind the last byte, kind
  ///   `ParseError.Kind.trailingBytes` for anything behind the block, kind `ParseError.Kind.limitExceeded` for a
  ///   text over ``maximumTextSize``, kind `ParseError.Kind.capacityExceeded` if the bytes do not fit.
  public static func decode(
    _ text: Span<UInt8>, label: StaticString, into writer: inout ByteWriter
  ) throws(ParseError) {
    guard text.count <= maximumTextSize else { throw ParseError(.limitExceeded, at: 0) }
    var cursor = ByteCursor(text)
    try expect("-----BEGIN ", in: &cursor)
    try expect(label, in: &cursor)
    try expect("-----", in: &cursor)
    guard try consumeLineEnd(&cursor) else { throw ParseError(.invalidValue, at: cursor.offset) }
    try decodeBody(&cursor, into: &writer)
    try expect("-----END ", in: &cursor)
    try expect(label, in: &cursor)
    try expect("-----", in: &cursor)
    if !cursor.isAtEnd { _ = try consumeLineEnd(&cursor) }
    try cursor.requireEnd()
  }

  /// Encodes one block, with lines of 64 characters.
  ///
  /// - Parameters:
  ///   - bytes: what to encode.
  ///   - label: the label.
  ///   - writer: where the text goes.
  /// - Throws: kind `ParseError.Kind.capacityExceeded` if it does not fit.
  public static func encode(
    _ bytes: Span<UInt8>, label: StaticString, into writer: inout ByteWriter
  ) throws(ParseError) {
    try write("-----BEGIN ", to: &writer)
    try write(label, to: &writer)
    try write("-----\n", to: &writer)
    var position = 0
    while position < bytes.count {
      let count = min(3, bytes.count - position)
      var group: UInt32 = 0
      for index in 0..<3 {
        group = group << 8 | (index < count ? UInt32(bytes[position + index]) : 0)
      }
      for index in 0..<4 {
        let value = UInt8(truncatingIfNeeded: group >> UInt32(18 - 6 * index)) & 0x3f
        try writer.write(byte: index <= count ? character(of: value) : UInt8(ascii: "="))
      }
      position += count
      if position % 48 == 0 || position == bytes.count { try writer.write(byte: UInt8(ascii: "\n")) }
    }
    try write("-----END ", to: &writer)
    try write(label, to: &writer)
    try write("-----\n", to: &writer)
  }

  /// Lines of Base64 up to the hyphen of the last line; all are full but the last one.
  private static func decodeBody(_ cursor: inout ByteCursor, into writer: inout ByteWriter) throws(ParseError)
  {
    var group: UInt32 = 0
    var digits = 0
    var padding = 0
    var lineLength = 0
    while let byte = cursor.peekByte(), byte != UInt8(ascii: "-") {
      let offset = cursor.offset
      if lineLength == 64 || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
        guard lineLength > 0, try consumeLineEnd(&cursor) else { throw ParseError(.invalidValue, at: offset) }
        guard lineLength == 64 || cursor.peekByte() == UInt8(ascii: "-") else {
          throw ParseError(.invalidValue, at: offset)
        }
        lineLength = 0
        continue
      }
      _ = try cursor.readByte()
      lineLength += 1
      if byte == UInt8(ascii: "=") {
        padding += 1
        guard digits >= 2, digits + padding <= 4 else { throw ParseError(.invalidValue, at: offset) }
        if digits + padding == 4 { try flush(group, digits: digits, at: offset, into: &writer) }
        continue
      }
      guard padding == 0, let value = value(of: byte) else { throw ParseError(.invalidValue, at: offset) }
      group = group << 6 | UInt32(value)
      digits += 1
      if digits == 4 {
        try flush(group, digits: 4, at: offset, into: &writer)
        (group, digits) = (0, 0)
      }
    }
    let isComplete = padding == 0 ? digits == 0 : digits + padding == 4
    guard isComplete, lineLength == 0 else { throw ParseError(.invalidValue, at: cursor.offset) }
  }

  private static func flush(
    _ group: UInt32, digits: Int, at offset: Int, into writer: inout ByteWriter
  ) throws(ParseError) {
    let shifted = group << UInt32(6 * (4 - digits))
    let count = digits - 1
    for index in 0..<count {
      try writer.write(byte: UInt8(truncatingIfNeeded: shifted >> UInt32(16 - 8 * index)))
    }
    let left = shifted & (0xff_ffff >> UInt32(8 * count))
    guard left == 0 else { throw ParseError(.notCanonical, at: offset) }
  }

  /// Whether a line end was there; a lone carriage return is an error.
  private static func consumeLineEnd(_ cursor: inout ByteCursor) throws(ParseError) -> Bool {
    let offset = cursor.offset
    switch cursor.peekByte() {
    case UInt8(ascii: "\n"):
      _ = try cursor.readByte()
      return true
    case UInt8(ascii: "\r"):
      _ = try cursor.readByte()
      guard try cursor.readByte() == UInt8(ascii: "\n") else { throw ParseError(.invalidValue, at: offset) }
      return true
    default:
      return false
    }
  }

  private static func expect(_ text: StaticString, in cursor: inout ByteCursor) throws(ParseError) {
    for expected in bytes(of: text) {
      let offset = cursor.offset
      guard try cursor.readByte() == expected else { throw ParseError(.invalidValue, at: offset) }
    }
  }

  private static func write(_ text: StaticString, to writer: inout ByteWriter) throws(ParseError) {
    for byte in bytes(of: text) { try writer.write(byte: byte) }
  }

  private static func bytes(of text: StaticString) -> [UInt8] { Array(text.description.utf8) }

  private static func value(of character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }

  private static func character(of value: UInt8) -> UInt8 {
    switch value {
    case 0..<26: UInt8(ascii: "A") + value
    case 26..<52: UInt8(ascii: "a") + value - 26
    case 52..<62: UInt8(ascii: "0") + value - 52
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
  }
}
#endif
