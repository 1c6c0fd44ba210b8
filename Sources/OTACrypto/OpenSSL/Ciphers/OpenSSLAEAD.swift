public import OTACrypto

/// AES-GCM with 128 bits by libcrypto.
///
/// Keys of 16 bytes, nonces of 12, tags of 16. A nonce is too short to be drawn at random for more than 2^32 messages
/// of one key: count instead.
///
/// - Note: Source: NIST SP 800-38D.
public struct OpenSSLAES128GCM: AEAD, ~Copyable {
  /// 16 bytes.
  public static var keySize: Int { 16 }
  /// 12 bytes.
  public static var nonceSize: Int { 12 }
  /// 16 bytes.
  public static var tagSize: Int { 16 }

  private let context: AEADContext

  /// Takes a key.
  ///
  /// - Parameter key: 16 bytes; the caller zeroes his own.
  /// - Throws: `CryptoError.invalidKey` if the length is another, `CryptoError.unavailable` without libcrypto.
  public init(key: Span<UInt8>) throws(CryptoError) {
    context = try AEADContext(OpenSSLLibrary.aes128GCM, key: key, keySize: 16, nonceSize: 12)
  }

  /// Encrypts bytes in the caller's buffer, and computes the tag.
  ///
  /// - Parameters:
  ///   - message: the plaintext; then the ciphertext, which is as long.
  ///   - tag: takes the tag, 16 bytes.
  ///   - nonce: 12 bytes, never used with this key before.
  ///   - associatedData: bytes that are authenticated and not encrypted; may be empty.
  /// - Throws: `CryptoError.unavailable` if libcrypto refused; `message` is undefined then.
  /// - Precondition: nonce and tag have these lengths.
  public borrowing func seal(
    _ message: inout MutableSpan<UInt8>, tag: inout MutableSpan<UInt8>, nonce: Span<UInt8>,
    associatedData: Span<UInt8>
  ) throws(CryptoError) {
    try context.seal(&message, tag: &tag, nonce: nonce, associatedData: associatedData)
  }

  /// Decrypts bytes in the caller's buffer, and leaves them there only if the tag is right.
  ///
  /// - Parameters:
  ///   - message: the ciphertext; then the plaintext, which is as long.
  ///   - tag: the tag, 16 bytes.
  ///   - nonce: the nonce that it was sealed with, 12 bytes.
  ///   - associatedData: the associated data that it was sealed with.
  /// - Throws: `CryptoError.authenticationFailed` if anything is not as it was sealed, and `CryptoError.unavailable` if
  ///   libcrypto refused; `message` is all zero then.
  /// - Precondition: nonce and tag have these lengths.
  public borrowing func open(
    _ message: inout MutableSpan<UInt8>, tag: Span<UInt8>, nonce: Span<UInt8>, associatedData: Span<UInt8>
  ) throws(CryptoError) {
    try context.open(&message, tag: tag, nonce: nonce, associatedData: associatedData)
  }
}

/// AES-GCM with 256 bits by libcrypto.
///
/// Keys of 32 bytes, nonces of 12, tags of 16. A nonce is too short to be drawn at random for more than 2^32 messages
/// of one key: count instead.
///
/// - Note: Source: NIST SP 800-38D.
public struct OpenSSLAES256GCM: AEAD, ~Copyable {
  /// 32 bytes.
  public static var keySize: Int { 32 }
  /// 12 bytes.
  public static var nonceSize: Int { 12 }
  /// 16 bytes.
  public static var tagSize: Int { 16 }

  private let context: AEADContext

  /// Takes a key.
  ///
  /// - Parameter key: 32 bytes; the caller zeroes his own.
  /// - Throws: `CryptoError.invalidKey` if the length is another, `CryptoError.unavailable` without libcrypto.
  public init(key: Span<UInt8>) throws(CryptoError) {
    context = try AEADContext(OpenSSLLibrary.aes256GCM, key: key, keySize: 32, nonceSize: 12)
  }

  /// Encrypts bytes in the caller's buffer, and computes the tag.
  ///
  /// - Parameters:
  ///   - message: the plaintext; then the ciphertext, which is as long.
  ///   - tag: takes the tag, 16 bytes.
  ///   - nonce: 12 bytes, never used with this key before.
  ///   - associatedData: bytes that are authenticated and not encrypted; may be empty.
  /// - Throws: `CryptoError.unavailable` if libcrypto refused; `message` is undefined then.
  /// - Precondition: nonce and tag have these lengths.
  public borrowing func seal(
    _ message: inout MutableSpan<UInt8>, tag: inout MutableSpan<UInt8>, nonce: Span<UInt8>,
    associatedData: Span<UInt8>
  ) throws(CryptoError) {
    try context.seal(&message, tag: &tag, nonce: nonce, associatedData: associatedData)
  }

  /// Decrypts bytes in the caller's buffer, and leaves them there only if the tag is right.
  ///
  /// - Parameters:
  ///   - message: the ciphertext; then the plaintext, which is as long.
  ///   - tag: the tag, 16 bytes.
  ///   - nonce: the nonce that it was sealed with, 12 bytes.
  ///   - associatedData: the associated data that it was sealed with.
  /// - Throws: `CryptoError.authenticationFailed` if anything is not as it was sealed, and `CryptoError.unavailable` if
  ///   libcrypto refused; `message` is all zero then.
  /// - Precondition: nonce and tag have these lengths.
  public borrowing func open(
    _ message: inout MutableSpan<UInt8>, tag: Span<UInt8>, nonce: Span<UInt8>, associatedData: Span<UInt8>
  ) throws(CryptoError) {
    try context.open(&message, tag: tag, nonce: nonce, associatedData: associatedData)
  }
}

/// ChaCha20-Poly1305 by libcrypto.
///
/// Keys of 32 bytes, nonces of 12, tags of 16. A nonce is too short to be drawn at random for more than 2^32 messages
/// of one key: count instead.
///
/// - Note: Source: RFC 8439, section 2.8.
public struct OpenSSLChaCha20Poly1305: AEAD, ~Copyable {
  /// 32 bytes.
  public static var keySize: Int { 32 }
  /// 12 bytes.
  public static var nonceSize: Int { 12 }
  /// 16 bytes.
  public static var tagSize: Int { 16 }

  private let context: AEADContext

  /// Takes a key.
  ///
  /// - Parameter key: 32 bytes; the caller zeroes his own.
  /// - Throws: `CryptoError.invalidKey` if the length is another, `CryptoError.unavailable` without libcrypto.
  public init(key: Span<UInt8>) throws(CryptoError) {
    context = try AEADContext(OpenSSLLibrary.chaCha20Poly1305, key: key, keySize: 32, nonceSize: 12)
  }

  /// Encrypts bytes in the caller's buffer, and computes the tag.
  ///
  /// - Parameters:
  ///   - message: the plaintext; then the ciphertext, which is as long.
  ///   - tag: takes the tag, 16 bytes.
  ///   - nonce: 12 bytes, never used with this key before.
  ///   - associatedData: bytes that are authenticated and not encrypted; may be empty.
  /// - Throws: `CryptoError.unavailable` if libcrypto refused; `message` is undefined then.
  /// - Precondition: nonce and tag have these lengths.
  public borrowing func seal(
    _ message: inout MutableSpan<UInt8>, tag: inout MutableSpan<UInt8>, nonce: Span<UInt8>,
    associatedData: Span<UInt8>
  ) throws(CryptoError) {
    try context.seal(&message, tag: &tag, nonce: nonce, associatedData: associatedData)
  }

  /// Decrypts bytes in the caller's buffer, and leaves them there only if the tag is right.
  ///
  /// - Parameters:
  ///   - message: the ciphertext; then the plaintext, which is as long.
  ///   - tag: the tag, 16 bytes.
  ///   - nonce: the nonce that it was sealed with, 12 bytes.
  ///   - associatedData: the associated data that it was sealed with.
  /// - Throws: `CryptoError.authenticationFailed` if anything is not as it was sealed, and `CryptoError.unavailable` if
  ///   libcrypto refused; `message` is all zero then.
  /// - Precondition: nonce and tag have these lengths.
  public borrowing func open(
    _ message: inout MutableSpan<UInt8>, tag: Span<UInt8>, nonce: Span<UInt8>, associatedData: Span<UInt8>
  ) throws(CryptoError) {
    try context.open(&message, tag: tag, nonce: nonce, associatedData: associatedData)
  }
}
