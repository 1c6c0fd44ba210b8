import COpenSSL
public import OTACrypto

extension OpenSSLPrivateKey {
  /// Computes what two keys have in common: ECDH on P-256 or P-384, or X25519.
  ///
  /// It is no key yet: ``OpenSSLHKDF`` makes one of it.
  ///
  /// - Parameters:
  ///   - peer: the public key of the other side, of the same kind.
  ///   - output: takes the secret, as many bytes as a coordinate has: 32, or 48 for P-384. The caller zeroes it.
  /// - Throws: `CryptoError.unsupportedAlgorithm` if the kinds differ, or are RSA; `CryptoError.invalidKey` if the
  ///   secret would be zero (RFC 7748, section 6.1); `CryptoError.unavailable` without libcrypto.
  /// - Precondition: The output has that length.
  /// - Note: Source: NIST SP 800-56A, section 5.7.1.2; RFC 7748, section 5.
  public func sharedSecret(
    with peer: OpenSSLPublicKey, into output: inout MutableSpan<UInt8>
  ) throws(CryptoError) {
    let size = publicKey.kind.coordinateSize
    guard publicKey.kind == peer.kind, size > 0 else { throw .unsupportedAlgorithm }
    precondition(output.count == size, "a shared secret is as long as a coordinate")
    let library = unsafe try OpenSSLLibrary.start()
    defer { ERR_clear_error() }
    guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(library, handle.pointer, nil) else {
      throw .unavailable
    }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    guard unsafe EVP_PKEY_derive_init(context) == 1 else { throw .unavailable }
    var count = output.count
    let isDerived =
      unsafe EVP_PKEY_derive_set_peer(context, peer.handle.pointer) == 1
      && output.withUnsafeMutableBufferPointer { output in
        unsafe EVP_PKEY_derive(context, output.baseAddress, &count) == 1
      }
    guard isDerived, count == output.count else {
      for index in 0..<output.count { output[index] = 0 }
      throw .invalidKey
    }
  }
}
