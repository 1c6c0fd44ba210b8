#if !hasFeature(Embedded)
/// The algorithms that encrypt a payload for devices: the other side of ``PayloadKeys``.
///
/// Backends: `OpenSSLPayloadSealer` of `OTACryptoOpenSSL`.
public protocol PayloadSealing: Sendable {
  /// Fills a buffer with random numbers that are good enough for keys.
  ///
  /// - Parameter bytes: takes them.
  /// - Throws: ``CryptoError/unavailable`` if there are none.
  func fillWithRandomBytes(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError)

  /// Wraps a key in one that both sides have.
  ///
  /// - Parameters:
  ///   - key: the key, 16, 24 or 32 bytes.
  ///   - wrapping: how.
  ///   - wrappingKey: the key that both sides have; its length is that of `wrapping`.
  /// - Returns: the wrapped key, 8 bytes longer.
  /// - Throws: ``CryptoError/invalidKey`` for another length, ``CryptoError/unavailable``.
  func wrap(
    _ key: Span<UInt8>, by wrapping: KeyWrapping, with wrappingKey: Span<UInt8>
  ) throws(CryptoError) -> [UInt8]

  /// Wraps a key in one that comes from ECDH on P-256 with a new key pair, and HKDF with SHA-256 without a salt.
  ///
  /// - Parameters:
  ///   - key: the key, 16, 24 or 32 bytes.
  ///   - wrapping: how; the key that wraps has its length.
  ///   - recipient: the public key of the recipient: 4, x and y, 65 bytes; not checked yet.
  ///   - info: the context of HKDF.
  /// - Returns: the wrapped key, 8 bytes longer, and the public part of the new pair: 4, x and y, 65 bytes. Its private part
  ///   is forgotten.
  /// - Throws: ``CryptoError/invalidKey`` for a point that is not on the curve, ``CryptoError/unavailable``.
  func wrap(
    _ key: Span<UInt8>, by wrapping: KeyWrapping, for recipient: Span<UInt8>, info: Span<UInt8>
  ) throws(CryptoError) -> (wrapped: [UInt8], ephemeralKey: [UInt8])

  /// Encrypts a payload in the caller's buffer.
  ///
  /// - Parameters:
  ///   - message: the plaintext; then the ciphertext, which is as long.
  ///   - algorithm: how.
  ///   - key: the key; its length is that of the algorithm.
  ///   - nonce: the nonce or the first counter block; its length is that of the algorithm.
  ///   - associatedData: what is authenticated beside it; empty if the algorithm has no tag.
  /// - Returns: the tag; empty if the algorithm has none.
  /// - Throws: ``CryptoError/unavailable``; the buffer is undefined then.
  func seal(
    _ message: inout MutableSpan<UInt8>, by algorithm: ContentEncryption, key: Span<UInt8>,
    nonce: Span<UInt8>, associatedData: Span<UInt8>
  ) throws(CryptoError) -> [UInt8]
}
#endif
