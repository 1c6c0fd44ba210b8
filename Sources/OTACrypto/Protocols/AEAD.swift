/// Authenticated encryption with associated data: nobody reads the bytes without the key, and nobody changes them, or
/// what belongs to them, without being noticed.
///
/// A value holds one key. The backend decides how long key and nonce are; tags are always as long as ``tagSize``.
///
/// - Important: Two messages under one key must never have the same nonce. The caller sees to it; it is as important as
///   the key itself.
///
/// Backends: `XChaCha20Poly1305` of `OTACryptoSodium` for hosts; firmware brings its own.
///
/// - Note: Source: RFC 5116.
public protocol AEAD: ~Copyable {
  /// The length of a key, in bytes.
  static var keySize: Int { get }
  /// The length of a nonce, in bytes.
  static var nonceSize: Int { get }
  /// The length of a tag, in bytes.
  static var tagSize: Int { get }

  /// Encrypts bytes in the caller's buffer, and computes the tag.
  ///
  /// - Parameters:
  ///   - message: the plaintext; then the ciphertext, which is as long.
  ///   - tag: takes the tag, ``tagSize`` bytes.
  ///   - nonce: ``nonceSize`` bytes, never used with this key before.
  ///   - associatedData: bytes that are authenticated and not encrypted; may be empty.
  /// - Throws: ``CryptoError/unavailable`` if the backend could not start or refused; `message` is undefined then, and
  ///   the nonce is to be given up.
  /// - Precondition: nonce and tag have the lengths of this type.
  borrowing func seal(
    _ message: inout MutableSpan<UInt8>, tag: inout MutableSpan<UInt8>, nonce: Span<UInt8>,
    associatedData: Span<UInt8>
  ) throws(CryptoError)

  /// Checks the tag, and only then decrypts bytes in the caller's buffer.
  ///
  /// - Parameters:
  ///   - message: the ciphertext; then the plaintext, which is as long.
  ///   - tag: the tag that ``seal(_:tag:nonce:associatedData:)`` computed.
  ///   - nonce: the nonce of that call.
  ///   - associatedData: the associated data of that call.
  /// - Throws: ``CryptoError/authenticationFailed`` if any of key, ciphertext, tag, nonce and associated data is
  ///   another one, without any detail which, and then `message` is all zero; ``CryptoError/unavailable`` if the backend
  ///   could not start.
  /// - Precondition: nonce and tag have the lengths of this type.
  borrowing func open(
    _ message: inout MutableSpan<UInt8>, tag: Span<UInt8>, nonce: Span<UInt8>, associatedData: Span<UInt8>
  ) throws(CryptoError)
}
