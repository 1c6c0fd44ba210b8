import OTACore

/// Reads JSON (RFC 8259) into a tree of values.
///
/// Refused, although JSON: numbers that are not whole or do not fit 64 bits, names that stand twice in an object, halves
/// of surrogate pairs, and more levels or values than the limits say. What is read has one canonical form.
struct JSONReader {
  private let bytes: [UInt8]
  private let depthLimit: Int
  private let valueLimit: Int
  private var position = 0
  private var valueCount = 0

  /// Reads a whole document.
  ///
  /// - Throws: what is wrong and at which byte.
  static func read(_ bytes: [UInt8], limits: RepositoryLimits) throws(ParseError) -> JSONValue {
    // Checked at once for all strings; what escapes stand for is well-formed by itself.
    guard String(validating: bytes, as: UTF8.self) != nil else { throw ParseError(.invalidValue, at: 0) }
    var reader = JSONReader(bytes, limits)
    let value = try reader.readValue(depth: 0)
    reader.skipSpace()
    guard reader.position == bytes.count else { throw ParseError(.trailingBytes, at: reader.position) }
    return value
  }

  private init(_ bytes: [UInt8], _ limits: RepositoryLimits) {
    self.bytes = bytes
    depthLimit = limits.nestingDepth
    valueLimit = limits.valueCount
  }

  private mutating func readValue(depth: Int) throws(ParseError) -> JSONValue {
    skipSpace()
    guard depth < depthLimit, valueCount < valueLimit else { throw ParseError(.limitExceeded, at: position) }
    valueCount += 1
    switch try peek() {
    case UInt8(ascii: "{"): return .object(try readObject(depth: depth))
    case UInt8(ascii: "["): return .array(try readArray(depth: depth))
    case UInt8(ascii: "\""): return .string(try readString())
    case UInt8(ascii: "t"): return try readWord("true", as: .bool(true))
    case UInt8(ascii: "f"): return try readWord("false", as: .bool(false))
    case UInt8(ascii: "n"): return try readWord("null", as: .null)
    default: return .integer(try readInteger())
    }
  }

  private mutating func readObject(depth: Int) throws(ParseError) -> JSONObject {
    let start = position
    position += 1
    var members: [JSONObject.Member] = []
    skipSpace()
    if try peek() == UInt8(ascii: "}") {
      position += 1
    } else {
      repeat {
        skipSpace()
        guard try peek() == UInt8(ascii: "\"") else { throw ParseError(.invalidValue, at: position) }
        let name = try readString()
        skipSpace()
        guard try take() == UInt8(ascii: ":") else { throw ParseError(.invalidValue, at: position - 1) }
        members.append(JSONObject.Member(name: name, value: try readValue(depth: depth + 1)))
      } while try hasMore(before: UInt8(ascii: "}"))
    }
    guard let object = JSONObject(members) else { throw ParseError(.invalidValue, at: start) }
    return object
  }

  private mutating func readArray(depth: Int) throws(ParseError) -> [JSONValue] {
    position += 1
    var values: [JSONValue] = []
    skipSpace()
    if try peek() == UInt8(ascii: "]") {
      position += 1
      return values
    }
    repeat {
      values.append(try readValue(depth: depth + 1))
    } while try hasMore(before: UInt8(ascii: "]"))
    return values
  }

  /// Takes the comma before another item, or the end.
  private mutating func hasMore(before end: UInt8) throws(ParseError) -> Bool {
    skipSpace()
    let byte = try take()
    guard byte == UInt8(ascii: ",") || byte == end else { throw ParseError(.invalidValue, at: position - 1) }
    return byte != end
  }

  private mutating func readString() throws(ParseError) -> UTF8Text {
    position += 1
    var text: [UInt8] = []
    while true {
      let byte = try take()
      switch byte {
      case UInt8(ascii: "\""): return UTF8Text(bytes: text)
      case UInt8(ascii: "\\"): try readEscape(into: &text)
      case 0..<0x20: throw ParseError(.invalidValue, at: position - 1)
      default: text.append(byte)
      }
    }
  }

  private mutating func readEscape(into text: inout [UInt8]) throws(ParseError) {
    let start = position - 1
    switch try take() {
    case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""))
    case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
    case UInt8(ascii: "/"): text.append(UInt8(ascii: "/"))
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try readFourDigits()
      if (0xd800..<0xdc00).contains(code) {
        guard try take() == UInt8(ascii: "\\"), try take() == UInt8(ascii: "u") else {
          throw ParseError(.invalidValue, at: start)
        }
        let low = try readFourDigits()
        guard (0xdc00..<0xe000).contains(low) else { throw ParseError(.invalidValue, at: start) }
        code = 0x1_0000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw ParseError(.invalidValue, at: start) }
      text += Array(String(Character(scalar)).utf8)
    default: throw ParseError(.invalidValue, at: start)
    }
  }

  private mutating func readFourDigits() throws(ParseError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      let byte = try take()
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw ParseError(.invalidValue, at: position - 1)
      }
      code = code << 4 | UInt32(digit)
    }
    return code
  }

  /// A whole number; one with a fraction or an exponent has no canonical form.
  private mutating func readInteger() throws(ParseError) -> Int64 {
    let start = position
    let isNegative = try peek() == UInt8(ascii: "-")
    if isNegative { position += 1 }
    let first = position
    // Counted below zero, where there is one number more.
    var value: Int64 = 0
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
      let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
      let digit = Int64(bytes[position] - UInt8(ascii: "0"))
      let (difference, isStillTooLarge) = product.subtractingReportingOverflow(digit)
      guard !isTooLarge, !isStillTooLarge else { throw ParseError(.limitExceeded, at: start) }
      value = difference
      position += 1
    }
    let count = position - first
    guard count == 1 || count > 1 && bytes[first] != UInt8(ascii: "0") else {
      throw ParseError(.invalidValue, at: start)
    }
    if position < bytes.count,
      [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(bytes[position])
    {
      throw ParseError(.unsupported, at: position)
    }
    guard isNegative || value > .min else { throw ParseError(.limitExceeded, at: start) }
    return isNegative ? value : -value
  }

  private mutating func readWord(_ word: StaticString, as value: JSONValue) throws(ParseError) -> JSONValue {
    for expected in Array(word.description.utf8) {
      guard try take() == expected else { throw ParseError(.invalidValue, at: position - 1) }
    }
    return value
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
  }

  private func peek() throws(ParseError) -> UInt8 {
    guard position < bytes.count else { throw ParseError(.truncated, at: position) }
    return bytes[position]
  }

  private mutating func take() throws(ParseError) -> UInt8 {
    let byte = try peek()
    position += 1
    return byte
  }
}
