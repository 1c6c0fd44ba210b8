/// What the groups of a probe are made of: operations that should succeed, and comparisons.
extension FlashProbe where Device: ~Copyable, Findings: ~Copyable {
  var first: Range<UInt32> { geometry.eraseBlock(containing: 0) ?? 0..<geometry.capacity }
  var last: Range<UInt32> { geometry.eraseBlock(containing: geometry.capacity - 1) ?? 0..<geometry.capacity }

  /// The first, the second and the last block; fewer if the device has fewer.
  var blockCount: Int {
    guard let second = geometry.eraseBlock(containing: first.upperBound) else { return 1 }
    return second == last ? 2 : 3
  }

  func block(_ number: Int) -> Range<UInt32> {
    switch number {
    case 0: first
    case 1: geometry.eraseBlock(containing: first.upperBound) ?? last
    default: last
    }
  }

  /// Bytes that are not erased, not all the same, and differ from place to place and from block to block; other ones for
  /// another salt.
  static func byte(at place: UInt32, salt: UInt32, erased: UInt8) -> UInt8 {
    let place = place &+ salt &* 0x9e37
    let byte = UInt8(truncatingIfNeeded: (place &* 37 &+ 11) ^ (place >> 8) ^ (place >> 16) ^ (place >> 24))
    return byte == erased ? byte ^ 0x55 : byte
  }

  func byte(at place: UInt32, salt: UInt32) -> UInt8 {
    FlashProbe.byte(at: place, salt: salt, erased: geometry.erasedByte)
  }

  /// Puts known bytes into the first and the last block.
  mutating func prepare(_ buffer: inout MutableSpan<UInt8>) {
    erase(first)
    write(first, salt: 0, &buffer)
    guard last != first else { return }
    erase(last)
    write(last, salt: 0, &buffer)
  }

  /// Refused and empty operations must have left what ``prepare(_:)`` has put there.
  mutating func expectPrepared(_ buffer: inout MutableSpan<UInt8>) {
    expect(first, salt: 0, .refusalHasEffect, after: .read, first, &buffer)
    if last != first { expect(last, salt: 0, .refusalHasEffect, after: .read, last, &buffer) }
  }

  /// Writes a range, in one piece if the buffer has room for it; otherwise a unit first, so that each piece crosses the
  /// borders that hardware may have.
  mutating func write(_ range: Range<UInt32>, salt: UInt32, _ buffer: inout MutableSpan<UInt8>) {
    let total = range.upperBound - range.lowerBound
    let room = UInt32(truncatingIfNeeded: buffer.count) / geometry.writeSize * geometry.writeSize
    var offset = range.lowerBound
    var count = total <= room ? total : geometry.writeSize
    while offset < range.upperBound {
      for index in 0..<count { buffer[Int(index)] = byte(at: offset + index, salt: salt) }
      if let error = writeError(at: offset, count: count, buffer) {
        fail(.failsWithoutCause, after: .write, offset..<offset + count, error)
      }
      offset += count
      count = min(room, range.upperBound - offset)
    }
  }

  mutating func erase(_ range: Range<UInt32>) {
    if let error = eraseError(range) { fail(.failsWithoutCause, after: .erase, range, error) }
  }

  mutating func expectErased(_ range: Range<UInt32>, _ buffer: inout MutableSpan<UInt8>) {
    let erased = geometry.erasedByte
    compare(range, .erasedByteIsWrong, after: .erase, range, &buffer) { _ in erased }
  }

  mutating func expect(
    _ range: Range<UInt32>, salt: UInt32, _ rule: FlashFinding.Rule,
    after operation: FlashFinding.Operation, _ place: Range<UInt32>, _ buffer: inout MutableSpan<UInt8>
  ) {
    let erased = geometry.erasedByte
    compare(range, rule, after: operation, place, &buffer) { offset in
      FlashProbe.byte(at: offset, salt: salt, erased: erased)
    }
  }

  /// In the smallest piece that can be read.
  mutating func expectPiece(_ piece: Range<UInt32>, _ buffer: inout MutableSpan<UInt8>) {
    expect(piece, salt: 1, .writeIsLost, after: .read, piece, &buffer)
  }

  /// Three units are written, all others erased.
  mutating func expectUnits(
    _ one: Range<UInt32>, _ two: Range<UInt32>, _ three: Range<UInt32>, in block: Range<UInt32>,
    after place: Range<UInt32>, _ buffer: inout MutableSpan<UInt8>
  ) {
    let erased = geometry.erasedByte
    compare(block, .writeIsLost, after: .write, place, &buffer) { offset in
      one.contains(offset) || two.contains(offset) || three.contains(offset)
        ? FlashProbe.byte(at: offset, salt: 0, erased: erased) : erased
    }
  }

  /// Reads a range, and reports its first byte that is another one than it should be.
  private mutating func compare(
    _ range: Range<UInt32>, _ rule: FlashFinding.Rule, after operation: FlashFinding.Operation,
    _ place: Range<UInt32>, _ buffer: inout MutableSpan<UInt8>, _ expected: (UInt32) -> UInt8
  ) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let count = read(offset, to: range.upperBound, &buffer)
      for index in 0..<count where buffer[Int(index)] != expected(offset + index) {
        let byte = FlashFinding.Byte(
          offset: offset + index, found: buffer[Int(index)], expected: expected(offset + index))
        findings.add(
          FlashFinding(
            rule, after: operation, at: place.lowerBound, count: place.upperBound - place.lowerBound,
            byte: byte))
        return
      }
      offset += count
    }
  }

  /// Reads each piece twice.
  mutating func expectSteady(_ range: Range<UInt32>, _ buffer: inout MutableSpan<UInt8>) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let count = read(offset, to: range.upperBound, &buffer)
      let before = checksum(of: buffer, count)
      _ = read(offset, to: range.upperBound, &buffer)
      if checksum(of: buffer, count) != before {
        fail(.readIsUnstable, after: .read, offset..<offset + count)
        return
      }
      offset += count
    }
  }

  private func checksum(of buffer: borrowing MutableSpan<UInt8>, _ count: UInt32) -> UInt32 {
    var checksum = CRC32()
    checksum.update(buffer.span.extracting(0..<Int(count)))
    return checksum.checksum
  }

  /// Reads as much as the buffer takes, and says how much that is.
  ///
  /// What cannot be read is reported, and then zero.
  private mutating func read(
    _ offset: UInt32, to end: UInt32, _ buffer: inout MutableSpan<UInt8>
  ) -> UInt32 {
    let room = UInt32(truncatingIfNeeded: buffer.count) / geometry.readSize * geometry.readSize
    let count = min(room, end - offset)
    for index in 0..<Int(count) { buffer[index] = 0 }
    if let error = readError(at: offset, count: count, &buffer) {
      fail(.failsWithoutCause, after: .read, offset..<offset + count, error)
    }
    return count
  }

  mutating func fail(
    _ rule: FlashFinding.Rule, after operation: FlashFinding.Operation, _ range: Range<UInt32>,
    _ error: FlashError? = nil
  ) {
    findings.add(
      FlashFinding(
        rule, after: operation, at: range.lowerBound, count: range.upperBound - range.lowerBound, error: error
      ))
  }

  mutating func readError(
    at offset: UInt32, count: UInt32, _ buffer: inout MutableSpan<UInt8>
  ) -> FlashError? {
    var window = buffer.prefix(Int(count))
    do throws(FlashError) {
      try flash.read(into: &window, at: offset)
      return nil
    } catch {
      return error
    }
  }

  /// Writes the first bytes of the buffer.
  mutating func writeError(
    at offset: UInt32, count: UInt32, _ buffer: borrowing MutableSpan<UInt8>
  ) -> FlashError? {
    do throws(FlashError) {
      try flash.write(buffer.span.extracting(0..<Int(count)), at: offset)
      return nil
    } catch {
      return error
    }
  }

  mutating func eraseError(_ range: Range<UInt32>) -> FlashError? {
    do throws(FlashError) {
      try flash.erase(range)
      return nil
    } catch {
      return error
    }
  }
}
