#if !hasFeature(Embedded)
extension CryptoError: CustomStringConvertible {
  /// One clause for people, without a capital and without a full stop.
  public var description: String {
    switch self {
    case .unavailable: "the cryptographic backend or the key is not available"
    case .authenticationFailed: "the signature is not good"
    case .unknownKey: "no key with this identifier is trusted"
    case .invalidKey: "these bytes are not a key of a supported kind"
    case .unsupportedAlgorithm: "no backend has this algorithm"
    case .keyNotAuthorized: "the key is trusted, but not for this"
    case .tooManyKeys: "the trust store holds \(TrustStore.capacity) keys and takes no more"
    }
  }
}
#endif
