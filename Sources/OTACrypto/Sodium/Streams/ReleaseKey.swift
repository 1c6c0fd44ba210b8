public import OTACore
import OTACrypto

/// A private key that opens releases, with several owners: each ``EncryptedReleaseReader`` needs it again.
public final class ReleaseKey: Sendable {
  let privateKey: X25519PrivateKey

  /// The public part.
  public var publicKey: X25519PublicKey { privateKey.publicKey }

  /// The name under which the header of a release has the key of the recipient: ``EncryptedRelease/name(of:)``.
  public let name: Digest

  /// Takes over a key.
  ///
  /// - Parameter key: the private key; it is zeroed when the last owner goes.
  public init(_ key: consuming X25519PrivateKey) {
    name = EncryptedRelease.name(of: key.publicKey)
    privateKey = key
  }
}
