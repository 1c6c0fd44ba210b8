import COpenSSL
public import OTACore
public import OTACrypto

/// Keys derived from a secret, by libcrypto.
///
/// - Note: Source: RFC 5869, sections 2.2 and 2.3.
public enum OpenSSLHKDF {
  private static let function: LibraryObject? = {
    guard let library = unsafe OpenSSLLibrary.context?.pointer,
      let function = unsafe EVP_KDF_fetch(library, "HKDF", nil)
    else {
      ERR_clear_error()
      return nil
    }
    return unsafe LibraryObject(function)
  }()

  /// Extracts and expands.
  ///
  /// - Parameters:
  ///   - algorithm: the hash function of the HMAC inside.
  ///   - secret: the input keying material; the caller zeroes it.
  ///   - salt: may be empty, which is the same as zeros.
  ///   - info: what the key is for; at most 1 KiB; may be empty.
  ///   - output: takes the key, at least one byte and at most 255 times the length of the digest; the caller zeroes it.
  /// - Throws: `CryptoError.unsupportedAlgorithm` for a hash function that is not there, and for more bytes of `info` or
  ///   of output than that; `CryptoError.unavailable` without libcrypto.
  public static func derive(
    _ algorithm: DigestAlgorithm, secret: Span<UInt8>, salt: Span<UInt8>, info: Span<UInt8>,
    into output: inout MutableSpan<UInt8>
  ) throws(CryptoError) {
    defer { ERR_clear_error() }
    guard let name = algorithm.libraryName, info.count <= 1024, !output.isEmpty,
      output.count <= 255 * algorithm.byteCount
    else { throw .unsupportedAlgorithm }
    guard let function = unsafe function?.pointer, let context = unsafe EVP_KDF_CTX_new(function) else {
      throw .unavailable
    }
    defer { unsafe EVP_KDF_CTX_free(context) }
    let status = unsafe secret.withUnsafeBufferPointer { secret in
      unsafe salt.withUnsafeBufferPointer { salt in
        unsafe info.withUnsafeBufferPointer { info in
          unsafe output.withUnsafeMutableBufferPointer { output in
            let parameters = unsafe [
              Parameter.text("digest", name), Parameter.octets("key", secret),
              Parameter.octets("salt", salt), Parameter.octets("info", info), Parameter.end,
            ]
            return unsafe EVP_KDF_derive(context, output.baseAddress, output.count, parameters)
          }
        }
      }
    }
    guard status == 1 else { throw .unavailable }
  }
}

extension DigestAlgorithm {
  /// The name of the function in libcrypto, if it is used from there.
  var libraryName: StaticString? {
    switch self {
    case .sha256: "SHA256"
    case .sha384: "SHA384"
    case .sha512: "SHA512"
    case .sha3Bits256: "SHA3-256"
    case .sha3Bits384: "SHA3-384"
    case .sha3Bits512: "SHA3-512"
    // HMAC is for functions with blocks and one length.
    case .blake2b256, .shake256: nil
    }
  }
}
