import OTACore
import Testing

@testable import OTATUF

@Suite("JSON of metadata")
struct JSONTests {
  private func canonical(_ text: String) throws -> String {
    let value = try JSONReader.read(Array(text.utf8), limits: RepositoryLimits())
    return String(decoding: CanonicalJSON.encode(value), as: UTF8.self)
  }

  @Test(
    "has one canonical form",
    arguments: [
      (#" { "b" : [ 1 , -2 , true , false , null ] , "a" : "" } "#, #"{"a":"","b":[1,-2,true,false,null]}"#),
      (#""\u00e9\ud83d\ude00\/""#, "\"\u{e9}\u{1F600}/\""),
      (#""\\\"\n\t\u0000""#, "\"\\\\\\\"\n\t\0\""),
      ("-0", "0"), ("9223372036854775807", "9223372036854775807"),
      ("-9223372036854775808", "-9223372036854775808"),
      // By code points, which is not the order of UTF-16: U+FF61 stands before U+10000.
      (
        #"{"\ud800\udc00":1,"\uff61":2,"a":3,"Z":4,"":5}"#,
        "{\"\":5,\"Z\":4,\"a\":3,\"\u{FF61}\":2,\"\u{10000}\":1}"
      ),
      ("[]", "[]"), ("{}", "{}"),
    ])
  func canonicalForm(text: String, expected: String) throws {
    // As bytes: strings would be equal that are only equivalent.
    #expect(Array(try canonical(text).utf8) == Array(expected.utf8))
  }

  @Test(
    "is refused where it has none, or readers might not agree",
    arguments: [
      ("1.0", ParseError.Kind.unsupported), ("1e3", .unsupported), ("9223372036854775808", .limitExceeded),
      ("-9223372036854775809", .limitExceeded), ("99999999999999999999999", .limitExceeded),
      ("01", .invalidValue),
      ("-", .invalidValue), ("+1", .invalidValue), ("", .truncated), ("[1", .truncated),
      ("[1,]", .invalidValue),
      ("{\"a\":1,}", .invalidValue), ("{\"a\":1,\"a\":1}", .invalidValue),
      ("{\"a\":1,\"\\u0061\":2}", .invalidValue), ("{a:1}", .invalidValue), ("{\"a\" 1}", .invalidValue),
      ("\"\n\"", .invalidValue), ("\"\\x\"", .invalidValue), ("\"\\ud800\"", .invalidValue),
      ("\"\\ud800\\u0041\"", .invalidValue), ("\"\\udc00\"", .invalidValue), ("\"\\u12g4\"", .invalidValue),
      ("\"abc", .truncated), ("tru", .truncated), ("nul1", .invalidValue), ("1 2", .trailingBytes),
      ("{}x", .trailingBytes), ("\u{FEFF}{}", .invalidValue), ("[1}", .invalidValue),
    ])
  func refused(text: String, kind: ParseError.Kind) {
    #expect {
      _ = try JSONReader.read(Array(text.utf8), limits: RepositoryLimits())
    } throws: { error in
      (error as? ParseError)?.kind == kind
    }
  }

  @Test("is refused with bytes that are not UTF-8")
  func encoding() {
    for bytes: [UInt8] in [[0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22]] {
      #expect(throws: ParseError(.invalidValue, at: 0)) {
        try JSONReader.read(bytes, limits: RepositoryLimits())
      }
    }
  }

  @Test("is read down to the limit of levels, and up to that of values")
  func limits() throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    let limits = RepositoryLimits(nestingDepth: 8, valueCount: 100)
    _ = try JSONReader.read(nested(8), limits: limits)
    #expect(throws: ParseError(.limitExceeded, at: 8)) { try JSONReader.read(nested(9), limits: limits) }
    #expect(throws: ParseError.self) { try JSONReader.read(nested(1_000_000), limits: limits) }
    func list(_ count: Int) -> [UInt8] {
      Array("[\(Array(repeating: "1", count: count).joined(separator: ","))]".utf8)
    }
    _ = try JSONReader.read(list(99), limits: limits)
    #expect(throws: ParseError.self) { try JSONReader.read(list(100), limits: limits) }
  }

  @Test("never traps, whatever bytes are changed")
  func hostile() throws {
    var random = SeededGenerator()
    let text = Array(
      #"{"a":[1,-23,{"b":"x\u00e9\ud83d\ude00\\"},true,null],"c":{"d":9223372036854775807}}"#.utf8)
    for _ in 0..<20_000 {
      var bytes = text
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: index)
        default: bytes.insert(text[Int.random(in: 0..<text.count, using: &random)], at: index)
        }
      }
      guard let value = try? JSONReader.read(bytes, limits: RepositoryLimits()) else { continue }
      // What is read has a canonical form, and that form is its own.
      let canonical = CanonicalJSON.encode(value)
      // Control characters stand as they are in it, which readers of plain JSON refuse.
      guard !canonical.contains(where: { $0 < 0x20 }) else { continue }
      #expect(CanonicalJSON.encode(try JSONReader.read(canonical, limits: RepositoryLimits())) == canonical)
    }
  }
}
