public import OTACrypto

/// Signs with a key on a token.
public struct PKCS11Signer: Signer {
  private let key: PKCS11Key
  private let scheme: PKCS11Scheme

  /// The public part of the key.
  public let publicKey: PublicKey

  /// Takes a key.
  ///
  /// - Throws: `CryptoError.unsupportedAlgorithm` if it is of a kind that nothing here is signed with: see
  ///   ``PKCS11Key/signature(for:scheme:)``.
  public init(_ key: PKCS11Key) throws(CryptoError) {
    switch key.publicKey {
    case .ed25519(let publicKey): (self.publicKey, scheme) = (publicKey, .ed25519)
    case .openSSL: throw .unsupportedAlgorithm
    }
    self.key = key
  }

  /// Signs bytes.
  ///
  /// - Parameter message: the bytes to sign.
  /// - Returns: the signature.
  /// - Throws: as ``PKCS11Key/signature(for:scheme:)``.
  public func signature(for message: [UInt8]) async throws(CryptoError) -> [UInt8] {
    try await key.signature(for: message, scheme: scheme)
  }
}
