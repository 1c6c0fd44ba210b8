import COpenSSL

/// Owns a key of libcrypto.
///
/// Every thread may use one key at once, as long as nobody changes it; nobody here does.
struct KeyHandle: ~Copyable, Sendable {
  // A number, since pointers are not Sendable.
  private let address: UInt

  /// Takes over a key.
  init(owning key: OpaquePointer) {
    address = UInt(bitPattern: key)
  }

  /// Becomes one more owner of a key.
  init?(sharing key: OpaquePointer) {
    guard unsafe EVP_PKEY_up_ref(key) == 1 else { return nil }
    address = UInt(bitPattern: key)
  }

  /// The key, for as long as this value lives.
  var pointer: OpaquePointer? { unsafe OpaquePointer(bitPattern: address) }

  deinit {
    // Private parts are overwritten before they are freed.
    unsafe EVP_PKEY_free(pointer)
  }

  /// Whether a property of the key that is a text is this one.
  borrowing func hasText(_ name: String, equalTo text: String) -> Bool {
    var value = [CChar](repeating: 0, count: 64)
    var length = 0
    guard unsafe EVP_PKEY_get_utf8_string_param(pointer, name, &value, value.count, &length) == 1 else {
      return false
    }
    return String(decoding: value.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) == text
  }

  /// A property of the key that is bytes; `nil` if it has none or has more than 1 KiB of it.
  borrowing func octets(_ name: String) -> [UInt8]? {
    var value = [UInt8](repeating: 0, count: 1024)
    var length = 0
    guard unsafe EVP_PKEY_get_octet_string_param(pointer, name, &value, value.count, &length) == 1,
      length <= value.count
    else { return nil }
    value.removeLast(value.count - length)
    return value
  }
}
