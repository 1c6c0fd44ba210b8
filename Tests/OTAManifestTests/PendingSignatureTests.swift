import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAManifest
import Testing

@Suite struct PendingSignatureTests {
  @Test("A signature is added to an envelope, and those that are there stay good")
  func adding() async throws {
    let bench = try CosignedFixture()
    var envelope = try await bench.fixture.manifest.signedEnvelope(by: bench.fixture.signer)
    for (index, signer) in bench.signers.enumerated().dropFirst() {
      let before = try Repacking.blocks(of: envelope)
      let pending = try PendingSignature(for: envelope, by: signer.publicKey)
      envelope = try pending.envelope(signature: try await signer.signature(for: pending.signedBytes))
      #expect(try Repacking.blocks(of: envelope).dropLast() == before[...])
      #expect(bench.verdict(on: envelope, policy: SignaturePolicy(threshold: index + 1)) == nil)
      #expect(try bench.signers(of: envelope) == bench.signers.prefix(index + 1).map(\.keyIdentifier))
    }
  }

  @Test("A key signs once, a signature has its length, and an envelope takes eight")
  func refused() async throws {
    let bench = try CosignedFixture()
    var envelope = try await bench.envelope()
    for signer in bench.signers {
      #expect(throws: ManifestError.invalid(.envelope)) {
        try PendingSignature(for: envelope, by: signer.publicKey)
      }
    }
    let other = SodiumSigner(try Ed25519PrivateKey.generate())
    let pending = try PendingSignature(for: envelope, by: other.publicKey)
    for count in [0, 63, 65] {
      #expect(throws: ManifestError.crypto(.authenticationFailed)) {
        try pending.envelope(signature: [UInt8](repeating: 0, count: count))
      }
    }
    let limits = Limits(envelopeSize: envelope.count + 100)
    let small = try PendingSignature(for: envelope, by: other.publicKey, limits: limits)
    #expect(throws: ManifestError.limitExceeded(.envelope)) {
      try small.envelope(signature: [UInt8](repeating: 0, count: 64))
    }
    for _ in 4..<8 {
      envelope = try await PendingSignature.add(
        by: SodiumSigner(Ed25519PrivateKey.generate()), to: envelope)
    }
    #expect(bench.verdict(on: envelope, policy: SignaturePolicy(threshold: 4)) == nil)
    #expect(throws: ManifestError.limitExceeded(.envelope)) {
      try PendingSignature(for: envelope, by: other.publicKey)
    }
    #expect(throws: ManifestError.limitExceeded(.envelope)) {
      try PendingSignature(
        for: Repacking.envelope(envelope, blocks: []), by: other.publicKey,
        cosigners: [KeyIdentifier](repeating: other.keyIdentifier, count: 9))
    }
  }

  @Test("Nobody signs a manifest that is not the one whose digest is signed, or what is no envelope")
  func wrongEnvelopes() async throws {
    let bench = try CosignedFixture()
    var envelope = try await bench.envelope(by: [bench.fixture.signer])
    let key = bench.curve.publicKey
    for count in envelope.indices {
      #expect(throws: ManifestError.self) {
        try PendingSignature(for: Array(envelope.prefix(count)), by: key)
      }
    }
    let manifest = try SUITEnvelope(parsing: envelope.span).manifest.contents
    envelope[manifest.upperBound - 1] ^= 1
    #expect(throws: ManifestError.digestMismatch) { try PendingSignature(for: envelope, by: key) }
  }

  @Test("No change of the manifest is signed, and nothing traps on any change of a byte")
  func changed() async throws {
    let bench = try CosignedFixture()
    let signed = try await bench.envelope(by: [bench.fixture.signer])
    let key = bench.curve.publicKey
    let manifest = try SUITEnvelope(parsing: signed.span).manifest
    let original = try PendingSignature(for: signed, by: key).signedBytes
    for index in signed.indices {
      for byte in [signed[index] ^ 1, signed[index] ^ 0x80, 0xff, 0x00] where byte != signed[index] {
        var changed = signed
        changed[index] = byte
        let bytes = try? PendingSignature(for: changed, by: key).signedBytes
        if manifest.contents.contains(index) {
          #expect(bytes == nil, "offset \(index)")
        } else if let bytes {
          #expect(bytes == original, "offset \(index)")
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
    let envelope = try await PendingSignature.add(by: signer, to: original)
    let blocks = try Repacking.blocks(of: envelope)
    #expect(blocks.dropLast() == (try Repacking.blocks(of: original))[...])
    let none: [UInt8] = []
    let parsed = try SUITEnvelope(parsing: envelope.span)
    let last = try #require(parsed.authenticationBlocks.last)
    let block = try COSEBlock(parsing: last, of: envelope.span)
    try block.signatures[0].verify(
      payload: envelope.span.extracting(parsed.signedDigest), externalData: none.span, in: envelope.span,
      by: signer.publicKey, using: SodiumVerifier())
    // Nothing else has changed.
    let wrapper = try SUITEnvelope(parsing: original.span)
    #expect(
      Array(envelope[parsed.manifest.item.lowerBound...])
        == Array(original[wrapper.manifest.item.lowerBound...]))
  }
}
