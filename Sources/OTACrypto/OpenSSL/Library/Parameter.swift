import COpenSSL

/// Arguments of libcrypto that have names.
///
/// The library keeps the pointers that it is given, so names are static, and values must outlive the call that they are
/// for.
enum Parameter {
  /// The last of a list.
  static var end: OSSL_PARAM { unsafe OSSL_PARAM_construct_end() }

  /// A text, which is a constant.
  static func text(_ name: StaticString, _ value: StaticString) -> OSSL_PARAM {
    unsafe OSSL_PARAM_construct_utf8_string(
      characters(name), UnsafeMutablePointer(mutating: characters(value)), value.utf8CodeUnitCount)
  }

  /// Bytes; none are allowed too.
  static func octets(_ name: StaticString, _ value: UnsafeBufferPointer<UInt8>) -> OSSL_PARAM {
    // Something that is not null stands for no bytes: null would ask for the length.
    let start = unsafe UnsafeRawPointer(value.baseAddress) ?? UnsafeRawPointer(name.utf8Start)
    return unsafe OSSL_PARAM_construct_octet_string(
      characters(name), UnsafeMutableRawPointer(mutating: start), value.count)
  }

  private static func characters(_ text: StaticString) -> UnsafePointer<CChar> {
    unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
