import CSodium
public import OTACrypto

/// Checks Ed25519 signatures with libsodium.
///
/// Strict: refuses keys and commitments of small order and numbers that are not reduced, so that one message has
/// one signature.
///
/// - Note: Source: RFC 8032, section 5.1.7.
public struct SodiumVerifier: SignatureVerifier {
  /// Makes a verifier.
  public init() {}

  /// Checks a signature and returns only if it is good.
  ///
  /// - Parameters:
  ///   - signature: the signature.
  ///   - message: what was signed.
  ///   - key: who should have signed it.
  /// - Throws: `CryptoError.authenticationFailed` if it is not good, `CryptoError.unsupportedAlgorithm` for a key that is
  ///   not of Ed25519, `CryptoError.unavailable` if the backend could not start.
  public func verify(
    signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey
  ) throws(CryptoError) {
    try Sodium.start()
    guard key.algorithm == .ed25519 else { throw .unsupportedAlgorithm }
    // libsodium reads 64 and 32 bytes, whatever it is given.
    guard signature.count == 64, key.count == 32 else { throw .authenticationFailed }
    let status = unsafe signature.withUnsafeBufferPointer { signature in
      unsafe message.withUnsafeBufferPointer { message in
        guard let start = signature.baseAddress else { return Int32(-1) }
        return unsafe crypto_sign_verify_detached(
          start, message.baseAddress, UInt64(message.count), key.bytes)
      }
    }
    guard status == 0 else { throw .authenticationFailed }
  }
}
