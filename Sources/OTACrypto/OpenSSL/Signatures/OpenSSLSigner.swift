public import OTACrypto

/// Signs with an ECDSA key that libcrypto holds: ES256 or ES384 of COSE.
public final class OpenSSLSigner: Signer {
  /// The public part of the key.
  public let publicKey: PublicKey

  private let key: OpenSSLPrivateKey
  private let scheme: OpenSSLSignatureScheme

  /// Shares a key.
  ///
  /// - Throws: `CryptoError.unsupportedAlgorithm` for a key that is not on P-256 or P-384; `CryptoError.unavailable` if
  ///   libcrypto refused.
  public init(_ key: OpenSSLPrivateKey) throws(CryptoError) {
    publicKey = try PublicKey(key.publicKey)
    guard let scheme = OpenSSLSignatureScheme(publicKey.algorithm) else { throw .unsupportedAlgorithm }
    self.scheme = scheme
    self.key = key
  }

  /// Signs bytes; the signature is another one each time.
  ///
  /// - Parameter message: the bytes to sign.
  /// - Returns: r and s, 64 or 96 bytes.
  /// - Throws: `CryptoError.unavailable` if libcrypto refused to sign.
  public func signature(for message: [UInt8]) async throws(CryptoError) -> [UInt8] {
    try key.signature(for: message.span, scheme: scheme)
  }
}
