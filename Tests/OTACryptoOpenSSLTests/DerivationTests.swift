import OTACore
import OTACrypto
import OTACryptoOpenSSL
import Testing

@Suite struct HKDFTests {
  static func derived(
    _ secret: [UInt8], _ algorithm: DigestAlgorithm = .sha256, salt: [UInt8], info: [UInt8], count: Int
  ) throws(CryptoError) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: count)
    var span = output.mutableSpan
    try OpenSSLHKDF.derive(
      algorithm, secret: secret.span, salt: salt.span, info: info.span, into: &span)
    return output
  }

  @Test("The keys of RFC 5869, appendix A.1 and A.3")
  func published() throws {
    let secret = [UInt8](repeating: 0x0b, count: 22)
    #expect(
      try Self.derived(secret, salt: Array(0...0x0c), info: Array(0xf0...0xf9), count: 42)
        == hex(
          "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"))
    #expect(
      try Self.derived(secret, salt: [], info: [], count: 42)
        == hex(
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"))
  }

  @Test("Other hash functions, other secrets, salts and infos give other keys")
  func differs() throws {
    let keys = [
      try Self.derived([1], salt: [2], info: [3], count: 32),
      try Self.derived([1], .sha384, salt: [2], info: [3], count: 32),
      try Self.derived([1], .sha512, salt: [2], info: [3], count: 32),
      try Self.derived([1], .sha3Bits256, salt: [2], info: [3], count: 32),
      try Self.derived([4], salt: [2], info: [3], count: 32),
      try Self.derived([1], salt: [4], info: [3], count: 32),
      try Self.derived([1], salt: [2], info: [4], count: 32),
      try Self.derived([], salt: [2], info: [3], count: 32),
    ]
    #expect(Set(keys).count == keys.count)
  }

  @Test("More than there is, nothing, and an unknown hash function are refused")
  func refused() throws {
    #expect(try Self.derived([1], salt: [], info: [], count: 255 * 32).count == 8160)
    for count in [0, 255 * 32 + 1] {
      #expect(throws: CryptoError.unsupportedAlgorithm) {
        try Self.derived([1], salt: [], info: [], count: count)
      }
    }
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try Self.derived([1], .blake2b256, salt: [], info: [], count: 1)
    }
    #expect(try Self.derived([1], salt: [], info: [UInt8](repeating: 1, count: 1024), count: 1).count == 1)
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try Self.derived([1], salt: [], info: [UInt8](repeating: 1, count: 1025), count: 1)
    }
  }
}

@Suite struct HMACTests {
  static func code(
    _ algorithm: DigestAlgorithm, key: [UInt8], _ parts: [[UInt8]], count: Int? = nil
  ) throws -> [UInt8] {
    var code = try OpenSSLHMAC(algorithm, key: key.span)
    for part in parts { code.update(part.span) }
    var output = [UInt8](repeating: 0, count: count ?? algorithm.byteCount)
    var span = output.mutableSpan
    code.finalize(into: &span)
    return output
  }

  // RFC 4231, section 4.2.
  @Test(
    "The codes of RFC 4231",
    arguments: [
      (DigestAlgorithm.sha256, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
      (
        .sha384,
        "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"
      ),
      (
        .sha512,
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
          + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
      ),
    ])
  func published(_ algorithm: DigestAlgorithm, _ expected: String) throws {
    let key = [UInt8](repeating: 0x0b, count: 20)
    #expect(try Self.code(algorithm, key: key, [Array("Hi There".utf8)]) == hex(expected))
    #expect(
      try Self.code(algorithm, key: key, [Array("Hi ".utf8), [], Array("There".utf8)]) == hex(expected))
    #expect(
      try Self.code(algorithm, key: key, [Array("Hi There".utf8)], count: 16)
        == Array(hex(expected).prefix(16)))
  }

  @Test("Only the whole right code is accepted")
  func verification() throws {
    let key: [UInt8] = [1, 2, 3]
    let tag = try Self.code(.sha256, key: key, [[4, 5]])
    func verify(_ tag: [UInt8]) throws {
      var code = try OpenSSLHMAC(.sha256, key: key.span)
      code.update([4, 5].span)
      try code.verify(tag: tag.span)
    }
    try verify(tag)
    for bit in 0..<256 {
      #expect(throws: CryptoError.authenticationFailed) { try verify(tag.flipping(bit)) }
    }
    for wrong in [[], Array(tag.dropLast()), tag + [0]] {
      #expect(throws: CryptoError.authenticationFailed) { try verify(wrong) }
    }
  }

  @Test("No key and an unknown hash function are refused, no message is not")
  func refused() throws {
    let nothing: [UInt8] = []
    #expect(throws: CryptoError.invalidKey) { _ = try OpenSSLHMAC(.sha256, key: nothing.span) }
    #expect(throws: CryptoError.unsupportedAlgorithm) { _ = try OpenSSLHMAC(.blake2b256, key: [1].span) }
    #expect(try Self.code(.sha256, key: [1], []) == Self.code(.sha256, key: [1], [[]]))
  }
}

@Suite struct KeyAgreementTests {
  static func secret(_ key: OpenSSLPrivateKey, _ peer: OpenSSLPublicKey) throws(CryptoError) -> [UInt8] {
    var output = [UInt8](repeating: 0xaa, count: key.publicKey.kind == .p384 ? 48 : 32)
    var span = output.mutableSpan
    do throws(CryptoError) {
      try key.sharedSecret(with: peer, into: &span)
    } catch {
      if error == .invalidKey { #expect(output.allSatisfy { $0 == 0 }) }
      throw error
    }
    return output
  }

  @Test("The secret of RFC 5903, section 8.1, on P-256")
  func p256() throws {
    let key = try OpenSSLPrivateKey(
      .p256, scalar: hex("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433").span)
    let peer = try OpenSSLPublicKey(
      .p256,
      point: hex(
        "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
          + "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"
      ).span)
    #expect(
      try Self.secret(key, peer) == hex("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"))
  }

  @Test("The secret of RFC 7748, section 5.2")
  func x25519() throws {
    let key = try OpenSSLPrivateKey(
      .x25519, scalar: hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4").span)
    let peer = try OpenSSLPublicKey(
      .x25519, point: hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c").span)
    #expect(
      try Self.secret(key, peer) == hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"))
  }

  @Test("Both sides compute the same", arguments: [OpenSSLKeyKind.p256, .p384, .x25519])
  func agreement(_ kind: OpenSSLKeyKind) throws {
    let first = try OpenSSLPrivateKey.generate(kind)
    let second = try OpenSSLPrivateKey.generate(kind)
    let secret = try Self.secret(first, second.publicKey)
    #expect(try Self.secret(second, first.publicKey) == secret)
    #expect(try Self.secret(second, second.publicKey) != secret)
  }

  @Test("A peer of another kind, RSA, and a point of small order are refused")
  func refused() throws {
    let p256 = try OpenSSLPrivateKey.generate(.p256)
    let x25519 = try OpenSSLPrivateKey.generate(.x25519)
    #expect(throws: CryptoError.unsupportedAlgorithm) { try Self.secret(p256, x25519.publicKey) }
    let rsa = try OpenSSLPrivateKey.generate(.rsa2048)
    #expect(throws: CryptoError.unsupportedAlgorithm) { try Self.secret(rsa, rsa.publicKey) }
    let zero = try OpenSSLPublicKey(.x25519, point: [UInt8](repeating: 0, count: 32).span)
    #expect(throws: CryptoError.invalidKey) { try Self.secret(x25519, zero) }
  }
}
