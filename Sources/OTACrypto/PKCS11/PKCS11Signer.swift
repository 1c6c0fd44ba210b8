public import OTACrypto
import OTACryptoOpenSSL

/// Signs with a key on a token: EdDSA, ES256 or ES384 of COSE.
public struct PKCS11Signer: Signer {
  private let key: PKCS11Key
  private let scheme: PKCS11Scheme

  /// The public part of the key.
  public let publicKey: PublicKey

  /// Takes a key.
  ///
  /// - Throws: `CryptoError.unsupportedAlgorithm` if it is one of RSA, which has no ``PKCS11Signer/publicKey``: see
  ///   ``PKCS11Key/signature(for:scheme:)``.
  public init(_ key: PKCS11Key) throws(CryptoError) {
    switch key.publicKey {
    case .ed25519(let publicKey): (self.publicKey, scheme) = (publicKey, .ed25519)
    case .openSSL(let openSSL):
      // Refuses RSA.
      let publicKey = try PublicKey(openSSL)
      guard let scheme = key.schemes.first else { throw .unsupportedAlgorithm }
      (self.publicKey, self.scheme) = (publicKey, scheme)
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
