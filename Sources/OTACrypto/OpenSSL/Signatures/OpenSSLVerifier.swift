public import OTACrypto

/// Checks ECDSA signatures with libcrypto.
///
/// Ed25519 is not here on purpose: see Docs/Crypto.md.
public struct OpenSSLVerifier: SignatureVerifier {
  /// Makes a verifier.
  public init() {}

  /// Checks a signature and returns only if it is good.
  ///
  /// - Parameters:
  ///   - signature: r and s, as long as the curve has them.
  ///   - message: what was signed.
  ///   - key: who should have signed it.
  /// - Throws: `CryptoError.authenticationFailed` if it is not good, and for a key whose point is not on the curve;
  ///   `CryptoError.unsupportedAlgorithm` for keys that are not of ECDSA; `CryptoError.unavailable` without libcrypto.
  public func verify(
    signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey
  ) throws(CryptoError) {
    guard let scheme = OpenSSLSignatureScheme(key.algorithm) else { throw .unsupportedAlgorithm }
    let handle: OpenSSLPublicKey
    do throws(CryptoError) {
      handle = try OpenSSLPublicKey(key)
    } catch {
      throw error == .invalidKey ? .authenticationFailed : error
    }
    try handle.verify(signature: signature, of: message, scheme: scheme)
  }
}

extension OpenSSLSignatureScheme {
  /// The scheme of an algorithm of COSE; `nil` if libcrypto is not asked for it.
  ///
  /// - Note: Source: RFC 9053, section 2.1: the signature is r and s, each as long as a coordinate.
  init?(_ algorithm: SignatureAlgorithm) {
    switch algorithm {
    case .es256: self = .ecdsaP256SHA256Fixed
    case .es384: self = .ecdsaP384SHA384Fixed
    case .ed25519, .hssLMS: return nil
    }
  }
}
