import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

struct Ed25519Vector: CustomTestStringConvertible, Sendable {
  var name: String
  var seed: String
  var publicKey: String
  var message: String
  var signature: String

  var testDescription: String { name }

  // RFC 8032, section 7.1.
  static let all: [Ed25519Vector] = [
    Ed25519Vector(
      name: "TEST 1", seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", message: "",
      signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    Ed25519Vector(
      name: "TEST 2", seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", message: "72",
      signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    Ed25519Vector(
      name: "TEST 3", seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", message: "af82",
      signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    Ed25519Vector(
      name: "TEST SHA(abc)", seed: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
      publicKey: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
      message: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      signature: "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        + "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
  ]
}

@Suite struct Ed25519Tests {
  private let verifier = SodiumVerifier()

  @Test("Keys and signatures are those of RFC 8032", arguments: Ed25519Vector.all)
  func published(_ vector: Ed25519Vector) async throws {
    let seed = try #require([UInt8](hexadecimal: vector.seed))
    let message = try #require([UInt8](hexadecimal: vector.message))
    let key = try Ed25519PrivateKey(seed: SecretBytes(copying: seed.span))
    let signer = SodiumSigner(key)
    #expect(String(hexadecimal: signer.publicKey.bytes.span) == vector.publicKey)
    let signature = try await signer.signature(for: message)
    #expect(String(hexadecimal: signature.span) == vector.signature)
    try verifier.verify(signature: signature.span, of: message.span, by: signer.publicKey)
  }

  @Test("Every flipped bit of signature, message and key is refused")
  func flippedBits() throws {
    let key = try Ed25519PrivateKey.generate()
    let message = Array("firmware".utf8)
    let signature = try key.signature(for: message.span)
    for bit in 0..<512 {
      #expect(throws: CryptoError.authenticationFailed) {
        try verifier.verify(signature: signature.flipping(bit).span, of: message.span, by: key.publicKey)
      }
    }
    for bit in 0..<message.count * 8 {
      #expect(throws: CryptoError.authenticationFailed) {
        try verifier.verify(signature: signature.span, of: message.flipping(bit).span, by: key.publicKey)
      }
    }
    for bit in 0..<256 {
      let other = try PublicKey(algorithm: .ed25519, bytes: key.publicKey.bytes.flipping(bit))
      #expect(throws: CryptoError.authenticationFailed) {
        try verifier.verify(signature: signature.span, of: message.span, by: other)
      }
    }
  }

  @Test("A signature of another length is refused", arguments: [0, 1, 32, 63, 65, 128])
  func lengths(_ count: Int) throws {
    let key = try Ed25519PrivateKey.generate()
    let message: [UInt8] = [1, 2, 3]
    let good = try key.signature(for: message.span)
    let signature = Array((good + good).prefix(count))
    #expect(throws: CryptoError.authenticationFailed) {
      try verifier.verify(signature: signature.span, of: message.span, by: key.publicKey)
    }
  }

  @Test("Two generated keys differ, and none accepts the signature of the other")
  func generated() throws {
    let first = try Ed25519PrivateKey.generate()
    let second = try Ed25519PrivateKey.generate()
    let (firstKey, secondKey) = (first.publicKey, second.publicKey)
    #expect(firstKey != secondKey)
    let message: [UInt8] = [1, 2, 3]
    let signature = try first.signature(for: message.span)
    try verifier.verify(signature: signature.span, of: message.span, by: firstKey)
    #expect(throws: CryptoError.authenticationFailed) {
      try verifier.verify(signature: signature.span, of: message.span, by: secondKey)
    }
  }

  @Test("A seed or a public key of another length is no key", arguments: [0, 31, 33, 64])
  func keyLengths(_ count: Int) {
    let bytes = [UInt8](repeating: 7, count: count)
    #expect(throws: CryptoError.invalidKey) {
      _ = try Ed25519PrivateKey(seed: SecretBytes(copying: bytes.span)).publicKey
    }
    #expect(throws: CryptoError.invalidKey) { _ = try PublicKey(algorithm: .ed25519, bytes: bytes) }
  }
}

extension [UInt8] {
  func flipping(_ bit: Int) -> [UInt8] {
    var copy = self
    copy[bit / 8] ^= 1 << (bit % 8)
    return copy
  }
}
