public import OTACrypto

extension CryptoBackend {
  /// libcrypto: SHA-2, SHA-3, ECDSA, and HSS over its hash functions; nothing at all where the library could not
  /// start.
  ///
  /// Signatures of RSA are checked with `OpenSSLPublicKey`: there are no `PublicKey`s of RSA.
  public static let openSSL = CryptoBackend(
    name: "libcrypto",
    hashes: OpenSSLLibrary.sha256 == nil
      ? []
      : [
        Hash(OpenSSLSHA256.self), Hash(OpenSSLSHA384.self), Hash(OpenSSLSHA512.self),
        Hash(OpenSSLSHA3Bits256.self), Hash(OpenSSLSHA3Bits384.self), Hash(OpenSSLSHA3Bits512.self),
        Hash(OpenSSLSHAKE256.self),
      ],
    signatures: OpenSSLLibrary.sha256 == nil ? [] : [.es256, .es384, .hssLMS],
    verifier: OpenSSLLibrary.sha256 == nil
      ? nil
      : VerifierPair(
        OpenSSLVerifier(),
        VerifierPair(HSSVerifier(OpenSSLSHA256.self), HSSVerifier(OpenSSLSHAKE256.self))))
}
