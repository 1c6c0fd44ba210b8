import COpenSSL
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import Testing

@Suite struct ErrorQueueTests {
  /// Runs something that fails inside of libcrypto, and looks at the queue of this thread.
  private func isQueueEmpty(after body: () throws -> Void) -> Bool {
    ERR_clear_error()
    var didFail = false
    do {
      try body()
    } catch {
      didFail = true
    }
    #expect(didFail)
    return ERR_peek_error() == 0
  }

  @Test("What was refused leaves no error in the queue of the thread, where others would find it")
  func empty() throws {
    let vectors = try SignatureVector.all.map { (vector: $0, key: try $0.key()) }
    for (vector, key) in vectors {
      let wrong = vector.signature.flipping(0)
      let isEmpty = isQueueEmpty {
        try key.verify(signature: wrong.span, of: vector.message.span, scheme: vector.scheme)
      }
      #expect(isEmpty, "\(vector.testDescription)")
    }
    let junk = [UInt8](repeating: 0x30, count: 90)
    let outside = [4] + junk[0..<64]
    let key = try OpenSSLPrivateKey.generate(.x25519)
    let zero = try OpenSSLPublicKey(.x25519, point: [UInt8](repeating: 0, count: 32).span)
    var aead = AEADVector.all[0]
    aead.tag = aead.tag.flipping(0)
    let results = [
      isQueueEmpty { _ = try OpenSSLPublicKey(subjectPublicKeyInfo: junk.span) },
      isQueueEmpty { _ = try OpenSSLPrivateKey(privateKeyInfo: junk.span) },
      isQueueEmpty { _ = try OpenSSLPublicKey(.p256, point: outside.span) },
      isQueueEmpty { _ = try OpenSSLCertificate(der: junk.span) },
      isQueueEmpty { _ = try OpenSSLRevocationList(der: junk.span) },
      isQueueEmpty { _ = try CertificateTests.verify(CertificateFiles.outside) },
      isQueueEmpty { _ = try KeyAgreementTests.secret(key, zero) },
      isQueueEmpty { if let error = try aead.open().error { throw error } },
    ]
    #expect(results == [Bool](repeating: true, count: results.count))
  }
}
