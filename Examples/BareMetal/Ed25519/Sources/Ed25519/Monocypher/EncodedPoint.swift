/// What libsodium wants of the 32 bytes of a point before it computes with it, and Monocypher does not look at.
enum EncodedPoint {
  /// Whether the bytes may stand for a key or a commitment.
  ///
  /// y is reduced, and the point is not one of the eight whose multiples by eight are zero: with such a key, one
  /// signature would be good for every message. Whether there is a point with this y is for the library to say.
  /// Nothing here is secret.
  ///
  /// - Note: Source: RFC 8032, section 5.1.3, step 1; libsodium, `ge25519_is_canonical` and
  ///   `ge25519_has_small_order`.
  static func isAcceptable(_ bytes: Span<UInt8>) -> Bool {
    guard isReduced(bytes) else { return false }
    // Both signs of x: the highest bit does not count.
    return !isSmall(bytes, 0) && !isSmall(bytes, 1) && !isMinusOne(bytes)
      && !isEqual(bytes, firstOfOrderEight) && !isEqual(bytes, secondOfOrderEight)
  }

  /// Whether y is below 2^255 - 19.
  private static func isReduced(_ bytes: Span<UInt8>) -> Bool {
    bytes[0] < 0xed || !hasOnesAboveFirst(bytes)
  }

  private static func isSmall(_ bytes: Span<UInt8>, _ value: UInt8) -> Bool {
    guard bytes[0] == value, bytes[31] & 0x7f == 0 else { return false }
    for index in 1..<31 where bytes[index] != 0 { return false }
    return true
  }

  private static func isMinusOne(_ bytes: Span<UInt8>) -> Bool {
    bytes[0] == 0xec && hasOnesAboveFirst(bytes)
  }

  private static func hasOnesAboveFirst(_ bytes: Span<UInt8>) -> Bool {
    guard bytes[31] & 0x7f == 0x7f else { return false }
    for index in 1..<31 where bytes[index] != 0xff { return false }
    return true
  }

  private static func isEqual(_ bytes: Span<UInt8>, _ other: InlineArray<32, UInt8>) -> Bool {
    guard bytes[31] & 0x7f == other[31] else { return false }
    for index in 0..<31 where bytes[index] != other[index] { return false }
    return true
  }

  /// y of two of the four points of order eight; the other two differ in the sign of x.
  private static let firstOfOrderEight: InlineArray<32, UInt8> = [
    0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
    0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
  ]

  /// y of the other two, minus the first.
  private static let secondOfOrderEight: InlineArray<32, UInt8> = [
    0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
    0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
  ]
}
