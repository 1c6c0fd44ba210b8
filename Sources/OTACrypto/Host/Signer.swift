#if !hasFeature(Embedded)
/// Something that signs with one private key: a key in memory, a hardware security module, a signing service.
///
/// The private key itself is not part of this protocol.
public protocol Signer: Sendable {
  /// The public part of the key.
  var publicKey: PublicKey { get }

  /// Signs bytes.
  ///
  /// - Parameter message: the bytes to sign, not their digest.
  /// - Returns: the signature, of the length of the key's algorithm.
  /// - Throws: a ``CryptoError``; ``CryptoError/unavailable`` if the key can not be reached now.
  func signature(for message: [UInt8]) async throws(CryptoError) -> [UInt8]
}

extension Signer {
  /// The name of the key.
  public var keyIdentifier: KeyIdentifier { KeyIdentifier(of: publicKey) }
}
#endif
