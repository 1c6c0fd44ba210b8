/// How the bytes of a payload are encrypted; the raw value is the number in COSE.
///
/// - Note: Source: RFC 9053, sections 4.1 and 4.3; RFC 9459, section 4.2 (AES in counter mode).
public enum ContentEncryption: Int32, Sendable, CaseIterable {
  /// AES-GCM with a key of 128 bits.
  case aes128GCM = 1
  /// AES-GCM with a key of 256 bits.
  case aes256GCM = 3
  /// ChaCha20-Poly1305.
  case chaCha20Poly1305 = 24
  /// AES in counter mode with a key of 128 bits; authenticates nothing.
  case aes128CTR = -65534
  /// AES in counter mode with a key of 192 bits; authenticates nothing.
  case aes192CTR = -65533
  /// AES in counter mode with a key of 256 bits; authenticates nothing.
  case aes256CTR = -65532

  /// The length of a key, in bytes.
  public var keySize: Int {
    switch self {
    case .aes128GCM, .aes128CTR: 16
    case .aes192CTR: 24
    case .aes256GCM, .chaCha20Poly1305, .aes256CTR: 32
    }
  }

  /// The length of a nonce, or of the first counter block, in bytes.
  public var nonceSize: Int { isAuthenticated ? 12 : 16 }

  /// The length of the tag behind the ciphertext, in bytes.
  public var tagSize: Int { isAuthenticated ? 16 : 0 }

  /// Whether a changed byte is noticed; if not, something else must say what the plaintext is.
  public var isAuthenticated: Bool {
    switch self {
    case .aes128GCM, .aes256GCM, .chaCha20Poly1305: true
    case .aes128CTR, .aes192CTR, .aes256CTR: false
    }
  }
}

/// How a key is wrapped in another one; the raw value is the number in COSE.
///
/// - Note: Source: RFC 9053, section 6.2.1; RFC 3394.
public enum KeyWrapping: Int32, Sendable, CaseIterable {
  /// With a key of 128 bits.
  case aes128 = -3
  /// With a key of 192 bits.
  case aes192 = -4
  /// With a key of 256 bits.
  case aes256 = -5

  /// The length of the key that wraps, in bytes.
  public var keySize: Int {
    switch self {
    case .aes128: 16
    case .aes192: 24
    case .aes256: 32
    }
  }
}

/// The keys of a device for encrypted payloads, and the algorithms that use them.
///
/// A device with keys in hardware, or without libcrypto, brings its own.
///
/// Backends: `OpenSSLPayloadKeys` of `OTACryptoOpenSSL` for hosts.
public protocol PayloadKeys: ~Copyable {
  /// Unwraps a key that was wrapped in one which both sides have.
  ///
  /// - Parameters:
  ///   - wrapped: the wrapped key, 8 bytes longer than the key.
  ///   - wrapping: how.
  ///   - identifier: the name of the key that both sides have; empty if nobody said it.
  ///   - key: takes the key; its length is right for `wrapped`. The caller zeroes it.
  /// - Throws: ``CryptoError/unknownKey`` if there is no such key here, ``CryptoError/authenticationFailed`` if it did not
  ///   wrap this, ``CryptoError/unsupportedAlgorithm``, ``CryptoError/unavailable``.
  borrowing func unwrap(
    _ wrapped: Span<UInt8>, by wrapping: KeyWrapping, keyIdentifier identifier: Span<UInt8>,
    into key: inout MutableSpan<UInt8>
  ) throws(CryptoError)

  /// Unwraps a key that was wrapped in one which comes from ECDH on P-256 and HKDF with SHA-256.
  ///
  /// - Parameters:
  ///   - wrapped: the wrapped key, 8 bytes longer than the key.
  ///   - wrapping: how; the key that wraps has its length.
  ///   - identifier: the name of this device's key; empty if nobody said it.
  ///   - point: the ephemeral public key of the sender: 4, x and y, 65 bytes; not checked yet.
  ///   - salt: the salt of HKDF; may be empty.
  ///   - info: the context of HKDF.
  ///   - key: takes the key; its length is right for `wrapped`. The caller zeroes it.
  /// - Throws: as ``unwrap(_:by:keyIdentifier:into:)``; ``CryptoError/invalidKey`` for a point that is not on the curve.
  borrowing func unwrap(
    _ wrapped: Span<UInt8>, by wrapping: KeyWrapping, keyIdentifier identifier: Span<UInt8>,
    ephemeralKey point: Span<UInt8>,
    salt: Span<UInt8>, info: Span<UInt8>, into key: inout MutableSpan<UInt8>
  ) throws(CryptoError)

  /// Decrypts a payload in the caller's buffer; checks the tag before, if the algorithm has one.
  ///
  /// - Parameters:
  ///   - message: the ciphertext; then the plaintext, which is as long.
  ///   - tag: the tag; empty if the algorithm has none.
  ///   - algorithm: how it was encrypted.
  ///   - key: the key; its length is that of the algorithm.
  ///   - nonce: the nonce or the first counter block; its length is that of the algorithm.
  ///   - associatedData: what is authenticated beside it; empty if the algorithm has no tag.
  /// - Throws: ``CryptoError/authenticationFailed`` if anything is not as it was sealed, and then `message` is all zero;
  ///   ``CryptoError/unsupportedAlgorithm``, ``CryptoError/unavailable``.
  borrowing func open(
    _ message: inout MutableSpan<UInt8>, tag: Span<UInt8>, by algorithm: ContentEncryption, key: Span<UInt8>,
    nonce: Span<UInt8>, associatedData: Span<UInt8>
  ) throws(CryptoError)
}
