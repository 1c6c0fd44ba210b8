import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium

/// The hash functions that metadata may name.
enum Hashing {
  private static let backends = CryptoBackends([.openSSL, .sodium])

  static func start(_ algorithm: DigestAlgorithm) throws(TUFError) -> AnyHash {
    do {
      return try backends.hash(algorithm)
    } catch {
      throw .cryptography(error)
    }
  }

  static func digest(_ algorithm: DigestAlgorithm, of bytes: [UInt8]) throws(TUFError) -> Digest {
    var hash = try start(algorithm)
    hash.update(bytes.span)
    return hash.finalize()
  }
}

/// The hashes of a file whose bytes pass by.
struct FileHasher: ~Copyable {
  private let expected: [Digest]
  private var sha256: AnyHash?
  private var sha512: AnyHash?

  /// Starts what is needed to check these digests.
  init(checking digests: [Digest]) throws(TUFError) {
    expected = digests
    let algorithms = Set(digests.map(\.algorithm))
    sha256 = algorithms.contains(.sha256) ? try Hashing.start(.sha256) : nil
    sha512 = algorithms.contains(.sha512) ? try Hashing.start(.sha512) : nil
  }

  mutating func update(_ bytes: Span<UInt8>) {
    sha256?.update(bytes)
    sha512?.update(bytes)
  }

  /// Whether all digests are those of the bytes.
  consuming func matches() -> Bool {
    var found: [Digest] = []
    if let hash = sha256.take() { found.append(hash.finalize()) }
    if let hash = sha512.take() { found.append(hash.finalize()) }
    return !expected.isEmpty && expected.allSatisfy { found.contains($0) }
  }
}
