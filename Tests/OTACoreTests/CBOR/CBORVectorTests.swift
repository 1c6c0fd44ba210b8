import OTACore
import Testing

/// One row of RFC 8949, appendix A.
struct CBORVector: CustomTestStringConvertible, Sendable {
  var hexadecimal: String
  var item: Item
  var testDescription: String { "\(item)" }

  init(_ hexadecimal: String, _ item: Item) {
    self.hexadecimal = hexadecimal
    self.item = item
  }
}

@Suite("CBOR, vectors of RFC 8949, appendix A")
struct CBORVectorTests {
  static let vectors: [CBORVector] = [
    CBORVector("00", .unsigned(0)),
    CBORVector("01", .unsigned(1)),
    CBORVector("0a", .unsigned(10)),
    CBORVector("17", .unsigned(23)),
    CBORVector("1818", .unsigned(24)),
    CBORVector("1819", .unsigned(25)),
    CBORVector("1864", .unsigned(100)),
    CBORVector("1903e8", .unsigned(1000)),
    CBORVector("1a000f4240", .unsigned(1_000_000)),
    CBORVector("1b000000e8d4a51000", .unsigned(1_000_000_000_000)),
    CBORVector("1bffffffffffffffff", .unsigned(18_446_744_073_709_551_615)),
    CBORVector("c249010000000000000000", .tag(2, .bytes([1, 0, 0, 0, 0, 0, 0, 0, 0]))),
    CBORVector("c349010000000000000000", .tag(3, .bytes([1, 0, 0, 0, 0, 0, 0, 0, 0]))),
    CBORVector("20", .negative(-1)),
    CBORVector("29", .negative(-10)),
    CBORVector("3863", .negative(-100)),
    CBORVector("3903e7", .negative(-1000)),
    CBORVector("f4", .bool(false)),
    CBORVector("f5", .bool(true)),
    CBORVector("f6", .null),
    CBORVector("c074323031332d30332d32315432303a30343a30305a", .tag(0, .text("2013-03-21T20:04:00Z"))),
    CBORVector("c11a514b67b0", .tag(1, .unsigned(1_363_896_240))),
    CBORVector("d74401020304", .tag(23, .bytes([1, 2, 3, 4]))),
    CBORVector("d818456449455446", .tag(24, .bytes([0x64, 0x49, 0x45, 0x54, 0x46]))),
    CBORVector(
      "d82076687474703a2f2f7777772e6578616d706c652e636f6d", .tag(32, .text("http://www.example.com"))),
    CBORVector("40", .bytes([])),
    CBORVector("4401020304", .bytes([1, 2, 3, 4])),
    CBORVector("60", .text("")),
    CBORVector("6161", .text("a")),
    CBORVector("6449455446", .text("IETF")),
    CBORVector("62225c", .text("\"\\")),
    CBORVector("62c3bc", .text("\u{fc}")),
    CBORVector("63e6b0b4", .text("\u{6c34}")),
    CBORVector("64f0908591", .text("\u{10151}")),
    CBORVector("80", .array([])),
    CBORVector("83010203", .array([.unsigned(1), .unsigned(2), .unsigned(3)])),
    CBORVector(
      "8301820203820405",
      .array([
        .unsigned(1), .array([.unsigned(2), .unsigned(3)]), .array([.unsigned(4), .unsigned(5)]),
      ])),
    CBORVector(
      "98190102030405060708090a0b0c0d0e0f101112131415161718181819", .array((1...25).map { .unsigned($0) })),
    CBORVector("a0", .map([])),
    CBORVector(
      "a201020304",
      .map([
        Item.Pair(key: .unsigned(1), value: .unsigned(2)), Item.Pair(key: .unsigned(3), value: .unsigned(4)),
      ])),
    CBORVector(
      "a26161016162820203",
      .map([
        Item.Pair(key: .text("a"), value: .unsigned(1)),
        Item.Pair(key: .text("b"), value: .array([.unsigned(2), .unsigned(3)])),
      ])),
    CBORVector(
      "826161a161626163", .array([.text("a"), .map([Item.Pair(key: .text("b"), value: .text("c"))])])),
    CBORVector(
      "a56161614161626142616361436164614461656145",
      .map(
        ["a", "b", "c", "d", "e"].map { Item.Pair(key: .text($0), value: .text($0.uppercased())) })),
  ]

  /// What deterministic encoding leaves out: floats, other simple values, indefinite lengths.
  static let refused: [(hexadecimal: String, kind: ParseError.Kind)] =
    [
      "f90000", "f98000", "f93c00", "fb3ff199999999999a", "f93e00", "f97bff", "fa47c35000", "fa7f7fffff",
      "fb7e37e43c8800759c", "f90001", "f90400", "f9c400", "fbc010666666666666", "f97c00", "f97e00", "f9fc00",
      "fa7f800000", "fa7fc00000", "faff800000", "fb7ff0000000000000", "fb7ff8000000000000",
      "fbfff0000000000000",
      "f7", "f0", "f8ff", "c1fb41d452d9ec200000",
    ].map { ($0, .unsupported) }
    + [
      "5f42010243030405ff", "7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff",
      "9f01820203820405ff",
      "83018202039f0405ff", "83019f0203ff820405",
      "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", "bf61610161629f0203ffff",
      "826161bf61626163ff",
      "bf6346756ef563416d7421ff",
    ].map { ($0, .notCanonical) }

  @Test("is written as the table says", arguments: vectors)
  func writes(vector: CBORVector) throws {
    let bytes = try vector.item.encoded()
    #expect(String(hexadecimal: bytes.span) == vector.hexadecimal)
  }

  @Test("is read as the table says", arguments: vectors)
  func reads(vector: CBORVector) throws {
    let bytes = try #require([UInt8](hexadecimal: vector.hexadecimal))
    let result = readingCBOR(bytes) { (reader) throws(ParseError) in
      let item = try Item(reading: &reader)
      try reader.requireEnd()
      return item
    }
    #expect(result == .success(vector.item))
    let whole = readingCBOR(bytes) { (reader) throws(ParseError) in array(try reader.readItem()) }
    #expect(whole == .success(bytes))
  }

  @Test("cut off at any byte is truncated", arguments: vectors)
  func truncated(vector: CBORVector) throws {
    let bytes = try #require([UInt8](hexadecimal: vector.hexadecimal))
    for count in 0..<bytes.count {
      let result = readingCBOR(Array(bytes.prefix(count))) { (reader) throws(ParseError) in
        array(try reader.readItem())
      }
      #expect(result.error?.kind == .truncated, "\(count) of \(bytes.count) bytes")
    }
  }

  @Test("what deterministic encoding leaves out is refused", arguments: refused)
  func refuses(vector: (hexadecimal: String, kind: ParseError.Kind)) throws {
    let bytes = try #require([UInt8](hexadecimal: vector.hexadecimal))
    let result = readingCBOR(bytes) { (reader) throws(ParseError) in array(try reader.readItem()) }
    #expect(result.error?.kind == vector.kind)
  }

  @Test("-18446744073709551616 is well-formed, but no Int64")
  func mostNegative() {
    let bytes: [UInt8] = [0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
    let item = readingCBOR(bytes) { (reader) throws(ParseError) in array(try reader.readItem()) }
    #expect(item == .success(bytes))
    let number = readingCBOR(bytes) { (reader) throws(ParseError) in try reader.readInteger() }
    #expect(number == .failure(ParseError(.invalidValue, at: 0)))
  }
}
