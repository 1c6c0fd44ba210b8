import OTACore
import OTACrypto
import OTACryptoSodium
import OTAPartition
import Testing

@Suite("Signing trust anchors")
struct TrustAnchorSigningTests {
  @Test("Signers that are asynchronous make the same update")
  func signers() async throws {
    let keys = [
      SodiumSigner(try Ed25519PrivateKey.generate()), SodiumSigner(try Ed25519PrivateKey.generate()),
    ]
    func anchors(_ number: UInt64, _ key: PublicKey) throws(TrustAnchorError) -> TrustAnchors {
      let trusted = [TrustKey(key, for: .all)]
      return try TrustAnchors(
        number: number, scope: TrustBench.scope, thresholds: TrustThresholds(root: 1), keys: trusted.span)
    }
    let first = try anchors(1, keys[0].publicKey)
    let second = try anchors(2, keys[1].publicKey)
    #expect(TrustBench.refusal(of: try await second.signed(by: keys), by: first) == nil)
    #expect(TrustBench.refusal(of: try await second.signed(by: [keys[0]]), by: first) == .newThresholdNotMet)
  }
}
