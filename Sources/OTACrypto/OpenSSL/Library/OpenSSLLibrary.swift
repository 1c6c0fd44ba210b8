import COpenSSL
import OTACrypto

/// What is fetched from libcrypto once, and kept for the whole life of the process.
///
/// In a library context of our own, with the default provider and nothing else: neither a configuration file, nor an
/// environment variable, nor what the program around does with the library changes what is computed here. Project
/// decision: Docs/Crypto.md.
enum OpenSSLLibrary {
  /// The library context; `nil` if there was no memory for it.
  static let context: LibraryObject? = {
    guard let context = unsafe OSSL_LIB_CTX_new() else { return nil }
    guard unsafe OSSL_PROVIDER_load(context, "default") != nil else {
      unsafe OSSL_LIB_CTX_free(context)
      ERR_clear_error()
      return nil
    }
    return unsafe LibraryObject(context)
  }()

  /// The context as the C functions take it.
  ///
  /// - Throws: `CryptoError.unavailable` if it could not be made, now and ever after.
  static func start() throws(CryptoError) -> OpaquePointer {
    guard let pointer = unsafe context?.pointer else { throw .unavailable }
    return unsafe pointer
  }
}

/// The address of an object of libcrypto that is never freed and that every thread may use at once.
struct LibraryObject: Sendable {
  // A number, since pointers are not Sendable: the type promises what the library documents for these objects.
  private let address: UInt

  /// Keeps an object for ever.
  init(_ pointer: OpaquePointer) {
    address = UInt(bitPattern: pointer)
  }

  /// The object.
  var pointer: OpaquePointer? { unsafe OpaquePointer(bitPattern: address) }
}
