extension Flash where Self: ~Copyable {
  /// Reads any bytes, aligned or not, by way of a small buffer where needed.
  ///
  /// - Throws: what ``read(into:at:)`` throws, but not ``FlashError/notAligned``.
  package mutating func readUnaligned(into destination: inout MutableSpan<UInt8>, at offset: UInt32)
    throws(FlashError)
  {
    let unit = geometry.readSize
    let capacity = geometry.capacity
    guard let total = UInt32(exactly: destination.count), total <= capacity, offset <= capacity - total else {
      throw .outOfBounds
    }
    var buffer = InlineArray<64, UInt8>(repeating: 0)
    var done = 0
    var position = offset
    while done < destination.count {
      // One buffer's worth from the border of a unit; the device ends at such a border, so it never reads beyond.
      let start = position - position % unit
      let skipped = Int(position - start)
      let wanted = min(buffer.count - skipped, destination.count - done)
      let end = UInt32(skipped + wanted)
      let rounded = Int(end + (unit - end % unit) % unit)
      var whole = buffer.mutableSpan
      var window = whole.prefix(rounded)
      try read(into: &window, at: start)
      for index in 0..<wanted { destination[done + index] = buffer[skipped + index] }
      done += wanted
      position += UInt32(wanted)
    }
  }

  /// Reads any bytes to a part of a buffer; the rest of it stays as it was.
  ///
  /// - Throws: as ``readUnaligned(into:at:)``.
  mutating func readPart(
    _ part: Range<Int>, of destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(FlashError) {
    var tail = destination.dropping(part.lowerBound)
    var window = tail.prefix(part.count)
    try readUnaligned(into: &window, at: offset)
  }

  /// Whether all bytes read as erased; both ends are multiples of the unit of reading.
  mutating func isErased(_ range: Range<UInt32>) throws(FlashError) -> Bool {
    var buffer = InlineArray<64, UInt8>(repeating: 0)
    let erased = geometry.erasedByte
    var position = range.lowerBound
    while position < range.upperBound {
      let count = min(64, Int(range.upperBound - position))
      var whole = buffer.mutableSpan
      var window = whole.prefix(count)
      try read(into: &window, at: position)
      for index in 0..<count where buffer[index] != erased { return false }
      position += UInt32(count)
    }
    return true
  }

  /// Writes whole units and reads them back.
  ///
  /// - Throws: what ``write(_:at:)`` throws; ``FlashError/deviceFailure`` if the bytes read differently, so that a cell
  ///   that does not take its value is an error now and not a surprise later.
  package mutating func writeChecked(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try write(source, at: offset)
    var buffer = InlineArray<64, UInt8>(repeating: 0)
    var done = 0
    while done < source.count {
      let count = min(64, source.count - done)
      var whole = buffer.mutableSpan
      var window = whole.prefix(count)
      try read(into: &window, at: offset + UInt32(done))
      for index in 0..<count where buffer[index] != source[done + index] { throw .deviceFailure }
      done += count
    }
  }
}
