import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

@Suite struct SecretBytesTests {
  @Test("Secret bytes hold what they were given")
  func contents() {
    let bytes: [UInt8] = [1, 2, 3]
    let secret = SecretBytes(copying: bytes.span)
    #expect(secret.count == 3)
    let copy = secret.withBytes { bytes in (0..<bytes.count).map { bytes[$0] } }
    #expect(copy == bytes)
  }

  @Test("Secret bytes end where writing ended")
  func writing() throws {
    let secret = try SecretBytes(capacity: 100) { (writer) throws(ParseError) in
      try writer.write(byte: 7)
      try writer.write(byte: 8)
    }
    #expect(secret.count == 2)
    let copy = secret.withBytes { bytes in (0..<bytes.count).map { bytes[$0] } }
    #expect(copy == [7, 8])
  }

  @Test("An error of the writing closure comes out")
  func failure() {
    #expect(throws: ParseError(.capacityExceeded, at: 1)) {
      let secret = try SecretBytes(capacity: 1) { (writer) throws(ParseError) in
        try writer.write(byte: 7)
        try writer.write(byte: 8)
      }
      _ = secret.count
    }
  }

  @Test("What deinit calls zeroes every byte in place")
  func zeroing() {
    var bytes = [UInt8](repeating: 0xa5, count: 100)
    zero(&bytes)
    #expect(bytes == [UInt8](repeating: 0, count: 100))
    var none: [UInt8] = []
    zero(&none)
    #expect(none.isEmpty)
  }
}
