import OTADelta

/// The numbers of the header and of the streams: seven bits a byte, least significant first, below 2^32 and as short as
/// they can be.
package enum StreamNumber {
  /// Reads a number.
  ///
  /// - Parameters:
  ///   - bytes: may end within it.
  ///   - position: where it begins; behind it afterwards.
  /// - Returns: the number; nil if bytes are missing.
  /// - Throws: ``DeltaError/nonCanonicalNumber``.
  static func read(_ bytes: Span<UInt8>, _ position: inout Int) throws(DeltaError) -> UInt32? {
    // Most numbers have one byte.
    guard position < bytes.count else { return nil }
    let first = bytes[position]
    position += 1
    guard first & 0x80 != 0 else { return UInt32(first) }
    var value = UInt64(first & 0x7f)
    var shift: UInt64 = 7
    while true {
      guard position < bytes.count else { return nil }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      shift += 7
      guard byte & 0x80 != 0 else {
        guard let result = UInt32(exactly: value), byte != 0 else { throw .nonCanonicalNumber }
        return result
      }
      guard shift < 35 else { throw .nonCanonicalNumber }
    }
  }

  /// Reads a number that must be there whole.
  ///
  /// - Throws: ``DeltaError/nonCanonicalNumber``; ``DeltaError/corruptStream`` if the stream ends before it does.
  static func require(_ bytes: Span<UInt8>, _ position: inout Int) throws(DeltaError) -> UInt32 {
    guard let value = try read(bytes, &position) else { throw .corruptStream }
    return value
  }

  /// Writes a number.
  package static func append(_ number: UInt32, to bytes: inout [UInt8]) {
    var left = number
    while left >= 0x80 {
      bytes.append(UInt8(left & 0x7f) | 0x80)
      left >>= 7
    }
    bytes.append(UInt8(left))
  }
}
