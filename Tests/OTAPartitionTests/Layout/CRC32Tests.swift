import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("CRC32")
struct CRC32Tests {
  /// Values of zlib's crc32.
  @Test(
    "Known checksums",
    arguments: [
      ("", 0x0000_0000), ("a", 0xe8b7_be43), ("abc", 0x3524_41c2), ("123456789", 0xcbf4_3926),
      ("message digest", 0x2015_9d7f), ("The quick brown fox jumps over the lazy dog", 0x414f_a339),
    ] as [(String, UInt32)])
  func known(_ text: String, _ checksum: UInt32) {
    let bytes = Array(text.utf8)
    #expect(CRC32.checksum(of: bytes.span) == checksum)
  }

  @Test("Any division into calls gives the same checksum")
  func divided() {
    var random = SplitMix64(seed: 7)
    let bytes = (0..<97).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    for cut in 0...bytes.count {
      var crc = CRC32()
      crc.update(bytes.span.extracting(0..<cut))
      crc.update(bytes.span.extracting(cut..<bytes.count))
      #expect(crc.checksum == CRC32.checksum(of: bytes.span))
    }
  }

  @Test("Every single wrong bit changes the checksum")
  func sensitive() {
    let bytes = Array("a record of the journal".utf8)
    for bit in 0..<bytes.count * 8 {
      var wrong = bytes
      wrong[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(CRC32.checksum(of: wrong.span) != CRC32.checksum(of: bytes.span))
    }
  }
}
