import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAManifest
import Testing

@Suite struct CosigningTests {
  private static func added(
    _ envelope: [UInt8], _ signer: any Signer, cosigners: [KeyIdentifier] = []
  ) async throws -> [UInt8] {
    let addition = try EnvelopeSignature(addingTo: envelope, for: signer.publicKey, cosigners: cosigners)
    return try addition.envelope(signature: try await signer.signature(for: addition.signedBytes))
  }

  @Test("Signatures of all kinds are added one after the other, and those that are there stay good")
  func adding() async throws {
    let bench = try CosignedFixture()
    var envelope = try await bench.fixture.manifest.signedEnvelope(by: bench.fixture.signer)
    for (index, signer) in bench.signers.enumerated().dropFirst() {
      let before = try Repacking.blocks(of: envelope)
      envelope = try await Self.added(envelope, signer)
      #expect(try Repacking.blocks(of: envelope).dropLast() == before[...])
      #expect(bench.verdict(on: envelope, policy: SignaturePolicy(threshold: index + 1)) == nil)
      #expect(try bench.signers(of: envelope) == bench.signers.prefix(index + 1).map(\.keyIdentifier))
    }
  }

  @Test("All at once or one after the other, the signatures say the same of each other")
  func cosigners() async throws {
    let bench = try CosignedFixture()
    let names = bench.signers.map(\.keyIdentifier)
    let envelope = try await bench.envelope(namesCosigners: true)
    for range in try SUITEnvelope(parsing: envelope.span).authenticationBlocks {
      let signature = try COSEBlock(parsing: range, of: envelope.span).signatures[0]
      let found = Array(envelope[try #require(signature.cosigners)])
      #expect(found == names.flatMap { name in (0..<32).map { name.bytes[$0] } })
    }
    let silent = try await bench.envelope()
    for range in try SUITEnvelope(parsing: silent.span).authenticationBlocks {
      #expect(try COSEBlock(parsing: range, of: silent.span).signatures[0].cosigners == nil)
    }
    // One signer has nobody to name.
    let alone = try await bench.envelope(by: [bench.fixture.signer], namesCosigners: true)
    #expect(try await bench.fixture.manifest.signedEnvelope(by: bench.fixture.signer) == alone)
  }

  @Test("Nobody names more than eight cosigners")
  func limits() async throws {
    let bench = try CosignedFixture()
    let envelope = try await bench.envelope(by: [bench.fixture.signer])
    for count in [8, 9] {
      let names = [KeyIdentifier](repeating: bench.curve.keyIdentifier, count: count)
      if count == 8 {
        _ = try await Self.added(envelope, bench.curve, cosigners: names)
      } else {
        #expect(throws: ManifestError.limitExceeded(.envelope)) {
          try EnvelopeSignature(addingTo: envelope, for: bench.curve.publicKey, cosigners: names)
        }
      }
    }
  }

  @Test(
    "Envelopes that others made take signatures too",
    .enabled(if: SharedVectors.has("suit/example0-0.suit"), "needs ../shared/vectors"),
    arguments: ["example0-0", "example0-1", "example1-0", "example1-1", "example3-0", "example3-1"])
  func foreign(_ name: String) async throws {
    let original = [UInt8](try SharedVectors.data("suit/\(name).suit"))
    let signer = SodiumSigner(try Ed25519PrivateKey.generate())
    let envelope = try await Self.added(original, signer)
    let blocks = try Repacking.blocks(of: envelope)
    #expect(blocks.dropLast() == (try Repacking.blocks(of: original))[...])
    let none: [UInt8] = []
    let parsed = try SUITEnvelope(parsing: envelope.span)
    let last = try #require(parsed.authenticationBlocks.last)
    let block = try COSEBlock(parsing: last, of: envelope.span)
    try block.signatures[0].verify(
      payload: envelope.span.extracting(parsed.signedDigest), externalData: none.span, in: envelope.span,
      by: signer.publicKey, using: SodiumVerifier())
  }
}
