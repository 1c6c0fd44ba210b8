import OTACore
import OTACrypto
import OTACryptoOpenSSL
import Testing

struct SignatureVector: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var scheme: OpenSSLSignatureScheme
  var key: @Sendable () throws -> OpenSSLPublicKey
  var message: [UInt8]
  var signature: [UInt8]

  private static let rsa: @Sendable () throws -> OpenSSLPublicKey = {
    try OpenSSLPublicKey(pem: Array(KeyFiles.rsaPublic.utf8).span)
  }
  /// The payload of RFC 7520, section 4, in base64url.
  private static let payload =
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUg"
    + "cm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0"
    + "IGJlIHN3ZXB0IG9mZiB0by4"

  static let all = [
    // RFC 6979, appendix A.2.5 and A.2.6.
    SignatureVector(
      testDescription: "ECDSA with P-256", scheme: .ecdsaP256SHA256Fixed,
      key: {
        try OpenSSLPublicKey(
          .p256,
          point: hex(
            "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
              + "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
          ).span)
      },
      message: Array("sample".utf8),
      signature: hex(
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
          + "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")),
    SignatureVector(
      testDescription: "ECDSA with P-384", scheme: .ecdsaP384SHA384Fixed,
      key: {
        try OpenSSLPublicKey(
          .p384,
          point: hex(
            "04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13"
              + "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720"
          ).span)
      },
      message: Array("sample".utf8),
      signature: hex(
        "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46"
          + "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8"
      )),
    // RFC 7520, sections 4.1 and 4.2.
    SignatureVector(
      testDescription: "RSASSA-PKCS1-v1_5", scheme: .rsaPKCS1SHA256, key: rsa,
      message: Array(
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.\(payload)".utf8),
      signature: hex(
        "3118dd925cbbffea133d34b70173f8d6240818a6bcd00d19993b95e4c11a1e8c675b67b9099e4d94ab5a8a7a0598a668"
          + "a5d1ccd4ed94e26c3325d431f7dea2be9f37c6e825208ecf3438bce309c1f810e4a01c00efcd7ce615fe12ce09230983"
          + "2c92b795f5916be5ed2f446796db98bfbe3a8984e1fea1d10faf0136dd6e48d0ab5024c90ede5a004eb1f305b52adf5e"
          + "468e103e871269d9c75c5c67b7c22cf54ce911157478f3d074bb96dc84bf75edf1c88ac368b19d8e5b8fc540216fa2f6"
          + "69789cd54d76a6874653428b510484fe823e66798a277178b8e6439dde9065626eb21678d40c5ffdf7087bcbbd8a91fc"
          + "e28828ade7bbbe36d4e72d7c903aae0e")),
    SignatureVector(
      testDescription: "RSASSA-PSS", scheme: .rsaPSSSHA384, key: rsa,
      message: Array(
        "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.\(payload)".utf8),
      signature: hex(
        "72edb6781aa46032a02254e9cc35c6bda15fcfa586a33edf50371f4f49243b2e369a2021daac81ce4d7112c9e4d88a4d"
          + "ebeb4f89de95ae494792ab06a83a8709d3fa3bc4d30797430c8b65955a3aff538b3e971b52b8625123316db5d4bddbd6"
          + "5f383e503f1b8a245e40595fcf6f3319656c76234051ff199f23c4815167e38d9974daa254946606aad84577bc3ff8a3"
          + "43ba7c55dcf44d3af151e4f7966f1df6c867af695f253f089948ef000d977b3d8c969f1c044e5ac03cd3d2a2349faba2"
          + "3f568237fdbf8cb01e41396a447b5f6bae1041252614002354a3db0728bbc61a34b9339c6c7e75d1ae8662625401f996"
          + "8f067aa03e227caa3c0d833e5fbd846b")),
  ]
}

@Suite struct SignatureTests {
  @Test(
    "Published signatures are good, and with any bit flipped they are not", arguments: SignatureVector.all)
  func published(_ vector: SignatureVector) throws {
    let key = try vector.key()
    func verify(_ signature: [UInt8], _ message: [UInt8]) throws(CryptoError) {
      try key.verify(signature: signature.span, of: message.span, scheme: vector.scheme)
    }
    try verify(vector.signature, vector.message)
    for bit in 0..<vector.signature.count * 8 {
      #expect(throws: CryptoError.authenticationFailed) {
        try verify(vector.signature.flipping(bit), vector.message)
      }
    }
    for bit in 0..<vector.message.count * 8 {
      #expect(throws: CryptoError.authenticationFailed) {
        try verify(vector.signature, vector.message.flipping(bit))
      }
    }
    for count in [0, 1, vector.signature.count / 2, vector.signature.count - 1] {
      #expect(throws: CryptoError.authenticationFailed) {
        try verify(Array(vector.signature.prefix(count)), vector.message)
      }
    }
    #expect(throws: CryptoError.authenticationFailed) { try verify(vector.signature + [0], vector.message) }
    let zeros = [UInt8](repeating: 0, count: vector.signature.count)
    #expect(throws: CryptoError.authenticationFailed) { try verify(zeros, vector.message) }
  }

  @Test("A signature of PKCS #1 v1.5 comes out as it was published")
  func deterministic() throws {
    let vector = SignatureVector.all[2]
    let key = try OpenSSLPrivateKey(pem: Array(KeyFiles.rsaPrivate.utf8).span)
    #expect(try key.signature(for: vector.message.span, scheme: .rsaPKCS1SHA256) == vector.signature)
    let (expected, found) = (
      try vector.key().subjectPublicKeyInfo(), try key.publicKey.subjectPublicKeyInfo()
    )
    #expect(found == expected)
  }

  @Test(
    "What a key signs it verifies, and no other scheme does",
    arguments: [OpenSSLKeyKind.p256, .p384, .rsa2048])
  func roundTrip(_ kind: OpenSSLKeyKind) throws {
    let key = try OpenSSLPrivateKey.generate(kind)
    let other = try OpenSSLPrivateKey.generate(kind)
    let message: [UInt8] = [1, 2, 3]
    for scheme in OpenSSLSignatureScheme.allCases {
      guard scheme.accepts(kind) else {
        #expect(throws: CryptoError.unsupportedAlgorithm) {
          try key.signature(for: message.span, scheme: scheme)
        }
        #expect(throws: CryptoError.unsupportedAlgorithm) {
          try key.publicKey.verify(signature: [1].span, of: message.span, scheme: scheme)
        }
        continue
      }
      for _ in 0..<20 {
        let signature = try key.signature(for: message.span, scheme: scheme)
        try key.publicKey.verify(signature: signature.span, of: message.span, scheme: scheme)
        #expect(throws: CryptoError.authenticationFailed) {
          try other.publicKey.verify(signature: signature.span, of: message.span, scheme: scheme)
        }
        for wrong in OpenSSLSignatureScheme.allCases where wrong != scheme && wrong.accepts(kind) {
          #expect(throws: CryptoError.authenticationFailed) {
            try key.publicKey.verify(signature: signature.span, of: message.span, scheme: wrong)
          }
        }
      }
    }
  }

  @Test("A digest is signed and verified like its message, and only one of the right function")
  func digests() throws {
    let key = try OpenSSLPrivateKey.generate(.p256)
    let message: [UInt8] = [1, 2, 3]
    let digest = SHA256.digest(of: message.span)
    let signature = try key.signature(forDigest: digest, scheme: .ecdsaP256SHA256)
    try key.publicKey.verify(signature: signature.span, of: message.span, scheme: .ecdsaP256SHA256)
    try key.publicKey.verify(signature: signature.span, ofDigest: digest, scheme: .ecdsaP256SHA256)
    let wrong = OpenSSLSHA3Bits256.digest(of: message.span)
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try key.signature(forDigest: wrong, scheme: .ecdsaP256SHA256)
    }
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try key.publicKey.verify(signature: signature.span, ofDigest: wrong, scheme: .ecdsaP256SHA256)
    }
  }

  @Test("RSA with 3072 and 4096 bits signs and verifies", arguments: [OpenSSLKeyKind.rsa3072, .rsa4096])
  func longKeys(_ kind: OpenSSLKeyKind) throws {
    let key = try OpenSSLPrivateKey.generate(kind)
    #expect(key.publicKey.kind == kind)
    for scheme in [OpenSSLSignatureScheme.rsaPKCS1SHA512, .rsaPSSSHA512] {
      let signature = try key.signature(for: [1].span, scheme: scheme)
      #expect(signature.count == (kind == .rsa3072 ? 384 : 512))
      try key.publicKey.verify(signature: signature.span, of: [1].span, scheme: scheme)
      #expect(throws: CryptoError.authenticationFailed) {
        try key.publicKey.verify(signature: signature.span, of: [2].span, scheme: scheme)
      }
    }
  }

  @Test("Signing, verifying and refusing leave nothing behind")
  func leaks() throws {
    let vectors = try SignatureVector.all.map { (vector: $0, key: try $0.key()) }
    let key = try OpenSSLPrivateKey.generate(.p256)
    var refused = 0
    let growth = try memoryGrowth(rounds: 2000) {
      for (vector, key) in vectors {
        let (signature, message) = (vector.signature, vector.message)
        try key.verify(signature: signature.span, of: message.span, scheme: vector.scheme)
        do throws(CryptoError) {
          try key.verify(signature: [1, 2].span, of: message.span, scheme: vector.scheme)
        } catch {
          refused += 1
        }
      }
      _ = try key.signature(for: [1].span, scheme: .ecdsaP256SHA256Fixed)
    }
    #expect(growth < 1 << 18)
    #expect(refused == 2100 * vectors.count)
  }
}
