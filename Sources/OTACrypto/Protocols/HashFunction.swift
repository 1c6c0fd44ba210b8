public import OTACore

/// A hash function as a value that bytes are fed to.
///
/// Backends: ``SHA256`` and ``SHA512`` in portable Swift here; `OTACryptoSodium` for hosts.
public protocol HashFunction: ~Copyable {
  /// Which function this is.
  static var algorithm: DigestAlgorithm { get }

  /// Starts with no bytes.
  init()

  /// Feeds bytes; any division into calls gives the same digest.
  mutating func update(_ bytes: Span<UInt8>)

  /// Ends and returns the digest.
  consuming func finalize() -> Digest
}

extension HashFunction where Self: ~Copyable {
  /// The digest of bytes that are all at hand.
  public static func digest(of bytes: Span<UInt8>) -> Digest {
    var hash = Self()
    hash.update(bytes)
    return hash.finalize()
  }
}
