import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import Testing

@Suite struct VerifierTests {
  /// The two vectors of ECDSA with keys of COSE.
  private static func vectors() throws -> [(vector: SignatureVector, key: PublicKey)] {
    try SignatureVector.all.prefix(2).map { ($0, try PublicKey($0.key())) }
  }

  @Test("Published signatures of ES256 and ES384 are good, and with any bit flipped they are not")
  func published() throws {
    let verifier = OpenSSLVerifier()
    for (vector, key) in try Self.vectors() {
      try verifier.verify(signature: vector.signature.span, of: vector.message.span, by: key)
      for bit in stride(from: 0, to: vector.signature.count * 8, by: 5) {
        #expect(throws: CryptoError.authenticationFailed) {
          try verifier.verify(
            signature: vector.signature.flipping(bit).span, of: vector.message.span, by: key)
        }
      }
      // A point beside the curve is the key of nobody.
      for bit in stride(from: 0, to: key.count * 8, by: 29) {
        let other = try PublicKey(algorithm: key.algorithm, bytes: key.bytes.flipping(bit))
        #expect(throws: CryptoError.authenticationFailed) {
          try verifier.verify(signature: vector.signature.span, of: vector.message.span, by: other)
        }
      }
      // The DER form is not the one of COSE.
      let handle = try vector.key()
      let info = try handle.subjectPublicKeyInfo()
      #expect(try PublicKey(subjectPublicKeyInfo: info.span) == key)
      #expect(try OpenSSLPublicKey(key).subjectPublicKeyInfo() == info)
    }
  }

  @Test("A key signs for itself, in the fixed form", arguments: [OpenSSLKeyKind.p256, .p384])
  func signer(_ kind: OpenSSLKeyKind) async throws {
    let key = try OpenSSLPrivateKey.generate(kind)
    let signer = try OpenSSLSigner(key)
    let other = try OpenSSLSigner(.generate(kind)).publicKey
    #expect(signer.publicKey.algorithm == (kind == .p256 ? .es256 : .es384))
    #expect(try OpenSSLPublicKey(signer.publicKey).keyIdentifier() == signer.keyIdentifier)
    let text = try key.publicKey.pem()
    #expect(try PublicKey(pem: text.span) == signer.publicKey)
    #expect(try signer.publicKey.pem() == text)
    let message: [UInt8] = [1, 2, 3]
    for _ in 0..<20 {
      let signature = try await signer.signature(for: message)
      #expect(signature.count == signer.publicKey.algorithm.signatureSize)
      try OpenSSLVerifier().verify(signature: signature.span, of: message.span, by: signer.publicKey)
      try BackendTests.all.verify(signature: signature.span, of: message.span, by: signer.publicKey)
      #expect(throws: CryptoError.authenticationFailed) {
        try OpenSSLVerifier().verify(signature: signature.span, of: message.span, by: other)
      }
      let der = try key.signature(
        for: message.span, scheme: kind == .p256 ? .ecdsaP256SHA256 : .ecdsaP384SHA384)
      #expect(throws: CryptoError.authenticationFailed) {
        try OpenSSLVerifier().verify(signature: der.span, of: message.span, by: signer.publicKey)
      }
    }
  }

  @Test("Keys of other kinds are no keys of COSE, and other algorithms are not for libcrypto")
  func otherKinds() throws {
    for kind in [OpenSSLKeyKind.rsa2048, .x25519] {
      let key = try OpenSSLPrivateKey.generate(kind)
      #expect(throws: CryptoError.unsupportedAlgorithm) { try OpenSSLSigner(key) }
      #expect(throws: CryptoError.unsupportedAlgorithm) { try PublicKey(key.publicKey) }
    }
    for (algorithm, size) in [(SignatureAlgorithm.ed25519, 32), (.hssLMS, 60)] {
      let key = try PublicKey(algorithm: algorithm, bytes: [UInt8](repeating: 1, count: size))
      #expect(throws: CryptoError.unsupportedAlgorithm) { try OpenSSLPublicKey(key) }
      #expect(throws: CryptoError.unsupportedAlgorithm) {
        try OpenSSLVerifier().verify(signature: [1].span, of: [2].span, by: key)
      }
    }
    let curve = try PublicKey(algorithm: .es256, bytes: [UInt8](repeating: 1, count: 64))
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try SodiumVerifier().verify(signature: [1].span, of: [2].span, by: curve)
    }
  }

  @Test("The thumbprint of an RSA key is that of its COSE_Key")
  func thumbprint() throws {
    // {1: 3, -1: n, -2: 65537} put together by hand, and hashed with another implementation of SHA-256.
    let key = try OpenSSLPublicKey(pem: Array(KeyFiles.rsaPublic.utf8).span)
    #expect(
      try key.keyIdentifier().digest.description
        == "630ca5fded2d11596d9b7cf11d6871b1b1f1b3773ca61854ccfe8f4620199775")
    #expect(try key.pem() == Array(KeyFiles.rsaPublic.utf8))
    let secret = try OpenSSLPrivateKey(pem: Array(KeyFiles.rsaPrivate.utf8).span)
    let text = secret.withPEM { (text) in (0..<text.count).map { text[$0] } }
    #expect(text == Array(KeyFiles.rsaPrivate.utf8))
  }

  @Test("Signing, verifying and refusing leave nothing behind")
  func leaks() throws {
    let vectors = try Self.vectors()
    var refused = 0
    let growth = try memoryGrowth(rounds: 2000) {
      for (vector, key) in vectors {
        try OpenSSLVerifier().verify(signature: vector.signature.span, of: vector.message.span, by: key)
        do throws(CryptoError) {
          let noPoint = try PublicKey(algorithm: key.algorithm, bytes: key.bytes.flipping(1))
          try OpenSSLVerifier().verify(
            signature: vector.signature.span, of: vector.message.span, by: noPoint)
        } catch {
          refused += 1
        }
      }
    }
    #expect(growth < 1 << 18)
    #expect(refused == 2100 * vectors.count)
  }
}
