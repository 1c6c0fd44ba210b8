import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAManifest
import OTAServer
import Testing

@Suite struct VerifierTests {
  @Test("Publishers have keys of any kind, and as many must have signed as the policy says")
  func publishers() async throws {
    let signers: [any Signer] = [
      SodiumSigner(try Ed25519PrivateKey.generate()), try OpenSSLSigner(.generate(.p256)),
      try OpenSSLSigner(.generate(.p384)),
    ]
    var publishers = TrustStore()
    for signer in signers { try publishers.add(signer.publicKey, for: .manifest) }
    let manifest = Fixture.manifest([1, 2, 3], sequenceNumber: 5)
    let all = try await manifest.signedEnvelope(byAllOf: signers)
    for threshold in 1...4 {
      let verifier = SUITServerVerifier(
        publishers: publishers, policy: SignaturePolicy(threshold: threshold))
      for count in 1...3 {
        let envelope = try await manifest.signedEnvelope(byAllOf: Array(signers.suffix(count)))
        if count >= threshold {
          #expect(try verifier.manifest(in: envelope) == manifest)
        } else {
          #expect(throws: VerificationRefusal(.manifestThresholdNotMet)) {
            try verifier.manifest(in: envelope)
          }
        }
      }
      #expect((try? verifier.manifest(in: all)) == (threshold <= 3 ? manifest : nil))
    }
  }

  @Test("Devices sign their receipts with keys of any kind")
  func receipts() async throws {
    let receipt = BootReceipt(
      deviceID: UniversalIdentifier(high: 3, low: 3), updateID: Fixture.digest([1]), outcome: .installed,
      runningImage: Fixture.digest([2]), runningSequenceNumber: SequenceNumber(7))
    let verifier = SUITServerVerifier(publishers: nil)
    let signers: [any Signer] = [
      SodiumSigner(try Ed25519PrivateKey.generate()), try OpenSSLSigner(.generate(.p256)),
      try OpenSSLSigner(.generate(.p384)),
    ]
    for signer in signers {
      let bytes = try await receipt.signed(by: signer)
      #expect(bytes.count <= BootReceipt.maximumSize)
      let read = try verifier.receipt(in: bytes, signedBy: signer.publicKey)
      #expect(read.device == receipt.deviceID && read.sequenceNumber == SequenceNumber(7))
      for other in signers where other.publicKey != signer.publicKey {
        #expect(throws: VerificationRefusal.self) {
          try verifier.receipt(in: bytes, signedBy: other.publicKey)
        }
      }
    }
  }
}
