public import OTACore
public import OTACrypto

/// The keys whose signatures under images of ESP-IDF are believed, by their digests, as chips keep them in eFuses.
public struct EspressifKeyDigests: Sendable {
  /// The most digests of a set: as many as a chip has places for.
  public static var capacity: Int { 3 }

  /// How many keys are trusted.
  public private(set) var count = 0
  private var digests = InlineArray<3, Digest?>(repeating: nil)

  /// Trusts nobody.
  public init() {}

  /// Trusts one more key.
  ///
  /// Adding a key twice is not an error.
  ///
  /// - Parameter digest: the SHA-256 of the key, see ``EspressifSignatureBlock/keyDigest``.
  /// - Throws: ``EspressifError/tooManyKeys`` if the set already holds ``capacity`` other keys;
  ///   ``EspressifError/unsupportedHash(_:)`` for a digest that is not one of SHA-256.
  public mutating func add(_ digest: Digest) throws(EspressifError) {
    guard digest.algorithm == .sha256 else { throw .unsupportedHash(digest.algorithm) }
    guard !contains(digest) else { return }
    guard count < EspressifKeyDigests.capacity else { throw .tooManyKeys }
    digests[count] = digest
    count += 1
  }

  /// Whether a key is trusted.
  public func contains(_ digest: Digest) -> Bool {
    for index in 0..<count where digests[index] == digest { return true }
    return false
  }
}

/// A backend that checks signatures under images of ESP-IDF.
///
/// `OTAEspressif` has one over libcrypto. A boot loader brings its own: the chip has these functions in ROM.
public protocol EspressifSignatureVerifier: Sendable {
  /// Checks a signature and returns only if it is good.
  ///
  /// - Parameters:
  ///   - signature: one number of RSA, or r and s of ECDSA, each with its most significant byte first; as long as the scheme
  ///     of the key says.
  ///   - digest: the digest that was signed, of the function that the scheme of the key says. It is not hashed again.
  ///   - key: the key; its digest is trusted.
  /// - Throws: `CryptoError.authenticationFailed` if it is not good; `CryptoError.invalidKey` for numbers that are not a
  ///   key; `CryptoError.unsupportedAlgorithm` if the backend has not the scheme; `CryptoError.unavailable` if the backend
  ///   could not start.
  func verify(
    signature: Span<UInt8>, of digest: Digest, by key: borrowing EspressifPublicKey
  ) throws(CryptoError)
}
