import CSodium
import OTACore
public import OTACrypto

/// ChaCha20-Poly1305 by libsodium; the key is in ``SecretBytes``.
///
/// Keys of 32 bytes, nonces of 12, tags of 16. For what others wrote: a nonce of 12 bytes is too short to be drawn at
/// random for more than 2^32 messages of one key, and ``XChaCha20Poly1305`` has a longer one.
///
/// - Note: Source: RFC 8439, section 2.8.
public struct SodiumChaCha20Poly1305: AEAD, ~Copyable, Sendable {
  /// 32 bytes.
  public static var keySize: Int { 32 }
  /// 12 bytes.
  public static var nonceSize: Int { 12 }
  /// 16 bytes.
  public static var tagSize: Int { 16 }

  private let key: SecretBytes

  /// Takes over a key.
  ///
  /// - Parameter key: 32 bytes.
  /// - Throws: `CryptoError.invalidKey` if the length is another, `CryptoError.unavailable` if the backend could not
  ///   start.
  public init(key: consuming SecretBytes) throws(CryptoError) {
    try Sodium.start()
    guard key.count == SodiumChaCha20Poly1305.keySize else { throw .invalidKey }
    self.key = key
  }

  /// Encrypts bytes in the caller's buffer, and computes the tag.
  ///
  /// - Parameters:
  ///   - message: the plaintext; then the ciphertext, which is as long.
  ///   - tag: takes the tag, 16 bytes.
  ///   - nonce: 12 bytes, never used with this key before.
  ///   - associatedData: bytes that are authenticated and not encrypted; may be empty.
  /// - Throws: `CryptoError.unavailable` if the backend refused.
  /// - Precondition: nonce and tag have these lengths.
  public borrowing func seal(
    _ message: inout MutableSpan<UInt8>, tag: inout MutableSpan<UInt8>, nonce: Span<UInt8>,
    associatedData: Span<UInt8>
  ) throws(CryptoError) {
    SodiumChaCha20Poly1305.check(tagCount: tag.count, nonceCount: nonce.count)
    let status = key.withBytes { key in
      unsafe message.withUnsafeMutableBufferPointer { message in
        unsafe tag.withUnsafeMutableBufferPointer { tag in
          unsafe nonce.withUnsafeBufferPointer { nonce in
            unsafe associatedData.withUnsafeBufferPointer { data in
              unsafe key.withUnsafeBufferPointer { key in
                // An empty buffer may have no address; the library wants one, and does not look at it.
                var nothing: UInt8 = 0
                guard let tag = tag.baseAddress, let nonce = nonce.baseAddress, let key = key.baseAddress
                else { return Int32(-1) }
                return unsafe withUnsafeMutablePointer(to: &nothing) { nothing in
                  let start = unsafe message.baseAddress ?? nothing
                  return unsafe crypto_aead_chacha20poly1305_ietf_encrypt_detached(
                    start, tag, nil, start, UInt64(message.count), data.baseAddress, UInt64(data.count), nil,
                    nonce, key)
                }
              }
            }
          }
        }
      }
    }
    guard status == 0 else { throw .unavailable }
  }

  /// Checks the tag, and only then decrypts bytes in the caller's buffer.
  ///
  /// - Parameters:
  ///   - message: the ciphertext; then the plaintext, which is as long.
  ///   - tag: the tag, 16 bytes.
  ///   - nonce: the nonce that it was sealed with, 12 bytes.
  ///   - associatedData: the associated data that it was sealed with.
  /// - Throws: `CryptoError.authenticationFailed` if anything is not as it was sealed; `message` is all zero then.
  /// - Precondition: nonce and tag have these lengths.
  public borrowing func open(
    _ message: inout MutableSpan<UInt8>, tag: Span<UInt8>, nonce: Span<UInt8>, associatedData: Span<UInt8>
  ) throws(CryptoError) {
    SodiumChaCha20Poly1305.check(tagCount: tag.count, nonceCount: nonce.count)
    let status = key.withBytes { key in
      unsafe message.withUnsafeMutableBufferPointer { message in
        unsafe tag.withUnsafeBufferPointer { tag in
          unsafe nonce.withUnsafeBufferPointer { nonce in
            unsafe associatedData.withUnsafeBufferPointer { data in
              unsafe key.withUnsafeBufferPointer { key in
                var nothing: UInt8 = 0
                guard let tag = tag.baseAddress, let nonce = nonce.baseAddress, let key = key.baseAddress
                else { return Int32(-1) }
                return unsafe withUnsafeMutablePointer(to: &nothing) { nothing in
                  let start = unsafe message.baseAddress ?? nothing
                  return unsafe crypto_aead_chacha20poly1305_ietf_decrypt_detached(
                    start, nil, start, UInt64(message.count), tag, data.baseAddress, UInt64(data.count),
                    nonce, key)
                }
              }
            }
          }
        }
      }
    }
    guard status == 0 else {
      for index in 0..<message.count { message[index] = 0 }
      throw .authenticationFailed
    }
  }

  /// libsodium reads and writes these many bytes, whatever it is given.
  private static func check(tagCount: Int, nonceCount: Int) {
    precondition(tagCount == tagSize, "a tag has 16 bytes")
    precondition(nonceCount == nonceSize, "a nonce has 12 bytes")
  }
}
