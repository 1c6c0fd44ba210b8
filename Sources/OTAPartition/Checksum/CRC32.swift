/// The checksum CRC-32 as Ethernet, zlib and PNG have it: reflected, polynomial 0x04c11db7.
///
/// It finds accidents (a torn write, a worn cell), not forgeries. It has no table: firmware has more time than
/// memory for the few hundred bytes that are checked at a start.
///
/// - Note: Source: IEEE 802.3, section 3.2.9; check value 0xcbf43926 for the ASCII digits 1 to 9.
public struct CRC32: Equatable, Sendable {
  private var remainder: UInt32 = 0xffff_ffff

  /// Starts with no bytes.
  public init() {}

  /// Goes on where a checksum of earlier bytes ended.
  ///
  /// Formats that start at another value than usual are written as going on from its checksum.
  init(continuing checksum: UInt32) { remainder = ~checksum }

  /// Feeds one byte.
  public mutating func update(byte: UInt8) {
    remainder ^= UInt32(byte)
    for _ in 0..<8 {
      let isOdd = remainder & 1 != 0
      remainder >>= 1
      if isOdd { remainder ^= 0xedb8_8320 }
    }
  }

  /// Feeds bytes; any division into calls gives the same checksum.
  public mutating func update(_ bytes: Span<UInt8>) {
    for index in 0..<bytes.count { update(byte: bytes[index]) }
  }

  /// The checksum of all bytes so far.
  public var checksum: UInt32 { ~remainder }

  /// The checksum of bytes that are all at hand.
  public static func checksum(of bytes: Span<UInt8>) -> UInt32 {
    var crc = CRC32()
    crc.update(bytes)
    return crc.checksum
  }
}
