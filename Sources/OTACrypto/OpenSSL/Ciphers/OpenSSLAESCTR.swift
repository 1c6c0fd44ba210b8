import COpenSSL
public import OTACrypto

/// AES in counter mode by libcrypto: a stream of key bytes that is added to the message.
///
/// - Important: Nothing is authenticated. What comes out may be anything that an attacker wanted, until something else,
///   such as the signed digest of the plaintext, says that it is right.
///
/// - Note: Source: NIST SP 800-38A, section 6.5.
@safe public struct OpenSSLAESCTR: ~Copyable {
  // Safe outside: made in init, freed in deinit, never handed out.
  private let context: OpaquePointer

  /// Takes a key and the first counter block.
  ///
  /// - Parameters:
  ///   - key: 16, 24 or 32 bytes; the caller zeroes his own.
  ///   - counter: the counter block of the first bytes of the stream, 16 bytes, most significant byte first.
  ///   - offset: where in the stream the first byte of the first call is; for going on in the middle.
  /// - Throws: `CryptoError.invalidKey` if a length is another, `CryptoError.unavailable` without libcrypto.
  public init(key: Span<UInt8>, counter: Span<UInt8>, offset: UInt64 = 0) throws(CryptoError) {
    defer { ERR_clear_error() }
    let cipher: LibraryObject?
    switch key.count {
    case 16: cipher = OpenSSLLibrary.aes128CTR
    case 24: cipher = OpenSSLLibrary.aes192CTR
    case 32: cipher = OpenSSLLibrary.aes256CTR
    default: throw .invalidKey
    }
    guard counter.count == 16 else { throw .invalidKey }
    guard let cipher = unsafe cipher?.pointer, let context = unsafe EVP_CIPHER_CTX_new() else {
      throw .unavailable
    }
    // The counter is a number of 128 bits that wraps.
    var block = InlineArray<16, UInt8>(repeating: 0)
    var carry = offset / 16
    for index in (0..<16).reversed() {
      let sum = UInt64(counter[index]) + (carry & 0xff)
      block[index] = UInt8(truncatingIfNeeded: sum)
      carry = (carry >> 8) + (sum >> 8)
    }
    // Bytes of the stream that are before the first one.
    var skipped = InlineArray<16, UInt8>(repeating: 0)
    var skippedSpan = skipped.mutableSpan
    var written: Int32 = 0
    let status = unsafe key.withUnsafeBufferPointer { key in
      unsafe block.span.withUnsafeBufferPointer { block in
        unsafe skippedSpan.withUnsafeMutableBufferPointer { skipped in
          guard
            unsafe EVP_CipherInit_ex2(context, cipher, key.baseAddress, block.baseAddress, 1, nil) == 1
          else { return Int32(0) }
          return unsafe EVP_CipherUpdate(
            context, skipped.baseAddress, &written, skipped.baseAddress, Int32(offset % 16))
        }
      }
    }
    guard status == 1 else {
      unsafe EVP_CIPHER_CTX_free(context)
      throw .unavailable
    }
    unsafe self.context = context
  }

  deinit {
    unsafe EVP_CIPHER_CTX_free(context)
  }

  /// Encrypts or decrypts the next bytes of the stream in the caller's buffer; both are the same.
  ///
  /// - Parameter bytes: as many as there are; any division into calls gives the same stream.
  /// - Throws: `CryptoError.unavailable` if libcrypto refused; the bytes are undefined then.
  public mutating func apply(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
    defer { ERR_clear_error() }
    let isDone = unsafe bytes.withUnsafeMutableBufferPointer { bytes in
      AEADContext.inParts(bytes.count) { offset, count in
        var written: Int32 = 0
        guard let start = bytes.baseAddress else { return false }
        return unsafe EVP_CipherUpdate(context, start + offset, &written, start + offset, count) == 1
          && written == count
      }
    }
    guard isDone else { throw .unavailable }
  }
}
