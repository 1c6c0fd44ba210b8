public import OTACore
public import OTACrypto
public import OTACryptoOpenSSL
public import OTAPartition

/// Checks signatures under images of ESP-IDF with libcrypto: RSA-PSS, and ECDSA on P-256 and P-384.
public struct OpenSSLEspressifVerifier: EspressifSignatureVerifier {
  /// Makes a verifier; it holds nothing.
  public init() {}

  /// Checks a signature and returns only if it is good.
  ///
  /// - Parameters:
  ///   - signature: one number of RSA, or r and s, each with its most significant byte first.
  ///   - digest: the digest that was signed.
  ///   - key: the key; its digest is trusted.
  /// - Throws: `CryptoError.authenticationFailed` if it is not good; `CryptoError.invalidKey` for numbers that are not a
  ///   key; `CryptoError.unsupportedAlgorithm` for a digest of another function than the scheme's;
  ///   `CryptoError.unavailable` without libcrypto.
  public func verify(
    signature: Span<UInt8>, of digest: Digest, by key: borrowing EspressifPublicKey
  ) throws(CryptoError) {
    let publicKey = try OpenSSLPublicKey(espressif: key)
    try publicKey.verify(signature: signature, ofDigest: digest, scheme: key.scheme.openSSL)
  }
}

extension EspressifSignatureScheme {
  /// The same scheme of libcrypto.
  var openSSL: OpenSSLSignatureScheme {
    switch self {
    case .rsa3072: .rsaPSSSHA256
    case .p256: .ecdsaP256SHA256Fixed
    case .p384: .ecdsaP384SHA384Fixed
    }
  }
}

extension OpenSSLPublicKey {
  /// Takes a key out of a signature block.
  ///
  /// - Parameter key: the numbers of the key.
  /// - Throws: `CryptoError.invalidKey` for numbers that are not a key; `CryptoError.unavailable` without libcrypto.
  public convenience init(espressif key: borrowing EspressifPublicKey) throws(CryptoError) {
    let kind: OpenSSLKeyKind
    switch key.scheme {
    case .rsa3072:
      try self.init(rsaModulus: key.bytes, exponent: key.exponent)
      guard self.kind == .rsa3072 else { throw .invalidKey }
      return
    case .p256: kind = .p256
    case .p384: kind = .p384
    }
    var point: [UInt8] = [4]
    for index in 0..<key.bytes.count { point.append(key.bytes[index]) }
    try self.init(kind, point: point.span)
  }
}

extension EspressifPublicKey {
  /// Takes a key of libcrypto.
  ///
  /// - Parameter key: RSA with 3072 bits and an exponent of at most 32, P-256, or P-384.
  /// - Throws: `CryptoError.unsupportedAlgorithm` for other keys.
  public init(_ key: OpenSSLPublicKey) throws(CryptoError) {
    let scheme: EspressifSignatureScheme
    switch key.kind {
    case .rsa3072: scheme = .rsa3072
    case .p256: scheme = .p256
    case .p384: scheme = .p384
    case .rsa2048, .rsa4096, .x25519: throw .unsupportedAlgorithm
    }
    let made: EspressifPublicKey?
    if let modulus = key.rsaModulus, let exponent = key.rsaExponent {
      made = EspressifPublicKey(scheme, bytes: modulus.span, exponent: exponent)
    } else if let point = key.point {
      made = EspressifPublicKey(scheme, bytes: point.span.extracting(1..<point.count))
    } else {
      made = nil
    }
    guard let made else { throw .unsupportedAlgorithm }
    self = made
  }

  /// The digest by which chips know the key, made with libcrypto.
  public var digest: Digest { digest(using: OpenSSLSHA256.self) }
}
