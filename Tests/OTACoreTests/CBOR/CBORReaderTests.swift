import OTACore
import Testing

@Suite("CBORReader")
struct CBORReaderTests {
  @Test(
    "a head that has a shorter form is refused, for every type of item",
    arguments: [
      "1800", "1817", "190000", "1900ff", "1a00000000", "1a0000ffff", "1b0000000000000000",
      "1b00000000ffffffff",
    ])
  func shortestHeads(argument: String) throws {
    let head = try #require([UInt8](hexadecimal: argument))
    for type in [0, 1, 2, 3, 4, 5, 6] as [UInt8] {
      var bytes = head
      bytes[0] |= type << 5
      bytes += [UInt8](repeating: 0, count: 70_000)
      let result = readingCBOR(bytes, origin: 7) { (reader) throws(ParseError) in
        array(try reader.readItem()).count
      }
      #expect(result == .failure(ParseError(.notCanonical, at: 7)), "type \(type)")
    }
  }

  @Test("reserved additional information is refused for every type", arguments: [28, 29, 30, 31] as [UInt8])
  func reservedInformation(information: UInt8) {
    for type in 0..<8 as Range<UInt8> {
      let result = readingCBOR([type << 5 | information, 0, 0, 0]) { (reader) throws(ParseError) in
        array(try reader.readItem()).count
      }
      #expect(result == .failure(ParseError(.notCanonical, at: 0)), "type \(type)")
    }
  }

  @Test("an item of another type than the one asked for is refused, and nothing is consumed")
  func wrongTypes() throws {
    let items: [(bytes: [UInt8], type: CBORReader.MajorType)] = [
      ([0x01], .unsigned), ([0x20], .negative), ([0x41, 0x00], .byteString), ([0x61, 0x61], .textString),
      ([0x80], .array), ([0xa0], .map), ([0xc0, 0x00], .tag), ([0xf5], .simple),
    ]
    for item in items {
      expectRefusal(item, unless: [.unsigned]) { (r) throws(ParseError) in _ = try r.readUnsigned() }
      expectRefusal(item, unless: [.unsigned, .negative]) { (r) throws(ParseError) in _ = try r.readInteger()
      }
      expectRefusal(item, unless: [.byteString]) { (r) throws(ParseError) in _ = try r.readByteString() }
      expectRefusal(item, unless: [.textString]) { (r) throws(ParseError) in _ = try r.readTextString() }
      expectRefusal(item, unless: [.array]) { (r) throws(ParseError) in _ = try r.readArrayHeader() }
      expectRefusal(item, unless: [.map]) { (r) throws(ParseError) in _ = try r.readMapHeader() }
      expectRefusal(item, unless: [.tag]) { (r) throws(ParseError) in _ = try r.readTag() }
      expectRefusal(item, unless: [.simple]) { (r) throws(ParseError) in _ = try r.readBool() }
      expectRefusal(item, unless: []) { (r) throws(ParseError) in try r.readNull() }
    }
  }

  private func expectRefusal(
    _ item: (bytes: [UInt8], type: CBORReader.MajorType), unless accepted: [CBORReader.MajorType],
    sourceLocation: SourceLocation = #_sourceLocation, _ body: (inout CBORReader) throws(ParseError) -> Void
  ) {
    var reader = CBORReader(item.bytes.span)
    let type = reader.peekType()
    #expect(type == item.type, sourceLocation: sourceLocation)
    var caught: ParseError?
    do throws(ParseError) { try body(&reader) } catch { caught = error }
    if accepted.contains(item.type) {
      #expect(caught == nil, sourceLocation: sourceLocation)
      #expect(reader.offset > 0, sourceLocation: sourceLocation)
    } else {
      #expect(caught == ParseError(.invalidValue, at: 0), "\(item.type)", sourceLocation: sourceLocation)
      #expect(reader.offset == 0, "\(item.type)", sourceLocation: sourceLocation)
    }
  }

  @Test("null is null, and a Boolean is not")
  func null() throws {
    let bytes: [UInt8] = [0xf6, 0xf5, 0xf4]
    var reader = CBORReader(bytes.span)
    #expect(reader.isNextNull() == true)
    try reader.readNull()
    #expect(reader.isNextNull() == false)
    let (first, second) = (try reader.readBool(), try reader.readBool())
    #expect(first && !second)
    #expect(reader.isAtEnd == true)
    #expect(reader.isNextNull() == false)
    let type = reader.peekType()
    #expect(type == nil)
    try reader.requireEnd()
  }

  @Test("numbers keep their sign up to the ends of Int64", arguments: [Int64.min, -1, 0, 1, Int64.max])
  func integers(value: Int64) throws {
    let bytes = try [UInt8](cborUpTo: 9) { (writer) throws(ParseError) in try writer.writeInteger(value) }
    let read = readingCBOR(bytes) { (reader) throws(ParseError) in try reader.readInteger() }
    #expect(read == .success(value))
  }

  @Test("an unsigned number above Int64 is no Int64")
  func unsignedOverflow() throws {
    let bytes = try [UInt8](cborUpTo: 9) { (w) throws(ParseError) in try w.writeUnsigned(1 << 63) }
    let read = readingCBOR(bytes) { (reader) throws(ParseError) in try reader.readInteger() }
    #expect(read == .failure(ParseError(.invalidValue, at: 0)))
    let unsigned = readingCBOR(bytes) { (reader) throws(ParseError) in try reader.readUnsigned() }
    #expect(unsigned == .success(1 << 63))
  }

  @Test(
    "a string longer than what is left is truncated, however long it says to be",
    arguments: [
      "41", "4200", "590100", "5a00010000", "5b7fffffffffffffff", "5b8000000000000000", "5bffffffffffffffff",
    ])
  func stringLengths(hexadecimal: String) throws {
    for textBit in [0, 0x20] as [UInt8] {
      var bytes = try #require([UInt8](hexadecimal: hexadecimal))
      bytes[0] |= textBit
      let result = readingCBOR(bytes) { (reader) throws(ParseError) in array(try reader.readItem()) }
      #expect(result.error?.kind == .truncated)
    }
  }

  @Test("a count over the limit, or over what is left, is refused before anything is done with it")
  func counts() throws {
    let limits = Limits(itemCount: 100)
    let rows: [(hexadecimal: String, kind: ParseError.Kind)] = [
      ("9864", .truncated), ("9865", .limitExceeded), ("9bffffffffffffffff", .limitExceeded),
      ("8100", .truncated),
      ("b864", .truncated), ("b865", .limitExceeded), ("bbffffffffffffffff", .limitExceeded),
      ("a200", .truncated),
    ]
    for row in rows {
      let bytes = try #require([UInt8](hexadecimal: row.hexadecimal))
      let isMap = bytes[0] & 0x20 != 0
      let result = readingCBOR(row.hexadecimal == "8100" ? [0x82, 0x00] : bytes, limits: limits) {
        (reader) throws(ParseError) in
        isMap ? try reader.readMapHeader() : try reader.readArrayHeader()
      }
      #expect(result == .failure(ParseError(row.kind, at: 0)), "\(row.hexadecimal)")
    }
    let fits = readingCBOR([0x98, 0x64] + [UInt8](repeating: 0, count: 100), limits: limits) {
      (reader) throws(ParseError) in try reader.readArrayHeader()
    }
    #expect(fits == .success(100))
  }

  @Test(
    "nesting is allowed up to the limit and refused behind it, for arrays, maps and tags",
    arguments: [1, 2, 8, 50])
  func nesting(depth: Int) {
    let limits = Limits(nestingDepth: depth)
    for level in [[0x81], [0xa1, 0x00], [0xc1]] as [[UInt8]] {
      for levels in 0...depth + 1 {
        let bytes = Array([[UInt8]](repeating: level, count: levels).joined()) + [0x00]
        let result = readingCBOR(bytes, limits: limits) { (reader) throws(ParseError) in
          array(try reader.readItem())
        }
        if levels < depth {
          #expect(result == .success(bytes))
        } else {
          #expect(result.error?.kind == .limitExceeded, "\(levels) levels around a number, limit \(depth)")
        }
      }
    }
  }

  @Test("a hundred thousand levels are refused, not recursed into")
  func nestingBomb() {
    for byte in [0x81, 0xc1] as [UInt8] {
      let bytes = [UInt8](repeating: byte, count: 100_000)
      let result = readingCBOR(bytes) { (reader) throws(ParseError) in array(try reader.readItem()) }
      #expect(result.error == ParseError(.limitExceeded, at: 8))
    }
  }

  @Test(
    "map keys must ascend bytewise and not repeat",
    arguments: [
      ("a2 0100 0200", true), ("a2 0200 0100", false), ("a2 0100 0100", false), ("a2 1700 181800", true),
      ("a2 0100 2000", true), ("a2 2000 0100", false), ("a2 2000 2100", true), ("a2 2100 2000", false),
      ("a2 6161 00 616200", true), ("a2 616200 616100", false), ("a2 616200 62616100", true),
      ("a2 62616100 616200", false), ("a2 8000 f400", true), ("a2 f400 8000", false), ("a2 4000 6000", true),
      ("a1 a2 0200 0100 00", false), ("81 a2 0100 0100", false), ("a1 00 a2 0200 0100", false),
    ])
  func keyOrder(row: (hexadecimal: String, isOrdered: Bool)) throws {
    let bytes = try #require([UInt8](hexadecimal: row.hexadecimal.filter { $0 != " " }))
    let result = readingCBOR(bytes) { (reader) throws(ParseError) in array(try reader.readItem()) }
    if row.isOrdered {
      #expect(result == .success(bytes))
    } else {
      #expect(result.error?.kind == .notCanonical)
    }
  }

  @Test("integer keys are read in the order of their encodings")
  func integerKeys() throws {
    let ordered: [Int64] = [0, 1, 23, 24, 255, 256, 65_536, .max, -1, -2, -24, -25, -257, .min]
    for first in ordered.indices {
      for second in ordered.indices {
        let bytes = try [UInt8](cborUpTo: 20) { (writer) throws(ParseError) in
          try writer.writeInteger(ordered[first])
          try writer.writeInteger(ordered[second])
        }
        var reader = CBORReader(bytes.span)
        var previous: Int64?
        let key = try reader.readKey(after: &previous)
        #expect(key == ordered[first] && previous == key)
        let offset = reader.offset
        var caught: ParseError?
        do throws(ParseError) { _ = try reader.readKey(after: &previous) } catch { caught = error }
        if first < second {
          #expect(caught == nil && previous == ordered[second])
        } else {
          #expect(caught == ParseError(.notCanonical, at: offset))
          #expect(reader.offset == offset && previous == ordered[first])
        }
      }
    }
  }

  @Test("a random item is read back, alone and as a whole, and ends where it ends")
  func randomItems() throws {
    var generator = SeededGenerator(seed: testSeed)
    for round in 0..<1000 {
      let item = try Item.random(depth: 6, using: &generator)
      let bytes = try item.encoded()
      let tail = generator.bytes(count: Int.random(in: 0...3, using: &generator))
      let result = readingCBOR(bytes + tail) { (reader) throws(ParseError) in
        let whole = array(try reader.readItem())
        return (whole, reader.offset)
      }
      try #require(result.value?.0 == bytes, "round \(round), seed \(testSeed): \(item)")
      try #require(result.value?.1 == bytes.count, "round \(round), seed \(testSeed): \(item)")
      let again = readingCBOR(bytes) { (reader) throws(ParseError) in try Item(reading: &reader) }
      try #require(again == .success(item), "round \(round), seed \(testSeed): \(item)")
    }
  }

  @Test("random bytes are refused or read; what is read is what would be written")
  func randomBytes() throws {
    var generator = SeededGenerator(seed: testSeed)
    var accepted = 0
    for round in 0..<20_000 {
      let bytes = generator.bytes(count: Int.random(in: 0...24, using: &generator))
      let whole = readingCBOR(bytes) { (reader) throws(ParseError) in array(try reader.readItem()) }
      guard let read = whole.value else { continue }
      let item = readingCBOR(read) { (reader) throws(ParseError) in try Item(reading: &reader) }
      // The only item that `Item` cannot hold is a number below the range of Int64.
      guard let item = item.value else { continue }
      accepted += 1
      let written = try item.encoded()
      try #require(written == read, "round \(round), seed \(testSeed)")
    }
    #expect(accepted > 1000)
  }

  @Test("a changed byte gives an error or another item, never the same one")
  func changedBytes() throws {
    var generator = SeededGenerator(seed: testSeed)
    for round in 0..<200 {
      let item = try Item.random(depth: 4, using: &generator)
      let bytes = try item.encoded()
      for index in bytes.indices {
        var changed = bytes
        changed[index] ^= UInt8.random(in: 1...255, using: &generator)
        let result = readingCBOR(changed) { (reader) throws(ParseError) in
          let item = try Item(reading: &reader)
          try reader.requireEnd()
          return item
        }
        try #require(result != .success(item), "byte \(index), round \(round), seed \(testSeed)")
      }
    }
  }
}
