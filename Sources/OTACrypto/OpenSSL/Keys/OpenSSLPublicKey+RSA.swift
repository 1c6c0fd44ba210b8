import COpenSSL
public import OTACrypto

extension OpenSSLPublicKey {
  /// Takes the numbers of an RSA key.
  ///
  /// - Parameters:
  ///   - rsaModulus: the modulus, most significant byte first.
  ///   - exponent: the public exponent.
  /// - Throws: `CryptoError.invalidKey` for lengths and exponents that are not those of ``OpenSSLKeyKind``;
  ///   `CryptoError.unavailable` without libcrypto.
  public convenience init(rsaModulus: Span<UInt8>, exponent: UInt32) throws(CryptoError) {
    let library = unsafe try OpenSSLLibrary.start()
    defer { ERR_clear_error() }
    guard rsaModulus.count <= 512,
      let made = unsafe OpenSSLPublicKey.make(modulus: rsaModulus, exponent: exponent, in: library)
    else { throw .invalidKey }
    try self.init(unsafe KeyHandle(owning: made))
  }

  private static func make(
    modulus: Span<UInt8>, exponent: UInt32, in library: OpaquePointer
  ) -> OpaquePointer? {
    guard let builder = unsafe OSSL_PARAM_BLD_new() else { return nil }
    defer { unsafe OSSL_PARAM_BLD_free(builder) }
    let number = unsafe modulus.withUnsafeBufferPointer { buffer in
      unsafe BN_bin2bn(buffer.baseAddress, Int32(buffer.count), nil)
    }
    defer { unsafe BN_free(number) }
    // The builder keeps the addresses of the names, so these must stay where they are.
    let (nameOfModulus, nameOfExponent): (StaticString, StaticString) = ("n", "e")
    guard unsafe number != nil,
      unsafe OSSL_PARAM_BLD_push_BN(builder, nameOfModulus.characters, number) == 1,
      unsafe OSSL_PARAM_BLD_push_uint32(builder, nameOfExponent.characters, exponent) == 1,
      let parameters = unsafe OSSL_PARAM_BLD_to_param(builder)
    else { return nil }
    defer { unsafe OSSL_PARAM_free(parameters) }
    guard let context = unsafe EVP_PKEY_CTX_new_from_name(library, "RSA", nil) else { return nil }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard unsafe EVP_PKEY_fromdata_init(context) == 1,
      unsafe EVP_PKEY_fromdata(context, &key, OSSL_KEYMGMT_SELECT_PUBLIC_KEY, parameters) == 1
    else { return nil }
    return unsafe key
  }

  /// The modulus of an RSA key, as long as the kind says, most significant byte first; `nil` for other kinds.
  public var rsaModulus: [UInt8]? {
    defer { ERR_clear_error() }
    guard kind.modulusBits > 0 else { return nil }
    return number("n", count: Int(kind.modulusBits) / 8)
  }

  /// The public exponent of an RSA key; `nil` for other kinds, and if it has more than 32 bits.
  public var rsaExponent: UInt32? {
    defer { ERR_clear_error() }
    guard kind.modulusBits > 0, let bytes = number("e", count: 4) else { return nil }
    return bytes.reduce(0) { $0 << 8 | UInt32($1) }
  }

  private func number(_ name: String, count: Int) -> [UInt8]? {
    var number: OpaquePointer?
    guard unsafe EVP_PKEY_get_bn_param(handle.pointer, name, &number) == 1 else { return nil }
    defer { unsafe BN_free(number) }
    var bytes = [UInt8](repeating: 0, count: count)
    guard unsafe BN_bn2binpad(number, &bytes, Int32(bytes.count)) == Int32(bytes.count) else { return nil }
    return bytes
  }
}

extension StaticString {
  /// The text as C has it; it is there as long as the program is.
  fileprivate var characters: UnsafePointer<CChar> {
    unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
