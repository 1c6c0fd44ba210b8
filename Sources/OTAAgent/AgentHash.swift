import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium

/// SHA-256 of the agent: everything that it downloads, writes and reads back goes through it, some of it more than once.
///
/// Of the fastest backend that the agent links: libcrypto, which has the instructions of the processor; libsodium where
/// libcrypto could not start.
struct AgentHash: HashFunction, ~Copyable {
  static var algorithm: DigestAlgorithm { .sha256 }

  /// Whose hash function it is; the same for the life of a process.
  static let backend =
    CryptoBackends([.openSSL, .sodium]).names(for: .sha256).first ?? CryptoBackend.sodium.name
  private static let isOpenSSL = backend == CryptoBackend.openSSL.name

  // One of the two.
  private var openSSL: OpenSSLSHA256?
  private var sodium: SodiumSHA256?

  init() {
    if AgentHash.isOpenSSL { openSSL = OpenSSLSHA256() } else { sodium = SodiumSHA256() }
  }

  mutating func update(_ bytes: Span<UInt8>) {
    openSSL?.update(bytes)
    sodium?.update(bytes)
  }

  consuming func finalize() -> Digest {
    if let openSSL = openSSL.take() { return openSSL.finalize() }
    guard let sodium = sodium.take() else { preconditionFailure("a hash ends once") }
    return sodium.finalize()
  }
}

extension AgentConfiguration {
  /// The name of the backend whose SHA-256 agents use, as `CryptoBackend.name` has it: the fastest of those that are linked
  /// and work.
  public static var hashBackend: String { AgentHash.backend }
}
