import COpenSSL
import OTACore
public import OTACrypto

/// A private key for ECDSA, RSA or key agreement, held by libcrypto, which overwrites it when the last owner goes.
public final class OpenSSLPrivateKey: Sendable {
  /// The most bytes of a PKCS#8 PrivateKeyInfo that are read: that of RSA with 4096 bits has less than 2400.
  public static let maximumEncodedSize = 4096

  /// The public part.
  public let publicKey: OpenSSLPublicKey
  let handle: KeyHandle

  /// Takes over a key, and checks that its parts belong together.
  private init(_ handle: consuming KeyHandle) throws(CryptoError) {
    defer { ERR_clear_error() }
    let library = unsafe try OpenSSLLibrary.start()
    guard let check = unsafe EVP_PKEY_CTX_new_from_pkey(library, handle.pointer, nil) else {
      throw .unavailable
    }
    defer { unsafe EVP_PKEY_CTX_free(check) }
    guard OpenSSLKeyKind(of: handle) != nil, unsafe EVP_PKEY_pairwise_check(check) == 1 else {
      throw .invalidKey
    }
    publicKey = try OpenSSLPublicKey(OpenSSLPrivateKey.publicPart(of: handle))
    self.handle = handle
  }

  /// The public part by itself, so that nothing that only verifies keeps the private one alive.
  private static func publicPart(of handle: borrowing KeyHandle) throws(CryptoError) -> KeyHandle {
    let library = unsafe try OpenSSLLibrary.start()
    var bytes: UnsafeMutablePointer<UInt8>?
    let count = unsafe i2d_PUBKEY(handle.pointer, &bytes)
    guard count > 0, let start = unsafe bytes else { throw .invalidKey }
    defer { unsafe CRYPTO_free(start, #fileID, #line) }
    var position: UnsafePointer<UInt8>? = unsafe UnsafePointer(start)
    guard let key = unsafe d2i_PUBKEY_ex(nil, &position, Int(count), library, nil) else { throw .invalidKey }
    return unsafe KeyHandle(owning: key)
  }

  /// Generates a key.
  ///
  /// - Parameter kind: which kind of key. RSA with 4096 bits takes seconds.
  /// - Returns: a new key.
  /// - Throws: `CryptoError.unavailable` if libcrypto can not.
  public static func generate(_ kind: OpenSSLKeyKind) throws(CryptoError) -> OpenSSLPrivateKey {
    let library = unsafe try OpenSSLLibrary.start()
    defer { ERR_clear_error() }
    guard let context = unsafe EVP_PKEY_CTX_new_from_name(library, kind.algorithmName, nil) else {
      throw .unavailable
    }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    guard unsafe EVP_PKEY_keygen_init(context) == 1 else { throw .unavailable }
    if kind.isWeierstrass {
      guard let group = kind.groupName, unsafe EVP_PKEY_CTX_set_group_name(context, group.description) == 1
      else { throw .unavailable }
    } else if kind.modulusBits > 0 {
      guard unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, kind.modulusBits) == 1 else {
        throw .unavailable
      }
    }
    var key: OpaquePointer?
    guard unsafe EVP_PKEY_generate(context, &key) == 1, let key = unsafe key else { throw .unavailable }
    return try OpenSSLPrivateKey(unsafe KeyHandle(owning: key))
  }

  /// Reads a key from its DER form.
  ///
  /// - Parameter bytes: an unencrypted PKCS#8 PrivateKeyInfo (RFC 5958); the caller zeroes it.
  /// - Throws: `CryptoError.invalidKey` for anything but one key of a kind in ``OpenSSLKeyKind`` whose parts belong
  ///   together; `CryptoError.unavailable` without libcrypto.
  public convenience init(privateKeyInfo bytes: Span<UInt8>) throws(CryptoError) {
    let library = unsafe try OpenSSLLibrary.start()
    defer { ERR_clear_error() }
    guard bytes.count <= OpenSSLPrivateKey.maximumEncodedSize else { throw .invalidKey }
    let made = unsafe bytes.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      guard let start = buffer.baseAddress else { return nil }
      var position: UnsafePointer<UInt8>? = unsafe start
      guard let info = unsafe d2i_PKCS8_PRIV_KEY_INFO(nil, &position, buffer.count) else { return nil }
      defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
      guard unsafe position == start + buffer.count else { return nil }
      return unsafe EVP_PKCS82PKEY_ex(info, library, nil)
    }
    guard let made = unsafe made else { throw .invalidKey }
    try self.init(unsafe KeyHandle(owning: made))
  }

  /// Reads a key from its PEM text.
  ///
  /// - Parameter text: one block with the label `PRIVATE KEY` (PKCS#8), in strict form; the caller zeroes it.
  /// - Throws: as ``init(privateKeyInfo:)``; `CryptoError.invalidKey` for any other text too.
  public convenience init(pem text: Span<UInt8>) throws(CryptoError) {
    var bytes = [UInt8](repeating: 0, count: OpenSSLPrivateKey.maximumEncodedSize)
    defer { unsafe OPENSSL_cleanse(&bytes, bytes.count) }
    let count: Int
    do throws(ParseError) {
      var writer = ByteWriter(bytes.mutableSpan)
      try PEM.decode(text, label: PEM.privateKeyLabel, into: &writer)
      count = writer.count
    } catch {
      throw .invalidKey
    }
    try self.init(privateKeyInfo: bytes.span.extracting(0..<count))
  }

  /// Takes the secret number of a key on an elliptic curve.
  ///
  /// - Parameters:
  ///   - kind: which curve.
  ///   - scalar: for P-256 and P-384 the number, most significant byte first, 32 or 48 bytes; for X25519 the 32 bytes
  ///     of RFC 7748. The caller zeroes it.
  /// - Throws: `CryptoError.invalidKey` for another length, a number that is zero or not below the order of the curve,
  ///   and kinds that have no curve; `CryptoError.unavailable` without libcrypto.
  public convenience init(_ kind: OpenSSLKeyKind, scalar: Span<UInt8>) throws(CryptoError) {
    let library = unsafe try OpenSSLLibrary.start()
    defer { ERR_clear_error() }
    let size = kind.coordinateSize
    guard size > 0, scalar.count == size else { throw .invalidKey }
    let made: OpaquePointer?
    if kind == .x25519 {
      unsafe made = scalar.withUnsafeBufferPointer { scalar in
        unsafe EVP_PKEY_new_raw_private_key_ex(library, "X25519", nil, scalar.baseAddress, scalar.count)
      }
      guard let made = unsafe made else { throw .invalidKey }
      try self.init(unsafe KeyHandle(owning: made))
      return
    }
    // ECPrivateKey (RFC 5915) without the point, which libcrypto computes, in a PrivateKeyInfo: no other way from the
    // number alone to a key goes through functions that are not deprecated.
    var info = [UInt8](repeating: 0, count: 96)
    defer { unsafe OPENSSL_cleanse(&info, info.count) }
    let count: Int
    do throws(ParseError) {
      var writer = ByteWriter(info.mutableSpan)
      try kind.writePrivateKeyInfo(scalar: scalar, into: &writer)
      count = writer.count
    } catch {
      throw .invalidKey
    }
    try self.init(privateKeyInfo: info.span.extracting(0..<count))
  }

  /// Lends the DER form, an unencrypted PKCS#8 PrivateKeyInfo, for as long as `body` runs; it is zeroed afterwards.
  ///
  /// - Parameter body: reads the bytes; what it copies is the caller's to zero.
  /// - Returns: what `body` returns.
  /// - Throws: what `body` throws.
  /// - Precondition: There is memory for it.
  public func withPrivateKeyInfo<Result: ~Copyable, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { ERR_clear_error() }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count: Int32 = 0
    if let info = unsafe EVP_PKEY2PKCS8(handle.pointer) {
      count = unsafe i2d_PKCS8_PRIV_KEY_INFO(info, &bytes)
      unsafe PKCS8_PRIV_KEY_INFO_free(info)
    }
    guard count > 0, let start = unsafe bytes else { preconditionFailure("no memory for a private key") }
    defer { unsafe CRYPTO_clear_free(start, Int(count), #fileID, #line) }
    return try body(unsafe UnsafeBufferPointer(start: start, count: Int(count)).span)
  }

  /// Lends the PEM text, with the label `PRIVATE KEY`, for as long as `body` runs; it is zeroed afterwards.
  ///
  /// - Parameter body: reads the text; what it copies is the caller's to zero.
  /// - Returns: what `body` returns.
  /// - Throws: what `body` throws.
  /// - Precondition: There is memory for it.
  public func withPEM<Result: ~Copyable, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var text = [UInt8](repeating: 0, count: PEM.maximumTextSize)
    defer { unsafe OPENSSL_cleanse(&text, text.count) }
    let count = withPrivateKeyInfo { (info) -> Int in
      do throws(ParseError) {
        var writer = ByteWriter(text.mutableSpan)
        try PEM.encode(info, label: PEM.privateKeyLabel, into: &writer)
        return writer.count
      } catch {
        preconditionFailure("no private key is longer than the text that is read")
      }
    }
    return try body(text.span.extracting(0..<count))
  }
}

extension OpenSSLKeyKind {
  /// Writes a PrivateKeyInfo with nothing but the number.
  ///
  /// - Note: Source: RFC 5958, section 2; RFC 5915, section 3; RFC 5480, section 2.1.1.
  fileprivate func writePrivateKeyInfo(
    scalar: Span<UInt8>, into writer: inout ByteWriter
  ) throws(ParseError) {
    let size = UInt8(truncatingIfNeeded: scalar.count)
    // SEQUENCE { 0, SEQUENCE { id-ecPublicKey, curve }, OCTET STRING { SEQUENCE { 1, OCTET STRING } } }
    let publicKeyAlgorithm: InlineArray<9, UInt8> = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]
    let p256: InlineArray<10, UInt8> = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]
    let p384: InlineArray<7, UInt8> = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22]
    let algorithmSize: UInt8 = self == .p256 ? 19 : 16
    // Every length is below 128: 3 + 2 + 19 + 2 + 2 + 3 + 2 + 48.
    try writer.write([0x30, 3 + 2 + algorithmSize + 2 + 2 + 3 + 2 + size, 0x02, 0x01, 0x00].span)
    try writer.write([0x30, algorithmSize].span)
    try writer.write(publicKeyAlgorithm.span)
    if self == .p256 { try writer.write(p256.span) } else { try writer.write(p384.span) }
    try writer.write([0x04, 2 + 3 + 2 + size, 0x30, 3 + 2 + size, 0x02, 0x01, 0x01, 0x04, size].span)
    try writer.write(scalar)
  }
}
