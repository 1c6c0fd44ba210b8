#if !hasFeature(Embedded)
public import OTACore

/// What one cryptographic library brings: the entry in the list that ``CryptoBackends`` chooses from.
///
/// Each module with a backend has one: `portable` here, `sodium` in `OTACryptoSodium`, `openSSL` in `OTACryptoOpenSSL`.
/// Naming it links it.
public struct CryptoBackend: Sendable {
  /// A hash function of the library.
  public struct Hash: Sendable {
    /// Which function.
    public let algorithm: DigestAlgorithm
    let start: @Sendable () -> HashState

    /// Takes a type that computes it.
    public init<Function: HashFunction & SendableMetatype & ~Copyable>(_ type: Function.Type) {
      algorithm = Function.algorithm
      start = { StateOf<Function>() }
    }
  }

  /// A name for people, such as `libsodium`.
  public let name: String
  /// The hash functions that it has.
  public let hashes: [Hash]
  /// The signatures that ``verifier`` checks.
  public let signatures: Set<SignatureAlgorithm>
  /// What checks signatures, if it does.
  public let verifier: (any SignatureVerifier)?

  /// Describes a backend.
  ///
  /// - Parameters:
  ///   - name: a name for people; no two backends of a list have the same one.
  ///   - hashes: the hash functions that it has, each once.
  ///   - signatures: the signatures that `verifier` checks.
  ///   - verifier: what checks them.
  public init(
    name: String, hashes: [Hash], signatures: Set<SignatureAlgorithm> = [],
    verifier: (any SignatureVerifier)? = nil
  ) {
    self.name = name
    self.hashes = hashes
    self.signatures = signatures
    self.verifier = verifier
  }

  /// The hash functions in portable Swift, and HSS with SHA-256.
  public static let portable = CryptoBackend(
    name: "portable", hashes: [Hash(SHA256.self), Hash(SHA512.self)],
    signatures: [.hssLMS], verifier: HSSVerifier(SHA256.self))
}
#endif
