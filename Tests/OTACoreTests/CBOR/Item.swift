import OTACore

/// A CBOR item as a value, so that tests can compare whole documents.
indirect enum Item: Equatable, Sendable, CustomStringConvertible {
  case unsigned(UInt64)
  /// A number below zero.
  case negative(Int64)
  case bytes([UInt8])
  case text(String)
  case array([Item])
  case map([Pair])
  case tag(UInt64, Item)
  case bool(Bool)
  case null

  struct Pair: Equatable, Sendable {
    var key: Item
    var value: Item
  }

  func write(to writer: inout CBORWriter) throws(ParseError) {
    switch self {
    case .unsigned(let value): try writer.writeUnsigned(value)
    case .negative(let value): try writer.writeInteger(value)
    case .bytes(let value): try writer.writeByteString(value.span)
    case .text(let value):
      let utf8 = Array(value.utf8)
      try writer.writeTextString(utf8.span)
    case .array(let items):
      try writer.writeArrayHeader(items.count)
      for item in items { try item.write(to: &writer) }
    case .map(let pairs):
      try writer.writeMapHeader(pairs.count)
      for pair in pairs {
        try pair.key.write(to: &writer)
        try pair.value.write(to: &writer)
      }
    case .tag(let number, let item):
      try writer.writeTag(number)
      try item.write(to: &writer)
    case .bool(let value): try writer.writeBool(value)
    case .null: try writer.writeNull()
    }
  }

  init(reading reader: inout CBORReader) throws(ParseError) {
    guard let type = reader.peekType() else { throw ParseError(.truncated, at: reader.offset) }
    switch type {
    case .unsigned: self = .unsigned(try reader.readUnsigned())
    case .negative: self = .negative(try reader.readInteger())
    case .byteString: self = .bytes(OTACoreTests.array(try reader.readByteString()))
    case .textString:
      self = .text(String(decoding: OTACoreTests.array(try reader.readTextString()), as: UTF8.self))
    case .array:
      var items: [Item] = []
      for _ in 0..<(try reader.readArrayHeader()) { items.append(try Item(reading: &reader)) }
      self = .array(items)
    case .map:
      var pairs: [Pair] = []
      for _ in 0..<(try reader.readMapHeader()) {
        let key = try Item(reading: &reader)
        pairs.append(Pair(key: key, value: try Item(reading: &reader)))
      }
      self = .map(pairs)
    case .tag:
      let number = try reader.readTag()
      self = .tag(number, try Item(reading: &reader))
    case .simple:
      if reader.isNextNull() {
        try reader.readNull()
        self = .null
      } else {
        self = .bool(try reader.readBool())
      }
    }
  }

  /// The encoding.
  func encoded() throws(ParseError) -> [UInt8] {
    try [UInt8](cborUpTo: 1 << 16) { (writer) throws(ParseError) in try write(to: &writer) }
  }

  /// In the notation of RFC 8949, section 8, for messages.
  var description: String {
    switch self {
    case .unsigned(let value): "\(value)"
    case .negative(let value): "\(value)"
    case .bytes(let value): "h'\(String(hexadecimal: value.span))'"
    case .text(let value): "\"\(value)\""
    case .array(let items): "[\(items.map(\.description).joined(separator: ", "))]"
    case .map(let pairs): "{\(pairs.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}"
    case .tag(let number, let item): "\(number)(\(item))"
    case .bool(let value): "\(value)"
    case .null: "null"
    }
  }

  /// A random item of at most `depth` levels whose maps are sorted and have no key twice.
  static func random(depth: Int, using generator: inout SeededGenerator) throws(ParseError) -> Item {
    let kinds = depth > 1 ? 9 : 6
    switch Int.random(in: 0..<kinds, using: &generator) {
    case 0: return .unsigned(randomArgument(using: &generator))
    case 1: return .negative(-1 - Int64(randomArgument(using: &generator) >> 1))
    case 2: return .bytes(generator.bytes(count: Int.random(in: 0...30, using: &generator)))
    case 3:
      return .text(
        ["", "a", "IETF", "ü", "水", "𐅑", "a longer text, of more than 23 bytes"].randomElement(
          using: &generator) ?? "")
    case 4: return .bool(Bool.random(using: &generator))
    case 5: return .null
    case 6:
      var items: [Item] = []
      for _ in 0..<Int.random(in: 0...5, using: &generator) {
        items.append(try random(depth: depth - 1, using: &generator))
      }
      return .array(items)
    case 7:
      var pairs: [(bytes: [UInt8], pair: Pair)] = []
      for _ in 0..<Int.random(in: 0...5, using: &generator) {
        let key = try random(depth: depth - 1, using: &generator)
        let bytes = try key.encoded()
        guard !pairs.contains(where: { $0.bytes == bytes }) else { continue }
        pairs.append((bytes, Pair(key: key, value: try random(depth: depth - 1, using: &generator))))
      }
      pairs.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) }
      return .map(pairs.map(\.pair))
    default:
      return .tag(randomArgument(using: &generator), try random(depth: depth - 1, using: &generator))
    }
  }

  /// Every length of head as often as the others.
  private static func randomArgument(using generator: inout SeededGenerator) -> UInt64 {
    let width = [5, 8, 16, 32, 64].randomElement(using: &generator) ?? 64
    return UInt64.random(in: .min ... .max, using: &generator) >> UInt64(64 - width)
  }
}
