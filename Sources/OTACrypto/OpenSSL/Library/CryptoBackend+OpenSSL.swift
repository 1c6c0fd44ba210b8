public import OTACrypto

extension CryptoBackend {
  /// libcrypto: SHA-2 and SHA-3; nothing at all where the library could not start.
  ///
  /// Signatures of ECDSA and RSA are checked with `OpenSSLPublicKey`: a `PublicKey` is one of Ed25519.
  public static let openSSL = CryptoBackend(
    name: "libcrypto",
    hashes: OpenSSLLibrary.sha256 == nil
      ? []
      : [
        Hash(OpenSSLSHA256.self), Hash(OpenSSLSHA384.self), Hash(OpenSSLSHA512.self),
        Hash(OpenSSLSHA3Bits256.self), Hash(OpenSSLSHA3Bits384.self), Hash(OpenSSLSHA3Bits512.self),
        Hash(OpenSSLSHAKE256.self),
      ])
}
