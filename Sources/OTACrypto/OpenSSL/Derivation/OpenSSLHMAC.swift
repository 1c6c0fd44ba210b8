import COpenSSL
public import OTACore
public import OTACrypto

/// A message authentication code with a hash function, by libcrypto.
///
/// - Note: Source: RFC 2104.
@safe public struct OpenSSLHMAC: ~Copyable {
  private static let function: LibraryObject? = {
    guard let library = unsafe OpenSSLLibrary.context?.pointer,
      let function = unsafe EVP_MAC_fetch(library, "HMAC", nil)
    else {
      ERR_clear_error()
      return nil
    }
    return unsafe LibraryObject(function)
  }()

  /// The hash function inside.
  public let algorithm: DigestAlgorithm
  // Safe outside: made in init, freed in deinit (which overwrites the key), never handed out.
  private let context: OpaquePointer

  /// Takes a key, and starts with no bytes.
  ///
  /// - Parameters:
  ///   - algorithm: the hash function.
  ///   - key: at least one byte; as many as the digest has are right. The caller zeroes his own.
  /// - Throws: `CryptoError.invalidKey` for no key at all, `CryptoError.unsupportedAlgorithm` for a hash function that
  ///   is not there, `CryptoError.unavailable` without libcrypto.
  public init(_ algorithm: DigestAlgorithm, key: Span<UInt8>) throws(CryptoError) {
    defer { ERR_clear_error() }
    guard let name = algorithm.libraryName else { throw .unsupportedAlgorithm }
    guard !key.isEmpty else { throw .invalidKey }
    guard let function = unsafe OpenSSLHMAC.function?.pointer,
      let context = unsafe EVP_MAC_CTX_new(function)
    else { throw .unavailable }
    let status = unsafe key.withUnsafeBufferPointer { key in
      let parameters = unsafe [Parameter.text("digest", name), Parameter.end]
      return unsafe EVP_MAC_init(context, key.baseAddress, key.count, parameters)
    }
    guard status == 1 else {
      unsafe EVP_MAC_CTX_free(context)
      throw .unavailable
    }
    unsafe self.context = context
    self.algorithm = algorithm
  }

  deinit {
    unsafe EVP_MAC_CTX_free(context)
  }

  /// Feeds bytes; any division into calls gives the same code.
  public mutating func update(_ bytes: Span<UInt8>) {
    let status = unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return Int32(1) }
      return unsafe EVP_MAC_update(context, start, buffer.count)
    }
    precondition(status == 1, "libcrypto refused to hash")
  }

  /// Ends, and gives the code or, if fewer bytes are wanted, its first bytes.
  ///
  /// Whoever compares it with one that came from outside uses ``verify(tag:)`` or `isEqualInConstantTime(_:_:)`.
  ///
  /// - Parameter output: takes the code.
  /// - Precondition: There are not more bytes than the digest has.
  public consuming func finalize(into output: inout MutableSpan<UInt8>) {
    precondition(output.count <= algorithm.byteCount, "a code is no longer than the digest")
    var code = InlineArray<64, UInt8>(repeating: 0)
    var span = code.mutableSpan
    var count = 0
    let status = unsafe span.withUnsafeMutableBufferPointer { buffer in
      unsafe EVP_MAC_final(context, buffer.baseAddress, &count, buffer.count)
    }
    precondition(status == 1 && count == algorithm.byteCount, "libcrypto refused to end a code")
    for index in 0..<output.count { output[index] = code[index] }
  }

  /// Ends, and returns only if the code is this one, all of it.
  ///
  /// - Parameter tag: the code that came with the bytes.
  /// - Throws: `CryptoError.authenticationFailed` if it is another one, or a part of it.
  public consuming func verify(tag: Span<UInt8>) throws(CryptoError) {
    var code = [UInt8](repeating: 0, count: algorithm.byteCount)
    var span = code.mutableSpan
    finalize(into: &span)
    guard isEqualInConstantTime(code.span, tag) else { throw .authenticationFailed }
  }
}
