import COpenSSL
import OTACore

/// A hash function that runs; owns its context.
@safe struct HashContext: ~Copyable {
  // Safe outside: made in init, freed in deinit, never handed out.
  private let context: OpaquePointer

  /// Starts with no bytes.
  ///
  /// - Precondition: The function was fetched. The protocol of hash functions has no errors, and a digest of something
  ///   else must never come out; libcrypto carries all functions in itself, so that only a lack of memory stops it.
  init(_ function: LibraryObject?) {
    guard let function = unsafe function?.pointer, let context = unsafe EVP_MD_CTX_new(),
      unsafe EVP_DigestInit_ex2(context, function, nil) == 1
    else { preconditionFailure("libcrypto has no memory for a hash function") }
    unsafe self.context = context
  }

  /// Copies the state.
  init(copying other: borrowing HashContext) {
    guard let context = unsafe EVP_MD_CTX_new(), unsafe EVP_MD_CTX_copy_ex(context, other.context) == 1
    else { preconditionFailure("libcrypto has no memory for a hash function") }
    unsafe self.context = context
  }

  deinit {
    unsafe EVP_MD_CTX_free(context)
  }

  /// Feeds bytes.
  mutating func update(_ bytes: Span<UInt8>) {
    let status = unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return Int32(1) }
      return unsafe EVP_DigestUpdate(context, start, buffer.count)
    }
    precondition(status == 1, "libcrypto refused to hash")
  }

  /// Ends; nothing may be fed afterwards.
  consuming func finalize(_ algorithm: DigestAlgorithm) -> Digest {
    // As large as EVP_MAX_MD_SIZE.
    var output = InlineArray<64, UInt8>(repeating: 0)
    var span = output.mutableSpan
    let status = unsafe span.withUnsafeMutableBufferPointer { buffer in
      // Of functions that make any number of bytes, this one does not ask for a number.
      algorithm == .shake256
        ? unsafe EVP_DigestFinalXOF(context, buffer.baseAddress, algorithm.byteCount)
        : unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
    }
    precondition(status == 1, "libcrypto refused to end a hash")
    do throws(ParseError) {
      return try Digest(algorithm: algorithm, bytes: output.span.extracting(0..<algorithm.byteCount))
    } catch {
      preconditionFailure("a digest has another length than its algorithm")
    }
  }
}

extension OpenSSLLibrary {
  /// Fetches a hash function.
  static func fetchHash(_ name: String) -> LibraryObject? {
    guard let context = unsafe context?.pointer, let function = unsafe EVP_MD_fetch(context, name, nil) else {
      ERR_clear_error()
      return nil
    }
    return unsafe LibraryObject(function)
  }

  static let sha256 = fetchHash("SHA256")
  static let sha384 = fetchHash("SHA384")
  static let sha512 = fetchHash("SHA512")
  static let shake256 = fetchHash("SHAKE256")
  static let sha3Bits256 = fetchHash("SHA3-256")
  static let sha3Bits384 = fetchHash("SHA3-384")
  static let sha3Bits512 = fetchHash("SHA3-512")
}
