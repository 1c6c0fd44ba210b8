import OTACore
import Testing

@Suite("Identifiers")
struct IdentifierTests {
  static let text = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
  static let identifier = UniversalIdentifier(high: 0xf81d_4fae_7dec_11d0, low: 0xa765_00a0_c91e_6bf6)

  @Test("the textual form is that of RFC 9562, in either case")
  func textualForm() {
    #expect(UniversalIdentifier(Self.text) == Self.identifier)
    #expect(UniversalIdentifier(Self.text.uppercased()) == Self.identifier)
    #expect(Self.identifier.description == Self.text)
    #expect(UniversalIdentifier(high: 0, low: 0).description == "00000000-0000-0000-0000-000000000000")
  }

  @Test(
    "any other text is refused",
    arguments: [
      "", "-", "----", "f81d4fae7dec11d0a76500a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf",
      "f81d4fae-7dec-11d0-a765-00a0c91e6bf60", "f81d4fag-7dec-11d0-a765-00a0c91e6bf6",
      "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6-",
      "f81d4fa-e7dec-11d0-a765-00a0c91e6bf6", " f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
      "é81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    ])
  func refused(text: String) {
    #expect(UniversalIdentifier(text) == nil)
  }

  @Test("bytes are big endian, and just sixteen")
  func bytes() throws {
    let written = writing(capacity: 16) { (writer) throws(ParseError) in
      try Self.identifier.serialize(into: &writer)
    }
    let bytes = try #require(written.value)
    #expect(String(hexadecimal: bytes.span) == Self.text.filter { $0 != "-" })
    #expect(try UniversalIdentifier(bytes: bytes.span) == Self.identifier)
    for count in 0..<16 {
      #expect(throws: ParseError(.truncated, at: count < 8 ? 0 : 8)) {
        try UniversalIdentifier(bytes: Array(bytes.prefix(count)).span)
      }
    }
    #expect(throws: ParseError(.trailingBytes, at: 16)) {
      try UniversalIdentifier(bytes: (bytes + [0]).span)
    }
    let short = writing(capacity: 15) { (writer) throws(ParseError) in
      try Self.identifier.serialize(into: &writer)
    }
    #expect(short.error?.kind == .capacityExceeded)
  }

  @Test("a component is the bytes of its name")
  func component() {
    #expect(ComponentIdentifier("app").bytes == [0x61, 0x70, 0x70])
    #expect(ComponentIdentifier("") == ComponentIdentifier(bytes: []))
    #expect(ComponentIdentifier("app") != ComponentIdentifier("App"))
  }

  @Test("each slot is the other one's other")
  func slots() {
    #expect(SlotIdentifier.a.other == .b)
    #expect(SlotIdentifier.b.other == .a)
    #expect(SlotIdentifier.allCases.map(\.rawValue) == [0, 1])
  }

  @Test("sequence numbers order as numbers do, over all of UInt64")
  func sequenceNumbers() {
    let ordered = [0, 1, 9, 10, UInt64(Int64.max), UInt64(Int64.max) + 1, .max].map { SequenceNumber($0) }
    for left in ordered.indices {
      for right in ordered.indices { #expect((ordered[left] < ordered[right]) == (left < right)) }
    }
    #expect(SequenceNumber(.max).description == "18446744073709551615")
  }
}
