import OTACore
import Testing

@Suite("ByteCursor")
struct ByteCursorTests {
  static let bytes: [UInt8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]

  @Test("reads every width in both byte orders")
  func widths() throws {
    #expect(reading(Self.bytes) { (c) throws(ParseError) in try c.readByte() } == .success(0x01))
    #expect(
      reading(Self.bytes) { (c) throws(ParseError) in try c.readLittleEndian(UInt8.self) } == .success(0x01))
    #expect(
      reading(Self.bytes) { (c) throws(ParseError) in try c.readBigEndian(UInt8.self) } == .success(0x01))
    #expect(
      reading(Self.bytes) { (c) throws(ParseError) in try c.readLittleEndian(UInt16.self) }
        == .success(0x2301))
    #expect(
      reading(Self.bytes) { (c) throws(ParseError) in try c.readBigEndian(UInt16.self) } == .success(0x0123))
    #expect(
      reading(Self.bytes) { (c) throws(ParseError) in try c.readLittleEndian(UInt32.self) }
        == .success(0x6745_2301))
    #expect(
      reading(Self.bytes) { (c) throws(ParseError) in try c.readBigEndian(UInt32.self) }
        == .success(0x0123_4567))
    #expect(
      reading(Self.bytes) { (c) throws(ParseError) in try c.readLittleEndian(UInt64.self) }
        == .success(0xefcd_ab89_6745_2301))
    #expect(
      reading(Self.bytes) { (c) throws(ParseError) in try c.readBigEndian(UInt64.self) }
        == .success(0x0123_4567_89ab_cdef))
  }

  @Test("an integer that is cut off at any byte is refused, and nothing is consumed", arguments: 0..<8)
  func truncatedIntegers(count: Int) {
    let bytes = Array(Self.bytes.prefix(count))
    for origin in [0, 1000] {
      let error = ParseError(.truncated, at: origin)
      let results: [(width: Int, error: ParseError?, moved: Int)] = [
        attempt(bytes, origin, 1) { (c) throws(ParseError) in _ = try c.readByte() },
        attempt(bytes, origin, 2) { (c) throws(ParseError) in _ = try c.readLittleEndian(UInt16.self) },
        attempt(bytes, origin, 2) { (c) throws(ParseError) in _ = try c.readBigEndian(UInt16.self) },
        attempt(bytes, origin, 4) { (c) throws(ParseError) in _ = try c.readLittleEndian(UInt32.self) },
        attempt(bytes, origin, 4) { (c) throws(ParseError) in _ = try c.readBigEndian(UInt32.self) },
        attempt(bytes, origin, 8) { (c) throws(ParseError) in _ = try c.readLittleEndian(UInt64.self) },
        attempt(bytes, origin, 8) { (c) throws(ParseError) in _ = try c.readBigEndian(UInt64.self) },
      ]
      for result in results {
        #expect(result.error == (result.width > count ? error : nil))
        #expect(result.moved == (result.width > count ? 0 : result.width))
      }
    }
  }

  private func attempt(
    _ bytes: [UInt8], _ origin: Int, _ width: Int, _ body: (inout ByteCursor) throws(ParseError) -> Void
  ) -> (width: Int, error: ParseError?, moved: Int) {
    var cursor = ByteCursor(bytes.span, origin: origin)
    do throws(ParseError) {
      try body(&cursor)
      return (width, nil, cursor.offset - origin)
    } catch {
      return (width, error, cursor.offset - origin)
    }
  }

  @Test("offset, remaining and isAtEnd follow every read")
  func positions() throws {
    var cursor = ByteCursor(Self.bytes.span, origin: 16)
    #expect(cursor.offset == 16)
    #expect(cursor.remaining == 8)
    let first = cursor.peekByte()
    #expect(first == 0x01)
    #expect(cursor.offset == 16)
    _ = try cursor.readBigEndian(UInt32.self)
    #expect(cursor.offset == 20)
    #expect(cursor.remaining == 4)
    let rest = array(cursor.readRemaining())
    #expect(rest == [0x89, 0xab, 0xcd, 0xef])
    #expect(cursor.isAtEnd == true)
    #expect(cursor.offset == 24)
    let beyond = cursor.peekByte()
    #expect(beyond == nil)
    try cursor.requireEnd()
    let nothing = array(cursor.readRemaining())
    #expect(nothing.isEmpty)
  }

  @Test(
    "bytes are returned in order, and a count that does not fit is refused", arguments: [-1, .min, 9, .max])
  func refusedCounts(count: Int) throws {
    let result = reading(Self.bytes) { (cursor) throws(ParseError) in
      array(try cursor.readBytes(count: count))
    }
    #expect(result == .failure(ParseError(.truncated, at: 0)))
    let behind = reading(Self.bytes) { (cursor) throws(ParseError) in
      _ = try cursor.readBytes(count: 3)
      return array(try cursor.readBytes(count: count))
    }
    #expect(behind == .failure(ParseError(.truncated, at: 3)))
    let subcursor = reading(Self.bytes) { (cursor) throws(ParseError) in
      _ = try cursor.subcursor(count: count)
    }
    #expect(subcursor.error == ParseError(.truncated, at: 0))
  }

  @Test("every count that fits is consumed", arguments: 0...8)
  func counts(count: Int) {
    let result = reading(Self.bytes) { (cursor) throws(ParseError) in
      let head = array(try cursor.readBytes(count: count))
      return head + array(cursor.readRemaining())
    }
    #expect(result == .success(Self.bytes))
  }

  @Test("a subcursor ends where it was told, and its errors count from the start of the document")
  func subcursors() throws {
    var cursor = ByteCursor(Self.bytes.span, origin: 100)
    _ = try cursor.readByte()
    var inner = try cursor.subcursor(count: 3)
    #expect(cursor.offset == 104)
    #expect(inner.offset == 101)
    #expect(inner.remaining == 3)
    let value = try inner.readBigEndian(UInt16.self)
    #expect(value == 0x2345)
    var caught: ParseError?
    do throws(ParseError) { _ = try inner.readBigEndian(UInt16.self) } catch { caught = error }
    #expect(caught == ParseError(.truncated, at: 103))
    do throws(ParseError) { try inner.requireEnd() } catch { caught = error }
    #expect(caught == ParseError(.trailingBytes, at: 103))
  }

  @Test("a random sequence of reads gives back the bytes, and never reads past the end")
  func randomReads() throws {
    var generator = SeededGenerator(seed: testSeed)
    for round in 0..<200 {
      let bytes = generator.bytes(count: Int.random(in: 0...64, using: &generator))
      var cursor = ByteCursor(bytes.span)
      var read: [UInt8] = []
      while !cursor.isAtEnd {
        let count = Int.random(in: 0...8, using: &generator)
        if count > cursor.remaining {
          var caught: ParseError?
          do throws(ParseError) { _ = try cursor.readBytes(count: count) } catch { caught = error }
          try #require(caught == ParseError(.truncated, at: read.count), "round \(round), seed \(testSeed)")
        } else {
          read += array(try cursor.readBytes(count: count))
        }
        try #require(cursor.offset == read.count)
      }
      try #require(read == bytes, "round \(round), seed \(testSeed)")
    }
  }
}
