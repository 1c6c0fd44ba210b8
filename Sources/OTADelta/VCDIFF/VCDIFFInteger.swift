import OTADelta

/// Numbers of the format: seven bits a byte, the most significant first, the top bit set on all but the last.
///
/// - Note: Source: RFC 3284, section 2. One form for each number is a project decision, Docs/VCDIFF.md.
package enum VCDIFFInteger {
  /// How many bytes a number takes.
  ///
  /// - Parameter value: not negative.
  /// - Returns: one at least.
  package static func size(of value: Int) -> Int {
    var size = 1
    var rest = value >> 7
    while rest > 0 {
      size += 1
      rest >>= 7
    }
    return size
  }

  /// Appends a number.
  ///
  /// - Parameters:
  ///   - value: not negative.
  ///   - bytes: to append to.
  package static func append(_ value: Int, to bytes: inout [UInt8]) {
    var shift = 7 * (size(of: value) - 1)
    while shift > 0 {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift) | 0x80)
      shift -= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: value) & 0x7f)
  }
}

/// A number that arrives byte by byte.
struct VCDIFFIntegerParser {
  private var value = 0
  private var count = 0

  /// Takes a byte.
  ///
  /// - Returns: the number, if this was its last byte; then the parser is ready for another one.
  /// - Throws: ``DeltaError/nonCanonicalNumber`` if it begins with a zero that could be left out, or is longer than any
  ///   field of the format may be.
  mutating func take(_ byte: UInt8) throws(DeltaError) -> Int? {
    guard count < VCDIFFFormat.maximumIntegerSize, count > 0 || byte != 0x80 else {
      throw .nonCanonicalNumber
    }
    value = value << 7 | Int(byte & 0x7f)
    count += 1
    guard byte & 0x80 == 0 else { return nil }
    defer { self = VCDIFFIntegerParser() }
    return value
  }
}

/// A position in a section of a window.
struct VCDIFFSection: ~Escapable {
  private let bytes: Span<UInt8>
  private(set) var position = 0

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) {
    self.bytes = bytes
  }

  /// How many bytes are left.
  var remaining: Int { bytes.count - position }

  /// Consumes a byte.
  ///
  /// - Throws: ``DeltaError/corruptStream`` if there is none.
  mutating func readByte() throws(DeltaError) -> UInt8 {
    guard position < bytes.count else { throw .corruptStream }
    let byte = bytes[position]
    position += 1
    return byte
  }

  /// Consumes a number.
  ///
  /// - Throws: ``DeltaError/corruptStream`` if the section ends before it, ``DeltaError/nonCanonicalNumber`` as
  ///   ``VCDIFFIntegerParser/take(_:)`` does.
  mutating func readInteger() throws(DeltaError) -> Int {
    let first = try readByte()
    if first & 0x80 == 0 { return Int(first) }
    var parser = VCDIFFIntegerParser()
    var result = try parser.take(first)
    while result == nil { result = try parser.take(try readByte()) }
    return result ?? 0
  }

  /// Consumes bytes.
  ///
  /// - Throws: ``DeltaError/corruptStream`` if there are not as many.
  @_lifetime(copy self)
  mutating func readBytes(_ count: Int) throws(DeltaError) -> Span<UInt8> {
    guard count <= remaining else { throw .corruptStream }
    let start = position
    position += count
    return bytes.extracting(start..<start + count)
  }
}
