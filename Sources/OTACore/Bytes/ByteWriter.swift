/// A writing position in bytes that the caller owns; it never grows them.
///
/// When a write throws, nothing of that item was written and the position has not moved.
public struct ByteWriter: ~Copyable, ~Escapable {
  private var bytes: MutableSpan<UInt8>

  /// How many bytes were written.
  public private(set) var count: Int

  /// Starts at the first of `bytes`; their number is the capacity.
  @_lifetime(copy bytes)
  public init(_ bytes: consuming MutableSpan<UInt8>) {
    self.bytes = bytes
    self.count = 0
  }

  /// How many bytes still fit.
  public var remaining: Int { bytes.count - count }

  /// Appends one byte.
  ///
  /// - Throws: kind ``ParseError/Kind/capacityExceeded`` if it does not fit.
  @_lifetime(self: copy self)
  public mutating func write(byte: UInt8) throws(ParseError) {
    guard remaining > 0 else { throw ParseError(.capacityExceeded, at: count) }
    bytes[count] = byte
    count += 1
  }

  /// Appends `source`.
  ///
  /// - Throws: kind ``ParseError/Kind/capacityExceeded`` if it does not fit whole.
  @_lifetime(self: copy self)
  public mutating func write(_ source: Span<UInt8>) throws(ParseError) {
    guard source.count <= remaining else { throw ParseError(.capacityExceeded, at: count) }
    for index in 0..<source.count { bytes[count + index] = source[index] }
    count += source.count
  }

  /// Appends `count` times the same byte.
  ///
  /// - Throws: kind ``ParseError/Kind/capacityExceeded`` if they do not fit.
  @_lifetime(self: copy self)
  public mutating func write(repeating byte: UInt8, count repetitions: Int) throws(ParseError) {
    guard repetitions >= 0, repetitions <= remaining else { throw ParseError(.capacityExceeded, at: count) }
    for index in 0..<repetitions { bytes[count + index] = byte }
    count += repetitions
  }

  /// Appends an unsigned integer, least significant byte first.
  ///
  /// - Throws: kind ``ParseError/Kind/capacityExceeded`` if it does not fit.
  @_lifetime(self: copy self)
  public mutating func writeLittleEndian<Value: FixedWidthInteger & UnsignedInteger>(
    _ value: Value
  ) throws(ParseError) {
    let width = Value.bitWidth / 8
    guard width <= remaining else { throw ParseError(.capacityExceeded, at: count) }
    for index in 0..<width {
      bytes[count + index] = UInt8(truncatingIfNeeded: value >> Value(truncatingIfNeeded: index * 8))
    }
    count += width
  }

  /// Appends an unsigned integer, most significant byte first.
  ///
  /// - Throws: kind ``ParseError/Kind/capacityExceeded`` if it does not fit.
  @_lifetime(self: copy self)
  public mutating func writeBigEndian<Value: FixedWidthInteger & UnsignedInteger>(
    _ value: Value
  ) throws(ParseError) {
    let width = Value.bitWidth / 8
    guard width <= remaining else { throw ParseError(.capacityExceeded, at: count) }
    for index in 0..<width {
      let shift = (width - 1 - index) * 8
      bytes[count + index] = UInt8(truncatingIfNeeded: value >> Value(truncatingIfNeeded: shift))
    }
    count += width
  }
}

extension [UInt8] {
  /// Makes an array from what `body` writes, at most `capacity` bytes.
  ///
  /// - Throws: what `body` throws, above all kind ``ParseError/Kind/capacityExceeded``.
  public init(
    capacity: Int, writing body: (inout ByteWriter) throws(ParseError) -> Void
  ) throws(ParseError) {
    var buffer = [UInt8](repeating: 0, count: capacity)
    var writer = ByteWriter(buffer.mutableSpan)
    try body(&writer)
    let count = writer.count
    buffer.removeLast(capacity - count)
    self = buffer
  }
}
