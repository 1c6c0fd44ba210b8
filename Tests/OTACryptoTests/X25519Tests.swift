import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

@Suite struct X25519Tests {
  private static func bytes(_ text: String) throws -> [UInt8] {
    try #require([UInt8](hexadecimal: text))
  }

  /// What a private and a public key have in common.
  static func secret(_ scalar: [UInt8], _ point: [UInt8]) throws(CryptoError) -> [UInt8] {
    let key = try X25519PrivateKey(scalar: SecretBytes(copying: scalar.span))
    let secret = try key.sharedSecret(with: X25519PublicKey(copying: point.span))
    return secret.withBytes { secret in secret.indices.map { secret[$0] } }
  }

  @Test(
    "The vectors of RFC 7748, section 5.2",
    arguments: [
      (
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
      ),
      (
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"
      ),
    ])
  func specification(_ scalar: String, _ point: String, _ secret: String) throws {
    #expect(try Self.secret(Self.bytes(scalar), Self.bytes(point)) == Self.bytes(secret))
  }

  @Test("The exchange of RFC 7748, section 6.1")
  func exchange() throws {
    let alice = try Self.bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    let bob = try Self.bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    let alicePoint = try X25519PrivateKey(scalar: SecretBytes(copying: alice.span)).publicKey.bytes
    let bobPoint = try X25519PrivateKey(scalar: SecretBytes(copying: bob.span)).publicKey.bytes
    #expect(
      try alicePoint == Self.bytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"))
    #expect(
      try bobPoint == Self.bytes("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"))
    let secret = try Self.bytes("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    #expect(try Self.secret(alice, bobPoint) == secret)
    #expect(try Self.secret(bob, alicePoint) == secret)
  }

  @Test("Two generated keys have one secret in common, and a third another one")
  func generated() throws {
    let (first, second, third) = (
      try X25519PrivateKey.generate().publicKey, try X25519PrivateKey.generate().publicKey,
      try X25519PrivateKey.generate().publicKey
    )
    #expect(Set([first, second, third]).count == 3)
    let key = try X25519PrivateKey.generate()
    let other = try X25519PrivateKey.generate()
    let one = try key.sharedSecret(with: other.publicKey)
    let two = try other.sharedSecret(with: key.publicKey)
    let isSame = one.withBytes { one in two.withBytes { two in isEqualInConstantTime(one, two) } }
    let foreign = try key.sharedSecret(with: first)
    let isForeign = one.withBytes { one in foreign.withBytes { isEqualInConstantTime(one, $0) } }
    #expect(isSame && !isForeign)
  }

  @Test("Points of small order have nothing in common with anybody", arguments: [UInt8(0), 1])
  func smallOrder(_ first: UInt8) throws {
    let point = [first] + [UInt8](repeating: 0, count: 31)
    #expect(throws: CryptoError.invalidKey) {
      try Self.secret([UInt8](repeating: 7, count: 32), point)
    }
  }

  @Test("Keys in PEM are read in their one form, and in no other")
  func pem() throws {
    // Made by: openssl genpkey -algorithm x25519; openssl pkey -pubout
    let privateText = """
      -----BEGIN PRIVATE KEY-----
      MC4CAQAwBQYDK2VuBCIEINDJjOmoisC6T1Ph/p/giiORAvKcwafND8r08EJZAvJt
      -----END PRIVATE KEY-----

      """
    let publicText = """
      -----BEGIN PUBLIC KEY-----
      MCowBQYDK2VuAyEAiFcStUrQ0KP4tpz81xf8Ps5YdCPg5DhSbMF4OTMb2Tg=
      -----END PUBLIC KEY-----

      """
    let key = try X25519PrivateKey(pem: Array(privateText.utf8).span)
    let publicKey = try X25519PublicKey(pem: Array(publicText.utf8).span)
    let derived = key.publicKey
    #expect(derived == publicKey)
    #expect(throws: CryptoError.invalidKey) {
      _ = try X25519PrivateKey(pem: Array(publicText.utf8).span)
    }
    #expect(throws: CryptoError.invalidKey) { try X25519PublicKey(pem: Array(privateText.utf8).span) }
    let signing = try Ed25519PrivateKey.generate()
    let signingPublic = try signing.publicKey.pem()
    #expect(throws: CryptoError.invalidKey) {
      let text = try signing.pem()
      _ = try text.withBytes { (text) throws(CryptoError) in try X25519PrivateKey(pem: text) }
    }
    #expect(throws: CryptoError.invalidKey) { try X25519PublicKey(pem: signingPublic.span) }
  }

  @Test("Keys of another length are refused", arguments: [0, 31, 33, 64])
  func lengths(_ count: Int) {
    let bytes = [UInt8](repeating: 9, count: count)
    #expect(throws: CryptoError.invalidKey) { try X25519PublicKey(copying: bytes.span) }
    #expect(throws: CryptoError.invalidKey) {
      _ = try X25519PrivateKey(scalar: SecretBytes(copying: bytes.span))
    }
  }
}
