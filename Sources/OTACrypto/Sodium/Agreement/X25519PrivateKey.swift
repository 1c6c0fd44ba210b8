import CSodium
public import OTACrypto

/// A private key for key agreement and ``SealedBox``, held in ``SecretBytes``.
///
/// - Note: Source: RFC 7748, sections 5 and 6.1.
public struct X25519PrivateKey: ~Copyable, Sendable {
  /// The length of a key, in bytes.
  public static var byteCount: Int { 32 }

  /// The public part.
  public let publicKey: X25519PublicKey
  let scalar: SecretBytes

  /// Takes over a key.
  ///
  /// - Parameter scalar: ``byteCount`` bytes, any: those bits that RFC 7748 sets are set where it is used.
  /// - Throws: `CryptoError.invalidKey` if the length is another, `CryptoError.unavailable` if the backend could not
  ///   start.
  public init(scalar: consuming SecretBytes) throws(CryptoError) {
    try Sodium.start()
    guard scalar.count == X25519PrivateKey.byteCount else { throw .invalidKey }
    var point = [UInt8](repeating: 0, count: X25519PublicKey.byteCount)
    let status = scalar.withBytes { scalar in
      unsafe scalar.withUnsafeBufferPointer { scalar in
        guard let scalar = scalar.baseAddress else { return Int32(-1) }
        return unsafe crypto_scalarmult_base(&point, scalar)
      }
    }
    guard status == 0 else { throw .invalidKey }
    self.publicKey = try X25519PublicKey(copying: point.span)
    self.scalar = scalar
  }

  /// Generates a key from the random numbers of the system.
  ///
  /// - Returns: a new key.
  /// - Throws: `CryptoError.unavailable` if the backend could not start.
  public static func generate() throws(CryptoError) -> X25519PrivateKey {
    try X25519PrivateKey(scalar: SecretBytes.random(count: byteCount))
  }

  /// Computes what two keys have in common.
  ///
  /// It is no key yet: ``SodiumHKDF`` makes one of it.
  ///
  /// - Parameter peer: the public key of the other side.
  /// - Returns: 32 bytes.
  /// - Throws: `CryptoError.invalidKey` if the secret would be zero, which it is for points of small order and nothing
  ///   else.
  public borrowing func sharedSecret(with peer: X25519PublicKey) throws(CryptoError) -> SecretBytes {
    var status: Int32 = -1
    let secret = SecretBytes(count: 32) { secret in
      scalar.withBytes { scalar in
        unsafe secret.withUnsafeMutableBufferPointer { secret in
          unsafe scalar.withUnsafeBufferPointer { scalar in
            guard let secret = secret.baseAddress, let scalar = scalar.baseAddress else { return }
            // Fails where the result is zero, and only there.
            status = unsafe crypto_scalarmult(secret, scalar, peer.bytes)
          }
        }
      }
    }
    guard status == 0 else { throw .invalidKey }
    return secret
  }
}

extension SecretBytes {
  /// Draws bytes from the random numbers of the system.
  ///
  /// - Parameter count: how many; not negative.
  /// - Returns: new bytes, such as a key.
  /// - Throws: `CryptoError.unavailable` if the backend could not start.
  public static func random(count: Int) throws(CryptoError) -> SecretBytes {
    try Sodium.start()
    return SecretBytes(count: count) { span in
      unsafe span.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return }
        unsafe randombytes_buf(start, buffer.count)
      }
    }
  }
}
