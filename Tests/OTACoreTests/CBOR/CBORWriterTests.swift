import OTACore
import Testing

@Suite("CBORWriter")
struct CBORWriterTests {
  @Test(
    "heads have their shortest form",
    arguments: [
      (0, 1), (23, 1), (24, 2), (255, 2), (256, 3), (65_535, 3), (65_536, 5), (4_294_967_295, 5),
      (4_294_967_296, 9), (UInt64.max, 9),
    ])
  func headLengths(row: (value: UInt64, count: Int)) throws {
    let unsigned = try [UInt8](cborUpTo: 9) { (w) throws(ParseError) in try w.writeUnsigned(row.value) }
    #expect(unsigned.count == row.count)
    let tag = try [UInt8](cborUpTo: 9) { (w) throws(ParseError) in try w.writeTag(row.value) }
    #expect(tag.count == row.count)
    #expect(tag.first == unsigned.first.map { $0 | 0xc0 })
  }

  @Test("an item that does not fit is refused at every capacity")
  func capacity() throws {
    let item = Item.map([
      Item.Pair(key: .unsigned(1_000_000), value: .bytes([UInt8](repeating: 7, count: 30))),
      Item.Pair(
        key: .text("key"), value: .array([.bool(true), .null, .negative(-70_000), .tag(300, .null)])),
    ])
    let bytes = try item.encoded()
    for capacity in 0..<bytes.count {
      var caught: ParseError?
      do throws(ParseError) {
        _ = try [UInt8](cborUpTo: capacity) { (writer) throws(ParseError) in try item.write(to: &writer) }
      } catch {
        caught = error
      }
      #expect(caught?.kind == .capacityExceeded, "capacity \(capacity)")
    }
    let whole = try [UInt8](cborUpTo: bytes.count) { (w) throws(ParseError) in try item.write(to: &w) }
    #expect(whole == bytes)
  }

  @Test("items that are already encoded are copied as they are")
  func encodedItems() throws {
    let inner: [UInt8] = [0x82, 0x01, 0x02]
    let bytes = try [UInt8](cborUpTo: 10) { (writer) throws(ParseError) in
      try writer.writeArrayHeader(2)
      try writer.writeEncoded(inner.span)
      try writer.writeNull()
    }
    #expect(bytes == [0x82, 0x82, 0x01, 0x02, 0xf6])
  }
}

@Suite("Text in CBOR")
struct CBORTextTests {
  @Test("is UTF-8 exactly where the standard library says so, for all pairs and the edges of longer forms")
  func utf8() {
    let edges: [UInt8] = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff]
    var disagreements: [[UInt8]] = []
    func check(_ bytes: [UInt8]) {
      let isText = readingCBOR([0x60 | UInt8(bytes.count)] + bytes) { (reader) throws(ParseError) in
        _ = try reader.readTextString()
      }
      let expected = String(validating: bytes, as: UTF8.self) != nil
      if (isText.error == nil) != expected { disagreements.append(bytes) }
      if let error = isText.error, error != ParseError(.invalidValue, at: 0) { disagreements.append(bytes) }
    }
    for first in UInt8.min ... .max {
      check([first])
      for second in UInt8.min ... .max { check([first, second]) }
    }
    for first in 0xe0...0xff as ClosedRange<UInt8> {
      for second in edges {
        for third in edges {
          check([first, second, third])
          for fourth in edges { check([first, second, third, fourth]) }
        }
      }
    }
    #expect(disagreements == [])
  }

  @Test("a writer refuses what is no UTF-8, and writes nothing")
  func writerRefuses() {
    for bytes in [[0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x61, 0xff]]
      as [[UInt8]]
    {
      var buffer = [UInt8](repeating: 0x55, count: 16)
      var writer = CBORWriter(buffer.mutableSpan)
      var caught: ParseError?
      do throws(ParseError) { try writer.writeTextString(bytes.span) } catch { caught = error }
      let count = writer.count
      #expect(caught == ParseError(.invalidValue, at: 0))
      #expect(count == 0)
      #expect(buffer == [UInt8](repeating: 0x55, count: 16))
    }
  }
}
