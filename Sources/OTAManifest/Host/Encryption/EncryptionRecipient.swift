#if !hasFeature(Embedded)
public import OTACrypto

/// One for whom a payload is encrypted.
public struct EncryptionRecipient: Equatable, Sendable {
  /// What is known of the recipient's key.
  public enum Key: Equatable, Sendable {
    /// A key that both sides have, of the length that the wrapping has. The caller zeroes his own copy.
    case shared([UInt8])
    /// The recipient's public key on P-256: 4, x and y, 65 bytes.
    case publicKey([UInt8])
  }

  /// The key.
  public var key: Key
  /// How the key of the payload is wrapped.
  public var wrapping: KeyWrapping
  /// The name of the key; empty to leave it out, and then a device tries all of its keys.
  public var keyIdentifier: [UInt8]

  /// A recipient who has the same key.
  ///
  /// - Parameters:
  ///   - key: 16, 24 or 32 bytes.
  ///   - keyIdentifier: its name; empty to leave it out.
  /// - Throws: `CryptoError.invalidKey` for another length.
  public init(sharedKey key: [UInt8], keyIdentifier: [UInt8] = []) throws(CryptoError) {
    guard let wrapping = KeyWrapping.allCases.first(where: { $0.keySize == key.count }) else {
      throw .invalidKey
    }
    (self.key, self.wrapping, self.keyIdentifier) = (.shared(key), wrapping, keyIdentifier)
  }

  /// A recipient with a key pair on P-256.
  ///
  /// - Parameters:
  ///   - point: the public key: 4, x and y, 65 bytes; whether it is on the curve is checked when it is used.
  ///   - wrapping: how the key of the payload is wrapped.
  ///   - keyIdentifier: its name; empty to leave it out.
  /// - Throws: `CryptoError.invalidKey` for another length or form.
  public init(
    publicKey point: [UInt8], wrapping: KeyWrapping = .aes128, keyIdentifier: [UInt8] = []
  ) throws(CryptoError) {
    guard point.count == 65, point[0] == 4 else { throw .invalidKey }
    (key, self.wrapping, self.keyIdentifier) = (.publicKey(point), wrapping, keyIdentifier)
  }
}
#endif
