import OTACore
import OTACrypto
import OTADelta

/// Takes the SHA-256 digest of an image that is copied to it.
struct DigestSink: ImageSink {
  private var hash = SHA256()

  /// The digest of everything that was written.
  var digest: Digest { hash.finalize() }

  mutating func write(_ bytes: Span<UInt8>) throws(Never) { hash.update(bytes) }
}
