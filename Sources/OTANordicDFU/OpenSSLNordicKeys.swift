public import OTACrypto
public import OTACryptoOpenSSL
public import OTAPartition

/// Checks signatures of init packets with libcrypto and one key.
public struct OpenSSLNordicVerifier: NordicSignatureVerifier {
  private let key: OpenSSLPublicKey

  /// Trusts one key.
  ///
  /// - Parameter key: a key on P-256.
  /// - Throws: `CryptoError.unsupportedAlgorithm` for another kind of key.
  public init(_ key: OpenSSLPublicKey) throws(CryptoError) {
    guard key.kind == .p256 else { throw .unsupportedAlgorithm }
    self.key = key
  }

  /// Checks a signature and returns only if it is good.
  ///
  /// - Parameters:
  ///   - signature: r and s, most significant byte first.
  ///   - message: what was signed.
  /// - Throws: `CryptoError.authenticationFailed` if it is not good; `CryptoError.unavailable` without libcrypto.
  public func verify(signature: Span<UInt8>, of message: Span<UInt8>) throws(CryptoError) {
    try key.verify(signature: signature, of: message, scheme: .ecdsaP256SHA256Fixed)
  }
}

/// Signs init packets with a private key in memory.
public struct OpenSSLNordicSigner: NordicSigner {
  private let key: OpenSSLPrivateKey

  /// Takes a private key.
  ///
  /// - Parameter key: a key on P-256.
  /// - Throws: `CryptoError.unsupportedAlgorithm` for another kind of key.
  public init(_ key: OpenSSLPrivateKey) throws(CryptoError) {
    guard key.publicKey.kind == .p256 else { throw .unsupportedAlgorithm }
    self.key = key
  }

  /// Signs bytes.
  ///
  /// - Parameter message: the bytes to sign.
  /// - Returns: r and s, most significant byte first.
  /// - Throws: `CryptoError.unavailable` if libcrypto refused.
  public func signature(for message: [UInt8]) async throws(CryptoError) -> [UInt8] {
    try key.signature(for: message.span, scheme: .ecdsaP256SHA256Fixed)
  }
}
