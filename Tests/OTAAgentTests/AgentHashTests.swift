import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

@testable import OTAAgent

@Suite("The hash function of agents")
struct AgentHashTests {
  @Test("It is that of libcrypto, says so, and any division gives the digest that libsodium gives")
  func digests() {
    #expect(AgentConfiguration.hashBackend == "libcrypto")
    let bytes = Images.old(size: 1000)
    for pieces in [[], [0], [1000], [1, 63, 64, 65, 807], [500, 0, 500]] {
      var hash = AgentHash()
      var start = 0
      for count in pieces {
        hash.update(bytes.span.extracting(start..<start + count))
        start += count
      }
      #expect(hash.finalize() == SodiumSHA256.digest(of: bytes.span.extracting(0..<start)))
    }
  }

  @Test("Agents check signatures of Ed25519, ECDSA and HSS unless told otherwise")
  func backends() {
    for algorithm in SignatureAlgorithm.allCases {
      #expect(!AgentConfiguration.defaultBackends.names(for: algorithm).isEmpty, "\(algorithm)")
    }
  }
}
