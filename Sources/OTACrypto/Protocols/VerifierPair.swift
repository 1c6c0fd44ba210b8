/// Two backends for signatures as one: the second is asked for what the first has not.
///
/// Without existentials, so that firmware links just the backends that it names; pairs can be nested.
public struct VerifierPair<First: SignatureVerifier, Second: SignatureVerifier>: SignatureVerifier {
  private let first: First
  private let second: Second

  /// Makes one backend of two.
  ///
  /// - Parameters:
  ///   - first: who is asked first.
  ///   - second: who is asked for the algorithms that `first` has not.
  public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }

  /// Checks a signature and returns only if it is good.
  ///
  /// What the first backend refuses is refused: the second is asked only if the first has not the algorithm.
  ///
  /// - Throws: as ``SignatureVerifier/verify(signature:of:by:)``; ``CryptoError/unsupportedAlgorithm`` if neither has the
  ///   algorithm.
  public func verify(
    signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey
  ) throws(CryptoError) {
    do throws(CryptoError) {
      try first.verify(signature: signature, of: message, by: key)
    } catch {
      guard error == .unsupportedAlgorithm else { throw error }
      try second.verify(signature: signature, of: message, by: key)
    }
  }
}
