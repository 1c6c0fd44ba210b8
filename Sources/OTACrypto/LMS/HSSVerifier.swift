import OTACore

/// Checks signatures of HSS with any hash function; runs on bare metal.
///
/// Knows the keys of one hash function: `HSSVerifier(SHA256.self)` is for the sets with SHA-256, and a ``VerifierPair``
/// with a second one for SHAKE256 is for all sets.
public struct HSSVerifier<Hash: HashFunction & SendableMetatype & ~Copyable>: SignatureVerifier {
  /// Makes a verifier; the hash function is named by its type.
  ///
  /// - Precondition: it is SHA-256 or SHAKE256.
  public init(_ hash: Hash.Type) {
    precondition(
      Hash.algorithm == .sha256 || Hash.algorithm == .shake256, "HSS has SHA-256 and SHAKE256 only")
  }

  /// Checks a signature and returns only if it is good.
  ///
  /// - Throws: ``CryptoError/authenticationFailed`` if it is not, without any detail why;
  ///   ``CryptoError/unsupportedAlgorithm`` for keys of another algorithm or hash function.
  public func verify(
    signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey
  ) throws(CryptoError) {
    guard key.algorithm == .hssLMS else { throw .unsupportedAlgorithm }
    let hss: HSSPublicKey
    do throws(CryptoError) {
      hss = try HSSPublicKey(parsing: key.span)
    } catch {
      throw .authenticationFailed
    }
    try hss.verify(signature: signature, of: message, using: Hash.self)
  }
}
