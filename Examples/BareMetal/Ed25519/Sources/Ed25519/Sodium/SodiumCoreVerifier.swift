#if Sodium
import CSodiumCore
import OTACore
public import OTACrypto

/// Checks Ed25519 signatures with the part of libsodium that does so, and its own SHA-512: the code of `SodiumVerifier`
/// on a host, without the rest of the library.
///
/// - Note: Source: RFC 8032, section 5.1.7.
public struct SodiumCoreVerifier: SignatureVerifier {
  /// Makes a verifier.
  public init() {}

  /// Checks a signature and returns only if it is good.
  ///
  /// - Parameters:
  ///   - signature: the signature.
  ///   - message: what was signed.
  ///   - key: who should have signed it.
  /// - Throws: `CryptoError.authenticationFailed` if it is not good, `CryptoError.unsupportedAlgorithm` for a key that is
  ///   not of Ed25519.
  public func verify(
    signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey
  ) throws(CryptoError) {
    guard key.algorithm == .ed25519 else { throw .unsupportedAlgorithm }
    // libsodium reads 64 and 32 bytes, whatever it is given.
    guard signature.count == 64, key.count == 32 else { throw .authenticationFailed }
    let status = unsafe signature.withUnsafeBufferPointer { signature in
      unsafe message.withUnsafeBufferPointer { message in
        unsafe key.span.withUnsafeBufferPointer { key in
          unsafe crypto_sign_ed25519_verify_detached(
            signature.baseAddress, message.baseAddress, UInt64(message.count), key.baseAddress)
        }
      }
    }
    guard status == 0 else { throw .authenticationFailed }
  }
}
#endif
