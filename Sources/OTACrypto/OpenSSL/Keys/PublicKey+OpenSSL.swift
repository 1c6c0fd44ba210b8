import OTACore
public import OTACrypto

extension OpenSSLPublicKey {
  /// Gives a key of COSE to libcrypto, and checks its point.
  ///
  /// - Throws: `CryptoError.invalidKey` for a point that is not on the curve; `CryptoError.unsupportedAlgorithm` for
  ///   another algorithm than ECDSA; `CryptoError.unavailable` without libcrypto.
  public convenience init(_ key: PublicKey) throws(CryptoError) {
    let kind: OpenSSLKeyKind
    switch key.algorithm {
    case .es256: kind = .p256
    case .es384: kind = .p384
    case .ed25519, .hssLMS: throw .unsupportedAlgorithm
    }
    var point = InlineArray<97, UInt8>(repeating: 0)
    // Uncompressed: SEC 1, section 2.3.3.
    point[0] = 4
    for index in 0..<key.count { point[1 + index] = key.span[index] }
    try self.init(kind, point: point.span.extracting(0..<1 + key.count))
  }

  /// The name of the key, for keys of any kind: the thumbprint of its COSE_Key.
  ///
  /// - Throws: `CryptoError.unavailable` if there is no memory.
  /// - Note: Source: RFC 9679, section 4: `{1: 3, -1: n, -2: e}` for RSA (RFC 8230, section 4), and
  ///   `{1: 1, -1: 4, -2: x}` for X25519.
  public func keyIdentifier() throws(CryptoError) -> KeyIdentifier {
    switch kind {
    case .p256, .p384:
      return KeyIdentifier(of: try PublicKey(self))
    case .x25519:
      guard let point, point.count == 32 else { throw .unavailable }
      return try KeyIdentifier(ofKeyEncodedAs: [0xa3, 0x01, 0x01, 0x20, 0x04, 0x21, 0x58, 0x20] + point)
    case .rsa2048, .rsa3072, .rsa4096:
      guard let modulus = number("n"), let exponent = number("e"), exponent.count < 24 else {
        throw .unavailable
      }
      let size = [UInt8(truncatingIfNeeded: modulus.count >> 8), UInt8(truncatingIfNeeded: modulus.count)]
      // A modulus has 256 bytes at least, so that its head has two bytes of length.
      return try KeyIdentifier(
        ofKeyEncodedAs: [0xa3, 0x01, 0x03, 0x20, 0x59] + size + modulus
          + [0x21, 0x40 + UInt8(truncatingIfNeeded: exponent.count)] + exponent)
    }
  }
}

extension PublicKey {
  /// Takes an ECDSA key of libcrypto.
  ///
  /// - Throws: `CryptoError.unsupportedAlgorithm` for keys of RSA and X25519; `CryptoError.unavailable` if there is no
  ///   memory.
  public init(_ key: OpenSSLPublicKey) throws(CryptoError) {
    let algorithm: SignatureAlgorithm
    switch key.kind {
    case .p256: algorithm = .es256
    case .p384: algorithm = .es384
    case .rsa2048, .rsa3072, .rsa4096, .x25519: throw .unsupportedAlgorithm
    }
    guard let point = key.point else { throw .unavailable }
    try self.init(algorithm: algorithm, copying: point.span.extracting(1..<point.count))
  }
}

extension KeyIdentifier {
  /// Hashes an encoded COSE_Key.
  fileprivate init(ofKeyEncodedAs bytes: [UInt8]) throws(CryptoError) {
    do throws(ParseError) {
      try self.init(bytes: SHA256.digest(of: bytes.span).bytes)
    } catch {
      throw .unavailable
    }
  }
}
