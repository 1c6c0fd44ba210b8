import COpenSSL
import OTACore
public import OTACrypto

/// A public key for ECDSA, RSA or key agreement, held by libcrypto.
///
/// Whatever it was read from, it is of a kind in ``OpenSSLKeyKind``, and its point is on the curve.
public final class OpenSSLPublicKey: Sendable {
  /// The most bytes of a SubjectPublicKeyInfo that are read: that of RSA with 4096 bits has 550.
  public static let maximumEncodedSize = 1024

  /// Which kind of key this is.
  public let kind: OpenSSLKeyKind
  let handle: KeyHandle

  /// Takes over a key, and checks it.
  init(_ handle: consuming KeyHandle) throws(CryptoError) {
    defer { ERR_clear_error() }
    guard let kind = OpenSSLKeyKind(of: handle) else { throw .invalidKey }
    let library = unsafe try OpenSSLLibrary.start()
    guard let check = unsafe EVP_PKEY_CTX_new_from_pkey(library, handle.pointer, nil) else {
      throw .unavailable
    }
    defer { unsafe EVP_PKEY_CTX_free(check) }
    guard unsafe EVP_PKEY_public_check(check) == 1 else { throw .invalidKey }
    self.kind = kind
    self.handle = handle
  }

  /// Reads a key from its DER form.
  ///
  /// - Parameter bytes: a SubjectPublicKeyInfo (RFC 5280, section 4.1), in the one encoding that DER has for it.
  /// - Throws: `CryptoError.invalidKey` for anything but one key of a kind in ``OpenSSLKeyKind``, for points outside the
  ///   curve, and for encodings that are not DER; `CryptoError.unavailable` without libcrypto.
  public convenience init(subjectPublicKeyInfo bytes: Span<UInt8>) throws(CryptoError) {
    let library = unsafe try OpenSSLLibrary.start()
    defer { ERR_clear_error() }
    guard bytes.count <= OpenSSLPublicKey.maximumEncodedSize else { throw .invalidKey }
    let key = unsafe bytes.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var position = buffer.baseAddress
      return unsafe d2i_PUBKEY_ex(nil, &position, buffer.count, library, nil)
    }
    guard let key = unsafe key else { throw .invalidKey }
    let handle = unsafe KeyHandle(owning: key)
    // DER has one encoding for one value. libcrypto reads others too, and does not mind bytes behind it.
    guard let again = OpenSSLPublicKey.encode(handle), again.count == bytes.count else { throw .invalidKey }
    for index in 0..<bytes.count where again[index] != bytes[index] { throw .invalidKey }
    try self.init(handle)
  }

  /// Reads a key from its PEM text.
  ///
  /// - Parameter text: one block with the label `PUBLIC KEY`, in strict form.
  /// - Throws: as ``init(subjectPublicKeyInfo:)``; `CryptoError.invalidKey` for any other text too.
  public convenience init(pem text: Span<UInt8>) throws(CryptoError) {
    var bytes = [UInt8](repeating: 0, count: OpenSSLPublicKey.maximumEncodedSize)
    let count: Int
    do throws(ParseError) {
      var writer = ByteWriter(bytes.mutableSpan)
      try PEM.decode(text, label: PEM.publicKeyLabel, into: &writer)
      count = writer.count
    } catch {
      throw .invalidKey
    }
    try self.init(subjectPublicKeyInfo: bytes.span.extracting(0..<count))
  }

  /// Takes the point of a key on an elliptic curve.
  ///
  /// - Parameters:
  ///   - kind: which curve.
  ///   - point: for P-256 and P-384 the uncompressed form of SEC 1, section 2.3.3: 4, then x and y, 65 or 97 bytes;
  ///     for X25519 the 32 bytes of RFC 7748.
  /// - Throws: `CryptoError.invalidKey` for another length or form, a point that is not on the curve, and kinds that
  ///   have no points; `CryptoError.unavailable` without libcrypto.
  public convenience init(_ kind: OpenSSLKeyKind, point: Span<UInt8>) throws(CryptoError) {
    let library = unsafe try OpenSSLLibrary.start()
    defer { ERR_clear_error() }
    let made: OpaquePointer?
    if kind == .x25519 {
      guard point.count == 32 else { throw .invalidKey }
      unsafe made = point.withUnsafeBufferPointer { point in
        unsafe EVP_PKEY_new_raw_public_key_ex(library, "X25519", nil, point.baseAddress, point.count)
      }
    } else {
      guard let group = kind.groupName, point.count == 1 + 2 * kind.coordinateSize, point[0] == 4 else {
        throw .invalidKey
      }
      unsafe made = OpenSSLPublicKey.make(group: group, point: point, in: library)
    }
    guard let made = unsafe made else { throw .invalidKey }
    try self.init(unsafe KeyHandle(owning: made))
  }

  private static func make(
    group: StaticString, point: Span<UInt8>, in library: OpaquePointer
  ) -> OpaquePointer? {
    guard let context = unsafe EVP_PKEY_CTX_new_from_name(library, "EC", nil) else { return nil }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    guard unsafe EVP_PKEY_fromdata_init(context) == 1 else { return nil }
    return unsafe point.withUnsafeBufferPointer { point -> OpaquePointer? in
      var parameters = unsafe [
        Parameter.text("group", group), Parameter.octets("pub", point), Parameter.end,
      ]
      // EVP_PKEY_PUBLIC_KEY is a macro over these.
      let parts = OSSL_KEYMGMT_SELECT_PUBLIC_KEY | OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS
      var key: OpaquePointer?
      guard unsafe EVP_PKEY_fromdata(context, &key, parts, &parameters) == 1 else { return nil }
      return unsafe key
    }
  }

  /// The DER form, a SubjectPublicKeyInfo.
  ///
  /// - Throws: `CryptoError.unavailable` if there is no memory.
  public func subjectPublicKeyInfo() throws(CryptoError) -> [UInt8] {
    defer { ERR_clear_error() }
    guard let bytes = OpenSSLPublicKey.encode(handle) else { throw .unavailable }
    return bytes
  }

  /// Writes the PEM text, with the label `PUBLIC KEY`.
  ///
  /// - Throws: `CryptoError.unavailable` if there is no memory.
  public func pem() throws(CryptoError) -> [UInt8] {
    let info = try subjectPublicKeyInfo()
    do throws(ParseError) {
      return try [UInt8](capacity: 2 * OpenSSLPublicKey.maximumEncodedSize) { (writer) throws(ParseError) in
        try PEM.encode(info.span, label: PEM.publicKeyLabel, into: &writer)
      }
    } catch {
      throw .unavailable
    }
  }

  /// The point, in the form that ``init(_:point:)`` takes; `nil` for RSA.
  public var point: [UInt8]? {
    defer { ERR_clear_error() }
    switch kind {
    case .rsa2048, .rsa3072, .rsa4096:
      return nil
    case .x25519:
      return handle.octets("pub")
    case .p256, .p384:
      // The property "encoded-pub-key" may be compressed, as the key was when it was read; the coordinates are not.
      guard let x = coordinate("qx"), let y = coordinate("qy") else { return nil }
      return [4] + x + y
    }
  }

  private func coordinate(_ name: String) -> [UInt8]? {
    var number: OpaquePointer?
    guard unsafe EVP_PKEY_get_bn_param(handle.pointer, name, &number) == 1 else { return nil }
    defer { unsafe BN_free(number) }
    var bytes = [UInt8](repeating: 0, count: kind.coordinateSize)
    guard unsafe BN_bn2binpad(number, &bytes, Int32(bytes.count)) == Int32(bytes.count) else { return nil }
    return bytes
  }

  /// A number of the key without zeros in front, such as the modulus `n`; `nil` if it has none.
  func number(_ name: String) -> [UInt8]? {
    defer { ERR_clear_error() }
    var number: OpaquePointer?
    guard unsafe EVP_PKEY_get_bn_param(handle.pointer, name, &number) == 1 else { return nil }
    defer { unsafe BN_free(number) }
    // BN_num_bytes is a macro over this.
    let size = (unsafe BN_num_bits(number) + 7) / 8
    guard size > 0, size <= 512 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    guard unsafe BN_bn2binpad(number, &bytes, size) == size else { return nil }
    return bytes
  }

  private static func encode(_ handle: borrowing KeyHandle) -> [UInt8]? {
    let count = unsafe i2d_PUBKEY(handle.pointer, nil)
    guard count > 0, count <= maximumEncodedSize else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(count))
    let written = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      var position = buffer.baseAddress
      return unsafe i2d_PUBKEY(handle.pointer, &position)
    }
    return written == count ? bytes : nil
  }
}
