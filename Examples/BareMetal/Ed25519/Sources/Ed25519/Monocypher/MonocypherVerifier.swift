import CMonocypher
import OTACore
public import OTACrypto

/// Checks Ed25519 signatures with Monocypher and the SHA-512 of `OTACrypto`: the smaller of the two libraries here.
///
/// Gives the verdicts of libsodium, and so those of `SodiumVerifier` on a host. To what Monocypher checks this adds what
/// libsodium refuses beside it, see ``EncodedPoint``; and Scripts/fetch-ed25519 takes the cofactor out of its equation.
///
/// - Note: Source: RFC 8032, section 5.1.7.
public struct MonocypherVerifier: SignatureVerifier {
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
    // Monocypher reads 64 and 32 bytes, whatever it is given.
    guard signature.count == 64, key.count == 32 else { throw .authenticationFailed }
    let commitment = signature.extracting(0..<32)
    guard EncodedPoint.isAcceptable(commitment), EncodedPoint.isAcceptable(key.span) else {
      throw .authenticationFailed
    }
    let challenge = Scalar.hash(commitment, key.span, message)
    let status = unsafe signature.withUnsafeBufferPointer { signature in
      unsafe key.span.withUnsafeBufferPointer { key in
        unsafe challenge.span.withUnsafeBufferPointer { challenge in
          unsafe crypto_eddsa_check_equation(signature.baseAddress, key.baseAddress, challenge.baseAddress)
        }
      }
    }
    guard status == 0 else { throw .authenticationFailed }
  }
}
