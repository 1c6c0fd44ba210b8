import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

@Suite("HMAC by libsodium") struct SodiumHMACTests {
  static func code(
    _ algorithm: DigestAlgorithm, key: [UInt8], _ parts: [[UInt8]], count: Int? = nil
  ) throws -> [UInt8] {
    var code = try SodiumHMAC(algorithm, key: key.span)
    for part in parts { code.update(part.span) }
    var output = [UInt8](repeating: 0, count: count ?? algorithm.byteCount)
    var span = output.mutableSpan
    code.finalize(into: &span)
    return output
  }

  private static func bytes(_ text: String) throws -> [UInt8] {
    try #require([UInt8](hexadecimal: text))
  }

  // RFC 4231, sections 4.2 and 4.3.
  @Test(
    "The codes of RFC 4231",
    arguments: [
      (
        DigestAlgorithm.sha256, [UInt8](repeating: 0x0b, count: 20), "Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
      ),
      (
        .sha512, [UInt8](repeating: 0x0b, count: 20), "Hi There",
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
          + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
      ),
      (
        .sha256, Array("Jefe".utf8), "what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
      ),
      (
        .sha512, Array("Jefe".utf8), "what do ya want for nothing?",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
          + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
      ),
    ])
  func published(_ algorithm: DigestAlgorithm, _ key: [UInt8], _ text: String, _ expected: String) throws {
    let message = Array(text.utf8)
    #expect(try Self.code(algorithm, key: key, [message]) == Self.bytes(expected))
    #expect(
      try Self.code(algorithm, key: key, [Array(message.prefix(3)), [], Array(message.dropFirst(3))])
        == Self.bytes(expected))
    #expect(
      try Self.code(algorithm, key: key, [message], count: 16) == Array(Self.bytes(expected).prefix(16)))
  }

  @Test("Only the whole right code is accepted", arguments: [DigestAlgorithm.sha256, .sha512])
  func verification(_ algorithm: DigestAlgorithm) throws {
    let key: [UInt8] = [1, 2, 3]
    let tag = try Self.code(algorithm, key: key, [[4, 5]])
    func verify(_ tag: [UInt8]) throws {
      var code = try SodiumHMAC(algorithm, key: key.span)
      code.update([4, 5].span)
      try code.verify(tag: tag.span)
    }
    try verify(tag)
    for bit in 0..<tag.count * 8 {
      var wrong = tag
      wrong[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: CryptoError.authenticationFailed) { try verify(wrong) }
    }
    for wrong in [[], Array(tag.dropLast()), tag + [0]] {
      #expect(throws: CryptoError.authenticationFailed) { try verify(wrong) }
    }
  }

  @Test("No key and other hash functions are refused, no message is not")
  func refused() throws {
    let nothing: [UInt8] = []
    #expect(throws: CryptoError.invalidKey) { _ = try SodiumHMAC(.sha256, key: nothing.span) }
    for algorithm in DigestAlgorithm.allCases where algorithm != .sha256 && algorithm != .sha512 {
      #expect(throws: CryptoError.unsupportedAlgorithm) { _ = try SodiumHMAC(algorithm, key: [1].span) }
    }
    #expect(try Self.code(.sha256, key: [1], []) == Self.code(.sha256, key: [1], [[]]))
  }
}

@Suite("HKDF by libsodium") struct SodiumHKDFTests {
  static func derived(
    _ secret: [UInt8], _ algorithm: DigestAlgorithm = .sha256, salt: [UInt8], info: [UInt8], count: Int
  ) throws(CryptoError) -> [UInt8] {
    let key = try SodiumHKDF.derive(
      algorithm, secret: secret.span, salt: salt.span, info: info.span, count: count)
    return key.withBytes { key in key.indices.map { key[$0] } }
  }

  private static func bytes(_ text: String) throws -> [UInt8] {
    try #require([UInt8](hexadecimal: text))
  }

  @Test("The keys of RFC 5869, appendix A.1, A.2 and A.3")
  func published() throws {
    let secret = [UInt8](repeating: 0x0b, count: 22)
    #expect(
      try Self.derived(secret, salt: Array(0...0x0c), info: Array(0xf0...0xf9), count: 42)
        == Self.bytes(
          "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"))
    #expect(
      try Self.derived(
        Array(0x00...0x4f), salt: Array(0x60...0xaf), info: Array(0xb0...0xff), count: 82)
        == Self.bytes(
          "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            + "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            + "cc30c58179ec3e87c14c01d5c1f3434f1d87"))
    #expect(
      try Self.derived(secret, salt: [], info: [], count: 42)
        == Self.bytes(
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"))
  }

  @Test("Another hash function, secret, salt or info gives another key, and a longer one begins as a shorter")
  func differs() throws {
    let keys = [
      try Self.derived([1], salt: [2], info: [3], count: 40),
      try Self.derived([1], .sha512, salt: [2], info: [3], count: 40),
      try Self.derived([4], salt: [2], info: [3], count: 40),
      try Self.derived([1], salt: [4], info: [3], count: 40),
      try Self.derived([1], salt: [2], info: [4], count: 40),
      try Self.derived([], salt: [2], info: [3], count: 40),
    ]
    #expect(Set(keys).count == keys.count)
    for count in [1, 31, 32, 33, 64, 65] {
      let longer = try Self.derived([1], salt: [2], info: [3], count: count + 40)
      #expect(try Self.derived([1], salt: [2], info: [3], count: count) == Array(longer.prefix(count)))
    }
  }

  @Test("More than there is, nothing, and other hash functions are refused")
  func refused() throws {
    #expect(try Self.derived([1], salt: [], info: [], count: 255 * 32).count == 8160)
    for count in [-1, 0, 255 * 32 + 1] {
      #expect(throws: CryptoError.unsupportedAlgorithm) {
        try Self.derived([1], salt: [], info: [], count: count)
      }
    }
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try Self.derived([1], .sha384, salt: [], info: [], count: 1)
    }
  }
}
