import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

@Suite struct EnvelopeSignatureTests {
  /// The envelope without the signatures in it.
  private static func unsigned(_ signed: [UInt8]) throws -> [UInt8] {
    let envelope = try SUITEnvelope(parsing: signed.span)
    let digest = CBOR.bytes(Array(signed[envelope.signedDigest]))
    var members: [(CBOR, CBOR)] = [
      (.int(2), .bytes(CBOR.array([digest]).encoded)), (.int(3), .raw(Array(signed[envelope.manifest.item]))),
    ]
    if let text = envelope.text { members.append((.int(23), .raw(Array(signed[text.item])))) }
    return CBOR.tag(107, .map(members)).encoded
  }

  private static func added(_ envelope: [UInt8], _ signer: SodiumSigner) async throws -> [UInt8] {
    let addition = try EnvelopeSignature(addingTo: envelope, for: signer.publicKey)
    return try await addition.envelope(signature: signer.signature(for: addition.signedBytes))
  }

  @Test("A signature that is added afterwards gives the bytes of an envelope that was signed at once")
  func sameBytes() async throws {
    let fixture = try Fixture()
    let signed = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    let unsigned = try Self.unsigned(signed)
    #expect(throws: ManifestError.crypto(.authenticationFailed)) { try fixture.verdict(on: unsigned) }
    #expect(try await Self.added(unsigned, fixture.signer) == signed)
  }

  @Test("A second signature leaves the first one, and each of the two is enough for who trusts it")
  func second() async throws {
    let fixture = try Fixture()
    let other = SodiumSigner(try Ed25519PrivateKey.generate())
    let signed = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    let both = try await Self.added(signed, other)
    #expect(try SUITEnvelope(parsing: both.span).authenticationBlocks.count == 2)
    for signer in [fixture.signer, other] {
      let opened = try Fixture.verifier.open(
        both.span, trustStore: TrustStore(signer.publicKey, for: .manifest))
      #expect(opened.signer == signer.keyIdentifier && opened.manifest == fixture.manifest)
    }
  }

  @Test("Not more signatures than a device looks at")
  func limit() async throws {
    let fixture = try Fixture()
    var envelope = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    for _ in 1..<SUITEnvelope.maximumBlockCount { envelope = try await Self.added(envelope, fixture.signer) }
    _ = try SUITEnvelope(parsing: envelope.span)
    #expect(throws: ManifestError.limitExceeded(.envelope)) {
      try EnvelopeSignature(addingTo: envelope, for: fixture.signer.publicKey)
    }
    let addition = try EnvelopeSignature(
      addingTo: try await fixture.manifest.signedEnvelope(by: fixture.signer), for: fixture.signer.publicKey,
      limits: Limits(envelopeSize: 800))
    #expect(throws: ManifestError.limitExceeded(.envelope)) {
      try addition.envelope(signature: [UInt8](repeating: 0, count: 64))
    }
  }

  @Test("A signature of another length is refused")
  func length() async throws {
    let fixture = try Fixture()
    let signed = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    let addition = try EnvelopeSignature(addingTo: signed, for: fixture.signer.publicKey)
    for count in [0, 63, 65] {
      #expect(throws: ManifestError.crypto(.authenticationFailed)) {
        try addition.envelope(signature: [UInt8](repeating: 0, count: count))
      }
    }
  }

  @Test("No change of the manifest is signed, and nothing traps on any change of a byte")
  func changed() async throws {
    let fixture = try Fixture()
    let signed = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    let manifest = try SUITEnvelope(parsing: signed.span).manifest
    let original = try EnvelopeSignature(addingTo: signed, for: fixture.signer.publicKey).signedBytes
    for index in signed.indices {
      for byte in [signed[index] ^ 1, signed[index] ^ 0x80, 0xff, 0x00] where byte != signed[index] {
        var changed = signed
        changed[index] = byte
        let bytes = try? EnvelopeSignature(addingTo: changed, for: fixture.signer.publicKey).signedBytes
        if manifest.contents.contains(index) {
          #expect(bytes == nil, "offset \(index)")
        } else if let bytes {
          #expect(bytes == original, "offset \(index)")
        }
      }
      _ = try? EnvelopeSignature(addingTo: Array(signed[..<index]), for: fixture.signer.publicKey)
    }
  }

  @Test(
    "Envelopes of others get a signature, and keep everything else",
    .enabled(if: SharedVectors.has("suit/example0-0.suit"), "needs ../shared/vectors"),
    arguments: ["example0-0", "example0-1", "example1-0", "example3-0", "example3-1"])
  func others(_ name: String) async throws {
    let signer = SodiumSigner(try Ed25519PrivateKey.generate())
    let before = [UInt8](try SharedVectors.data("suit/\(name).suit"))
    let after = try await Self.added(before, signer)
    let (old, new) = (try SUITEnvelope(parsing: before.span), try SUITEnvelope(parsing: after.span))
    #expect(new.authenticationBlocks.count == old.authenticationBlocks.count + 1)
    #expect(Array(after[new.manifest.item]) == Array(before[old.manifest.item]))
    for (first, second) in zip(old.authenticationBlocks, new.authenticationBlocks) {
      #expect(Array(before[first]) == Array(after[second]))
    }
  }
}
