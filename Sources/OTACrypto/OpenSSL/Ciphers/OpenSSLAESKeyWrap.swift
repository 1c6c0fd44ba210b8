import COpenSSL
public import OTACrypto

/// Keys that are wrapped in another key, by libcrypto.
///
/// - Note: Source: RFC 3394, with the initial value of section 2.2.3.1; NIST SP 800-38F, section 6.2.
public enum OpenSSLAESKeyWrap {
  /// How many bytes longer a key gets.
  public static var overhead: Int { 8 }
  /// The longest key that is wrapped, in bytes.
  public static var maximumKeySize: Int { 512 }

  /// Wraps a key.
  ///
  /// - Parameters:
  ///   - key: the key, at least 16 bytes, a multiple of 8.
  ///   - wrappingKey: the key that wraps: 16, 24 or 32 bytes.
  ///   - output: takes the result, ``overhead`` bytes more than the key.
  /// - Throws: `CryptoError.invalidKey` for a key of another length, `CryptoError.unavailable` without libcrypto.
  /// - Precondition: The output has that length.
  public static func wrap(
    _ key: Span<UInt8>, with wrappingKey: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(CryptoError) {
    guard key.count >= 16, key.count <= maximumKeySize, key.count % 8 == 0 else { throw .invalidKey }
    precondition(output.count == key.count + overhead, "a wrapped key is 8 bytes longer")
    guard try run(key, with: wrappingKey, into: &output, wrapping: true) else { throw .unavailable }
  }

  /// Unwraps a key, and checks that it is whole.
  ///
  /// - Parameters:
  ///   - wrapped: the result of ``wrap(_:with:into:)``.
  ///   - wrappingKey: the key that wrapped.
  ///   - output: takes the key, ``overhead`` bytes less; the caller zeroes it.
  /// - Throws: `CryptoError.authenticationFailed` if it is not what this key wrapped, and the output is all zero then;
  ///   `CryptoError.invalidKey` if the wrapping key has another length; `CryptoError.unavailable` without libcrypto.
  /// - Precondition: The output is ``overhead`` bytes shorter, if the wrapped key has a length that there is.
  public static func unwrap(
    _ wrapped: Span<UInt8>, with wrappingKey: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(CryptoError) {
    var isWhole = wrapped.count >= 24 && wrapped.count <= maximumKeySize + overhead && wrapped.count % 8 == 0
    if isWhole {
      precondition(output.count == wrapped.count - overhead, "a wrapped key is 8 bytes longer")
      isWhole = try run(wrapped, with: wrappingKey, into: &output, wrapping: false)
    }
    guard isWhole else {
      for index in 0..<output.count { output[index] = 0 }
      throw .authenticationFailed
    }
  }

  private static func run(
    _ input: Span<UInt8>, with key: Span<UInt8>, into output: inout MutableSpan<UInt8>, wrapping: Bool
  ) throws(CryptoError) -> Bool {
    defer { ERR_clear_error() }
    let cipher: LibraryObject?
    switch key.count {
    case 16: cipher = OpenSSLLibrary.aes128Wrap
    case 24: cipher = OpenSSLLibrary.aes192Wrap
    case 32: cipher = OpenSSLLibrary.aes256Wrap
    default: throw .invalidKey
    }
    guard let cipher = unsafe cipher?.pointer, let context = unsafe EVP_CIPHER_CTX_new() else {
      throw .unavailable
    }
    defer { unsafe EVP_CIPHER_CTX_free(context) }
    unsafe EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW)
    let isStarted = unsafe key.withUnsafeBufferPointer { key in
      unsafe EVP_CipherInit_ex2(context, cipher, key.baseAddress, nil, wrapping ? 1 : 0, nil) == 1
    }
    guard isStarted, let size = Int32(exactly: input.count) else { throw .unavailable }
    // libcrypto works in the output with a few bytes more when it unwraps.
    var scratch = [UInt8](repeating: 0, count: input.count + 16)
    defer { unsafe OPENSSL_cleanse(&scratch, scratch.count) }
    var written: Int32 = 0
    let status = unsafe input.withUnsafeBufferPointer { input in
      unsafe EVP_CipherUpdate(context, &scratch, &written, input.baseAddress, size)
    }
    guard status == 1, Int(written) == output.count else { return false }
    for index in 0..<output.count { output[index] = scratch[index] }
    return true
  }
}
