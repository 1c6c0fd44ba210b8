import COpenSSL
public import OTACrypto

extension OpenSSLPublicKey {
  /// Encrypts a short message, such as a key, so that only the owner of the private key reads it.
  ///
  /// RSAES-OAEP with SHA-256 for label and mask, and an empty label; different each time.
  ///
  /// - Parameter message: at most 190 bytes for RSA with 2048 bits.
  /// - Returns: as many bytes as the modulus has.
  /// - Throws: `CryptoError.unsupportedAlgorithm` if the key is not one for RSA, `CryptoError.unavailable` if libcrypto
  ///   refused, as it does for a message that is too long.
  /// - Note: Source: RFC 8017, section 7.1.
  public func encryptOAEP(_ message: Span<UInt8>) throws(CryptoError) -> [UInt8] {
    guard kind.modulusBits > 0 else { throw .unsupportedAlgorithm }
    let library = unsafe try OpenSSLLibrary.start()
    defer { ERR_clear_error() }
    guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(library, handle.pointer, nil) else {
      throw .unavailable
    }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    guard unsafe EVP_PKEY_encrypt_init(context) == 1, unsafe configureOAEP(context) else {
      throw .unavailable
    }
    var output = [UInt8](repeating: 0, count: Int(kind.modulusBits) / 8)
    var count = output.count
    let status = unsafe message.withUnsafeBufferPointer { message in
      unsafe EVP_PKEY_encrypt(context, &output, &count, message.baseAddress, message.count)
    }
    guard status == 1, count == output.count else { throw .unavailable }
    return output
  }
}

extension OpenSSLPrivateKey {
  /// Decrypts what ``OpenSSLPublicKey/encryptOAEP(_:)`` encrypted.
  ///
  /// - Parameters:
  ///   - ciphertext: as many bytes as the modulus has.
  ///   - output: takes the message, which must be just as long; the caller zeroes it.
  /// - Throws: `CryptoError.authenticationFailed` if it was not encrypted for this key, is another length or the message
  ///   is, without any detail, and the output is all zero then; `CryptoError.unsupportedAlgorithm` if the key is not one
  ///   for RSA; `CryptoError.unavailable` without libcrypto.
  /// - Note: Source: RFC 8017, section 7.1.2.
  public func decryptOAEP(
    _ ciphertext: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(CryptoError) {
    for index in 0..<output.count { output[index] = 0 }
    guard publicKey.kind.modulusBits > 0 else { throw .unsupportedAlgorithm }
    let library = unsafe try OpenSSLLibrary.start()
    defer { ERR_clear_error() }
    guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(library, handle.pointer, nil) else {
      throw .unavailable
    }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    guard unsafe EVP_PKEY_decrypt_init(context) == 1, unsafe configureOAEP(context) else {
      throw .unavailable
    }
    var message = [UInt8](repeating: 0, count: Int(publicKey.kind.modulusBits) / 8)
    defer { cleanse(&message) }
    var count = message.count
    let status = unsafe ciphertext.withUnsafeBufferPointer { ciphertext in
      unsafe EVP_PKEY_decrypt(context, &message, &count, ciphertext.baseAddress, ciphertext.count)
    }
    guard status == 1, count == output.count else { throw .authenticationFailed }
    for index in 0..<count { output[index] = message[index] }
  }
}

/// Sets up OAEP with SHA-256 and an empty label.
///
/// - Returns: whether libcrypto took it.
private func configureOAEP(_ context: OpaquePointer) -> Bool {
  guard let hash = unsafe OpenSSLLibrary.sha256?.pointer else { return false }
  return unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1
    && EVP_PKEY_CTX_set_rsa_oaep_md(context, hash) == 1
    && EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash) == 1
}

/// Overwrites bytes in a way that the optimizer keeps.
package func cleanse(_ bytes: inout [UInt8]) {
  unsafe bytes.withUnsafeMutableBytes { buffer in unsafe OPENSSL_cleanse(buffer.baseAddress, buffer.count) }
}
