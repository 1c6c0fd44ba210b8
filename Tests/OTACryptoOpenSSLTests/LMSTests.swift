import OTACore
import OTACrypto
import OTACryptoOpenSSL
import Testing

@Suite struct LMSTests {
  @Test(
    "The published signatures with SHAKE256 are good, and wrong bytes are refused", arguments: LMSVector.all)
  func published(_ vector: LMSVector) throws {
    let key = try HSSPublicKey(parsing: vector.publicKey.span)
    let (signature, message) = (vector.signature, vector.message)
    try key.verify(signature: signature.span, of: message.span, using: OpenSSLSHAKE256.self)
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try key.verify(signature: signature.span, of: message.span, using: OpenSSLSHA256.self)
    }
    for index in signature.indices where index % 61 == 0 {
      #expect(throws: CryptoError.authenticationFailed) {
        try key.verify(
          signature: signature.flipping(index * 8).span, of: message.span, using: OpenSSLSHAKE256.self)
      }
    }
  }

  @Test("A pair of backends knows both hash functions", arguments: LMSVector.all)
  func pairs(_ vector: LMSVector) throws {
    let key = try PublicKey(algorithm: .hssLMS, bytes: vector.publicKey)
    let (signature, message) = (vector.signature, vector.message)
    try BackendTests.all.verify(signature: signature.span, of: message.span, by: key)
    #expect(throws: CryptoError.authenticationFailed) {
      try BackendTests.all.verify(signature: signature.flipping(70).span, of: message.span, by: key)
    }
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try HSSVerifier(SHA256.self).verify(signature: signature.span, of: message.span, by: key)
    }
  }
}
