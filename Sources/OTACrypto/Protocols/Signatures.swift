public import OTACore

/// A backend that checks signatures.
///
/// Backends: ``HSSVerifier`` here, `SodiumVerifier` of `OTACryptoSodium`, `OpenSSLVerifier` of `OTACryptoOpenSSL`; firmware
/// brings its own. ``VerifierPair`` makes one of two.
public protocol SignatureVerifier: Sendable {
  /// Checks a signature and returns only if it is good.
  ///
  /// - Throws: ``CryptoError/authenticationFailed`` if it is not, without any detail why, also because the bytes of the
  ///   key are not a key;
  ///   ``CryptoError/unsupportedAlgorithm`` if the backend has not the algorithm; ``CryptoError/unavailable`` if the
  ///   backend could not start.
  func verify(signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey) throws(CryptoError)
}

/// Why a cryptographic operation gave no result.
public enum CryptoError: UInt8, Error, Equatable, Sendable {
  /// The backend could not start.
  case unavailable
  /// A signature or tag is wrong. One case, without detail.
  case authenticationFailed
  /// No key with this identifier is trusted.
  case unknownKey
  /// The bytes are not a key of this algorithm.
  case invalidKey
  /// No linked backend has this algorithm.
  case unsupportedAlgorithm
  /// The key is trusted, but not for this.
  case keyNotAuthorized
  /// A trust store holds as many keys as it may.
  case tooManyKeys

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .unavailable: .cryptoUnavailable
    case .authenticationFailed: .authenticationFailed
    case .unknownKey: .unknownKey
    case .invalidKey: .invalidKey
    case .unsupportedAlgorithm: .unsupportedAlgorithm
    case .keyNotAuthorized: .keyNotAuthorized
    case .tooManyKeys: .capacityExceeded
    }
  }
}
