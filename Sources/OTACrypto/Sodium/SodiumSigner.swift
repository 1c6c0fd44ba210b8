public import OTACrypto

/// Signs with an Ed25519 key in memory.
public final class SodiumSigner: Signer {
  private let key: Ed25519PrivateKey

  /// Takes over a key.
  public init(_ key: consuming Ed25519PrivateKey) {
    self.key = key
  }

  /// The public part of the key.
  public var publicKey: PublicKey { key.publicKey }

  /// Signs bytes.
  ///
  /// - Parameter message: the bytes to sign.
  /// - Returns: 64 bytes.
  /// - Throws: `CryptoError.unavailable` if the backend refused to sign.
  public func signature(for message: [UInt8]) async throws(CryptoError) -> [UInt8] {
    try key.signature(for: message.span)
  }
}
