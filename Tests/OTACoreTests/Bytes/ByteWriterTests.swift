import OTACore
import Testing

@Suite("ByteWriter")
struct ByteWriterTests {
  @Test("writes every width in both byte orders")
  func widths() {
    let result = writing(capacity: 100) { (writer) throws(ParseError) in
      try writer.write(byte: 0xff)
      try writer.writeLittleEndian(0x01 as UInt8)
      try writer.writeBigEndian(0x02 as UInt8)
      try writer.writeLittleEndian(0x0304 as UInt16)
      try writer.writeBigEndian(0x0506 as UInt16)
      try writer.writeLittleEndian(0x0708_090a as UInt32)
      try writer.writeBigEndian(0x0b0c_0d0e as UInt32)
      try writer.writeLittleEndian(0x0f10_1112_1314_1516 as UInt64)
      try writer.writeBigEndian(0x1718_191a_1b1c_1d1e as UInt64)
      try writer.write(repeating: 0xee, count: 3)
      try writer.write([0xaa, 0xbb].span)
    }
    let expected: [UInt8] = [
      0xff, 0x01, 0x02, 0x04, 0x03, 0x05, 0x06, 0x0a, 0x09, 0x08, 0x07, 0x0b, 0x0c, 0x0d, 0x0e,
      0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0x10, 0x0f, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e,
      0xee, 0xee, 0xee, 0xaa, 0xbb,
    ]
    #expect(result == .success(expected))
  }

  @Test("what does not fit is refused whole: no byte is written, the position stays", arguments: 0..<8)
  func capacity(free: Int) {
    var writes: [(name: String, width: Int, body: @Sendable (inout ByteWriter) throws(ParseError) -> Void)] =
      []
    writes.append(("byte", 1, { (w) throws(ParseError) in try w.write(byte: 0xaa) }))
    writes.append(("little 16", 2, { (w) throws(ParseError) in try w.writeLittleEndian(0xaaaa as UInt16) }))
    writes.append(("big 16", 2, { (w) throws(ParseError) in try w.writeBigEndian(0xaaaa as UInt16) }))
    writes.append(
      ("little 32", 4, { (w) throws(ParseError) in try w.writeLittleEndian(0xaaaa_aaaa as UInt32) }))
    writes.append(("big 32", 4, { (w) throws(ParseError) in try w.writeBigEndian(0xaaaa_aaaa as UInt32) }))
    writes.append(("little 64", 8, { (w) throws(ParseError) in try w.writeLittleEndian(UInt64.max) }))
    writes.append(("big 64", 8, { (w) throws(ParseError) in try w.writeBigEndian(UInt64.max) }))
    writes.append(("span", 3, { (w) throws(ParseError) in try w.write([0xaa, 0xaa, 0xaa].span) }))
    writes.append(("repeating", 5, { (w) throws(ParseError) in try w.write(repeating: 0xaa, count: 5) }))
    for write in writes {
      var buffer = [UInt8](repeating: 0x55, count: 4 + free)
      var writer = ByteWriter(buffer.mutableSpan)
      var caught: ParseError?
      do throws(ParseError) {
        try writer.write(repeating: 0x11, count: 4)
        try write.body(&writer)
      } catch {
        caught = error
      }
      let (count, remaining) = (writer.count, writer.remaining)
      if write.width > free {
        #expect(caught == ParseError(.capacityExceeded, at: 4), "\(write.name)")
        #expect(count == 4 && remaining == free, "\(write.name)")
        #expect(buffer == [0x11, 0x11, 0x11, 0x11] + [UInt8](repeating: 0x55, count: free), "\(write.name)")
      } else {
        #expect(caught == nil, "\(write.name)")
        #expect(count == 4 + write.width && remaining == free - write.width, "\(write.name)")
      }
    }
  }

  @Test("a negative number of repetitions is refused", arguments: [-1, .min])
  func negativeRepetition(count: Int) {
    let result = writing(capacity: 4) { (w) throws(ParseError) in try w.write(repeating: 0, count: count) }
    #expect(result == .failure(ParseError(.capacityExceeded, at: 0)))
  }

  @Test("an array is as long as what was written, not as its capacity", arguments: [0, 1, 7])
  func arrayLength(count: Int) {
    let result = writing(capacity: 7) { (w) throws(ParseError) in try w.write(repeating: 9, count: count) }
    #expect(result == .success([UInt8](repeating: 9, count: count)))
  }

  @Test("a reader gets back what a writer wrote, for random values")
  func roundTrip() throws {
    var generator = SeededGenerator(seed: testSeed)
    for _ in 0..<500 {
      let value = UInt64.random(in: .min ... .max, using: &generator)
      let written = writing(capacity: 28) { (writer) throws(ParseError) in
        try writer.writeLittleEndian(value)
        try writer.writeBigEndian(value)
        try writer.writeLittleEndian(UInt32(truncatingIfNeeded: value))
        try writer.writeBigEndian(UInt32(truncatingIfNeeded: value))
        try writer.writeLittleEndian(UInt16(truncatingIfNeeded: value))
        try writer.writeBigEndian(UInt16(truncatingIfNeeded: value))
      }
      let bytes = try #require(written.value)
      let agrees = reading(bytes) { (cursor) throws(ParseError) in
        let wide = try (cursor.readLittleEndian(UInt64.self), cursor.readBigEndian(UInt64.self))
        let half = try (cursor.readLittleEndian(UInt32.self), cursor.readBigEndian(UInt32.self))
        let quarter = try (cursor.readLittleEndian(UInt16.self), cursor.readBigEndian(UInt16.self))
        try cursor.requireEnd()
        return wide == (value, value)
          && half == (UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value))
          && quarter == (UInt16(truncatingIfNeeded: value), UInt16(truncatingIfNeeded: value))
      }
      try #require(agrees == .success(true), "value \(value), seed \(testSeed)")
    }
  }
}
