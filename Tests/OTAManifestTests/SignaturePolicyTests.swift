import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAManifest
import Testing

/// A manifest that keys of all kinds have signed, and a device that trusts all of them.
struct CosignedFixture: Sendable {
  static let verifier = ManifestVerifier(
    verifier: SignaturePolicyTests.signatureVerifier, hash: SodiumSHA256.self)

  let fixture: Fixture
  /// Ed25519, P-256, P-384, and HSS.
  let signers: [any Signer]
  let hashBased: LMSTestSigner
  let curve: OpenSSLSigner
  var context: VerificationContext

  init(policy: SignaturePolicy = .oneSignature) throws {
    fixture = try Fixture()
    hashBased = try LMSTestSigner()
    curve = try OpenSSLSigner(.generate(.p256))
    signers = [fixture.signer, curve, try OpenSSLSigner(.generate(.p384)), hashBased]
    context = fixture.context
    context.signaturePolicy = policy
    for signer in signers { try context.trustStore.add(signer.publicKey, for: .manifest) }
  }

  func envelope(
    _ manifest: Manifest? = nil, by signers: [any Signer]? = nil, namesCosigners: Bool = false
  ) async throws -> [UInt8] {
    try await (manifest ?? fixture.manifest).signedEnvelope(
      byAllOf: signers ?? self.signers, namesCosigners: namesCosigners)
  }

  /// `nil` if the device takes it.
  func verdict(on envelope: [UInt8], policy: SignaturePolicy? = nil) -> ManifestError? {
    var context = context
    if let policy { context.signaturePolicy = policy }
    do throws(ManifestError) {
      _ = try Self.verifier.verify(envelope.span, context: context).manifest
      return nil
    } catch {
      return error
    }
  }

  func verdict(on envelope: [UInt8], blocks: [[UInt8]], policy: SignaturePolicy? = nil) throws
    -> ManifestError?
  {
    verdict(on: try Repacking.envelope(envelope, blocks: blocks), policy: policy)
  }

  func signers(of envelope: [UInt8]) throws -> [KeyIdentifier] {
    try Self.verifier.open(envelope.span, trustStore: context.trustStore).signers
  }
}

@Suite struct SignaturePolicyTests {
  static let signatureVerifier = VerifierPair(
    SodiumVerifier(), VerifierPair(OpenSSLVerifier(), HSSVerifier(SodiumSHA256.self)))

  @Test("One good signature of any kind is enough by default, and all signers are told")
  func anyKind() async throws {
    let bench = try CosignedFixture()
    for signer in bench.signers {
      let envelope = try await bench.fixture.manifest.signedEnvelope(by: signer)
      #expect(bench.verdict(on: envelope) == nil)
      #expect(try bench.signers(of: envelope) == [signer.keyIdentifier])
    }
    let all = try await bench.envelope()
    #expect(try bench.signers(of: all) == bench.signers.map(\.keyIdentifier))
    #expect(
      try CosignedFixture.verifier.open(all.span, trustStore: bench.context.trustStore).signer
        == bench.signers[0].keyIdentifier)
  }

  @Test("As many different keys must have signed as the policy says, whichever they are")
  func threshold() async throws {
    let bench = try CosignedFixture()
    let envelope = try await bench.envelope()
    let blocks = try Repacking.blocks(of: envelope)
    for threshold in 1...5 {
      let policy = SignaturePolicy(threshold: threshold)
      #expect((bench.verdict(on: envelope, policy: policy) == nil) == (threshold <= 4))
      // Every choice of the blocks.
      for choice in 0..<16 {
        let chosen = blocks.indices.filter { choice >> $0 & 1 == 1 }.map { blocks[$0] }
        let verdict = try bench.verdict(on: envelope, blocks: chosen, policy: policy)
        let expected: ManifestError? =
          chosen.isEmpty
          ? .crypto(.authenticationFailed) : chosen.count >= threshold ? nil : .thresholdNotMet
        #expect(verdict == expected, "\(choice) of \(threshold)")
      }
      #expect(
        try bench.verdict(on: envelope, blocks: blocks.reversed(), policy: policy)
          == bench.verdict(on: envelope, policy: policy))
    }
    #expect(ManifestError.thresholdNotMet.code == .manifestThresholdNotMet)
  }

  @Test("A key counts once: twice the same block, two signatures, two names, two numbers")
  func oneKeyTwice() async throws {
    let bench = try CosignedFixture()
    let two = SignaturePolicy(threshold: 2)
    for signer in bench.signers {
      let envelope = try await bench.fixture.manifest.signedEnvelope(by: signer)
      let block = try Repacking.blocks(of: envelope)[0]
      #expect(try bench.verdict(on: envelope, blocks: [block, block], policy: two) == .thresholdNotMet)
      // A second signature, without the name of the key, and under every number of the algorithm.
      let digest = try Repacking.signedDigest(of: envelope)
      let numbers: [Int64]
      switch signer.publicKey.algorithm {
      case .ed25519: numbers = [-8, -19]
      case .es256: numbers = [-9, -7]
      case .es384: numbers = [-51, -35]
      case .hssLMS: numbers = [-46]
      }
      var blocks = [block]
      for number in numbers {
        let headers = CBOR.map([(.int(1), .int(number))]).encoded
        let none: [UInt8] = []
        let signature = try await signer.signature(
          for: COSESign1.signedBytes(
            protectedHeaders: headers.span, externalData: none.span, payload: digest.span))
        blocks.append(try Repacking.block(protected: headers, signature: signature))
        #expect(try bench.verdict(on: envelope, blocks: [blocks[blocks.count - 1]]) == nil)
      }
      #expect(try bench.verdict(on: envelope, blocks: blocks, policy: two) == .thresholdNotMet)
      let repacked = try Repacking.envelope(envelope, blocks: blocks)
      #expect(try bench.signers(of: repacked) == [signer.keyIdentifier])
    }
  }

  @Test("The other s of an ECDSA signature is no second signer")
  func malleability() async throws {
    let bench = try CosignedFixture()
    let envelope = try await bench.fixture.manifest.signedEnvelope(by: bench.curve)
    let block = try Repacking.blocks(of: envelope)[0]
    let (headers, signature) = try Repacking.parts(of: block)
    // FIPS 186-5 does not forbid it: n - s is as good as s.
    let order = try #require(
      [UInt8](hexadecimal: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))
    var other = signature
    var borrow = 0
    for index in (0..<32).reversed() {
      let difference = Int(order[index]) - Int(signature[32 + index]) - borrow
      borrow = difference < 0 ? 1 : 0
      other[32 + index] = UInt8(difference & 255)
    }
    #expect(other != signature)
    let second = try Repacking.block(protected: headers, signature: other)
    #expect(try bench.verdict(on: envelope, blocks: [second]) == nil)
    #expect(
      try bench.verdict(on: envelope, blocks: [block, second], policy: SignaturePolicy(threshold: 2))
        == .thresholdNotMet)
  }

  @Test("Signatures under each other's headers, or of another manifest, do not count")
  func exchanged() async throws {
    let bench = try CosignedFixture()
    let second = try OpenSSLSigner(.generate(.p256))
    var context = bench.context
    try context.trustStore.add(second.publicKey, for: .manifest)
    var changed = bench
    changed.context = context
    let envelope = try await bench.envelope(by: [bench.curve, second])
    let two = SignaturePolicy(threshold: 2)
    #expect(changed.verdict(on: envelope, policy: two) == nil)
    let parts = try Repacking.blocks(of: envelope).map { try Repacking.parts(of: $0) }
    let swapped = [
      try Repacking.block(protected: parts[0].protected, signature: parts[1].signature),
      try Repacking.block(protected: parts[1].protected, signature: parts[0].signature),
    ]
    #expect(try changed.verdict(on: envelope, blocks: swapped) == .crypto(.authenticationFailed))
    let half = [try Repacking.blocks(of: envelope)[0], swapped[1]]
    #expect(try changed.verdict(on: envelope, blocks: half) == nil)
    #expect(try changed.verdict(on: envelope, blocks: half, policy: two) == .thresholdNotMet)

    var other = bench.fixture.manifest
    other.sequenceNumber = SequenceNumber(43)
    let donor = try await bench.envelope(other, by: [bench.curve, second])
    let mixed = [try Repacking.blocks(of: envelope)[0], try Repacking.blocks(of: donor)[1]]
    #expect(try changed.verdict(on: envelope, blocks: mixed, policy: two) == .thresholdNotMet)
  }

  @Test("Keys that are revoked, of other roles, or of strangers do not count")
  func strangers() async throws {
    let bench = try CosignedFixture()
    let stranger = SodiumSigner(try Ed25519PrivateKey.generate())
    let device = SodiumSigner(try Ed25519PrivateKey.generate())
    var context = bench.context
    try context.trustStore.add(device.publicKey, for: .device)
    context.trustStore.remove(bench.curve.keyIdentifier)
    var changed = bench
    changed.context = context
    let envelope = try await bench.envelope(by: [stranger, device, bench.curve, bench.fixture.signer])
    #expect(try changed.signers(of: envelope) == [bench.fixture.signer.keyIdentifier])
    #expect(changed.verdict(on: envelope) == nil)
    #expect(changed.verdict(on: envelope, policy: SignaturePolicy(threshold: 2)) == .thresholdNotMet)
  }

  @Test("From its sequence number on the hybrid policy wants both kinds, and neither can be taken away")
  func hybrid() async throws {
    let bench = try CosignedFixture()
    let policy = SignaturePolicy(hybrid: .init(from: SequenceNumber(50)))
    for number: UInt64 in [49, 50, 51, UInt64.max] {
      var manifest = bench.fixture.manifest
      manifest.sequenceNumber = SequenceNumber(number)
      let envelope = try await bench.envelope(manifest, by: [bench.fixture.signer, bench.hashBased])
      #expect(bench.verdict(on: envelope, policy: policy) == nil)
      let expected: ManifestError? = number < 50 ? nil : .thresholdNotMet
      for block in try Repacking.blocks(of: envelope) {
        #expect(try bench.verdict(on: envelope, blocks: [block], policy: policy) == expected)
        #expect(try bench.verdict(on: envelope, blocks: [block, block], policy: policy) == expected)
      }
      // Two classical ones are not both kinds.
      let classical = try await bench.envelope(manifest, by: [bench.fixture.signer, bench.curve])
      #expect(bench.verdict(on: classical, policy: policy) == expected)
      // A wrong hash-based signature is none.
      let (headers, signature) = try Repacking.parts(of: Repacking.blocks(of: envelope)[1])
      let wrong = try Repacking.block(protected: headers, signature: signature.flipping(800))
      let damaged = [try Repacking.blocks(of: envelope)[0], wrong]
      #expect(try bench.verdict(on: envelope, blocks: damaged, policy: policy) == expected)
    }
  }

  @Test("A hash-based signature does not stand in for a classical one of the threshold")
  func hybridThreshold() async throws {
    let bench = try CosignedFixture()
    let policy = SignaturePolicy(threshold: 2, hybrid: .init(from: SequenceNumber(0)))
    let signers = bench.signers
    #expect(bench.verdict(on: try await bench.envelope(), policy: policy) == nil)
    let two = try await bench.envelope(by: [signers[0], signers[3]])
    #expect(bench.verdict(on: two, policy: policy) == .thresholdNotMet)
    let three = try await bench.envelope(by: [signers[0], signers[2], signers[3]])
    #expect(bench.verdict(on: three, policy: policy) == nil)
    let strict = SignaturePolicy(hybrid: .init(from: SequenceNumber(0), threshold: 2))
    #expect(bench.verdict(on: three, policy: strict) == .thresholdNotMet)
    var changed = bench
    let second = try LMSTestSigner()
    try changed.context.trustStore.add(second.publicKey, for: .manifest)
    let both = try await bench.envelope(by: [signers[0], signers[3], second])
    #expect(changed.verdict(on: both, policy: strict) == nil)
  }

  @Test("A device past the number takes no manifest of classical keys, however high its number is")
  func staged() async throws {
    let bench = try CosignedFixture()
    let policy = SignaturePolicy(hybrid: .init(from: SequenceNumber(50)))
    for counter: UInt64 in [41, 48, 49, 50, 1000] {
      var changed = bench
      changed.context.securityCounter = SequenceNumber(counter)
      var accepted: [UInt64] = []
      for number: UInt64 in [42, 49, 50, 51, 1001, 5000] {
        var manifest = bench.fixture.manifest
        manifest.sequenceNumber = SequenceNumber(number)
        let envelope = try await manifest.signedEnvelope(by: bench.fixture.signer)
        if changed.verdict(on: envelope, policy: policy) == nil { accepted.append(number) }
      }
      #expect(accepted == [42, 49].filter { $0 > counter })
    }
  }

  @Test("A signature that was announced and taken away is noticed, if the policy says so")
  func stripped() async throws {
    let bench = try CosignedFixture()
    let strict = SignaturePolicy(refusesStripping: true)
    let envelope = try await bench.envelope(namesCosigners: true)
    let blocks = try Repacking.blocks(of: envelope)
    #expect(bench.verdict(on: envelope, policy: strict) == nil)
    for index in blocks.indices {
      var left = blocks
      left.remove(at: index)
      #expect(try bench.verdict(on: envelope, blocks: left) == nil)
      #expect(try bench.verdict(on: envelope, blocks: left, policy: strict) == .thresholdNotMet)
      // Neither a second one of somebody else nor a damaged one fills the gap.
      #expect(
        try bench.verdict(on: envelope, blocks: left + [left[0]], policy: strict) == .thresholdNotMet)
      let (headers, signature) = try Repacking.parts(of: blocks[index])
      let wrong = try Repacking.block(protected: headers, signature: signature.flipping(400))
      #expect(try bench.verdict(on: envelope, blocks: left + [wrong], policy: strict) == .thresholdNotMet)
    }
    // What is announced for other devices only is not missed.
    var other = bench
    other.context.trustStore.remove(bench.curve.keyIdentifier)
    let others = blocks.indices.filter { $0 != 1 }.map { blocks[$0] }
    #expect(try other.verdict(on: envelope, blocks: others, policy: strict) == nil)
    // Nothing announced, nothing missed.
    let silent = try await bench.envelope()
    #expect(
      try bench.verdict(on: silent, blocks: [Repacking.blocks(of: silent)[0]], policy: strict) == nil)
  }

  @Test("The header with the cosigners must be protected and hold whole identifiers, at most eight")
  func cosignerHeader() throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    func verdict(_ count: Int) throws -> ErrorCode? {
      builder.protectedHeaders = [(1, .int(-8)), (-65537, .bytes([UInt8](repeating: 0, count: count)))]
      let envelope = try builder.envelope(signedBy: fixture.privateKey())
      do throws(ManifestError) {
        _ = try fixture.verdict(on: envelope)
        return nil
      } catch {
        return error.code
      }
    }
    for count in [32, 64, 256] { #expect(try verdict(count) == nil) }
    for count in [0, 1, 31, 33, 255, 257, 288] { #expect(try verdict(count) == .invalidValue) }
    builder.protectedHeaders = [(1, .int(-8))]
    builder.unprotectedHeaders = [(-65537, .bytes([UInt8](repeating: 0, count: 32)))]
    #expect(throws: ManifestError.unsupportedHeader(-65537)) { try fixture.verdict(on: builder) }
  }

  @Test("Signatures in one COSE_Sign count like those in blocks of their own, up to eight in all")
  func insideOneBlock() async throws {
    let bench = try CosignedFixture()
    let envelope = try await bench.envelope()
    let digest = try Repacking.signedDigest(of: envelope)
    let none: [UInt8] = []
    var signatures: [(protectedHeaders: [UInt8], signature: [UInt8])] = []
    for signer in bench.signers {
      let headers = try COSESign1.protectedHeaders(for: signer.publicKey)
      let bytes = try COSESign.signedBytes(
        protectedHeaders: headers.span, externalData: none.span, payload: digest.span)
      signatures.append((headers, try await signer.signature(for: bytes)))
    }
    let four = SignaturePolicy(threshold: 4)
    let all = try COSESign.encoded(payload: nil, signatures: signatures)
    #expect(try bench.verdict(on: envelope, blocks: [all], policy: four) == nil)
    for index in signatures.indices {
      var left = signatures
      left.remove(at: index)
      let block = try COSESign.encoded(payload: nil, signatures: left)
      #expect(try bench.verdict(on: envelope, blocks: [block], policy: four) == .thresholdNotMet)
      // The one that is missing, in a block of its own.
      let own = try Repacking.blocks(of: envelope)[index]
      #expect(try bench.verdict(on: envelope, blocks: [block, own], policy: four) == nil)
    }
    #expect(try bench.verdict(on: envelope, blocks: [all, all], policy: four) == nil)
    #expect(
      try bench.verdict(on: envelope, blocks: [all, all, Repacking.blocks(of: envelope)[0]])
        == .limitExceeded(.envelope))
    // Attached is not what the draft says.
    let attached = try COSESign.encoded(payload: digest, signatures: signatures)
    #expect(try bench.verdict(on: envelope, blocks: [attached])?.code == .invalidValue)
  }

  @Test("A tag under a shared key is no signature, and does not hurt beside one")
  func sharedKey() async throws {
    let bench = try CosignedFixture()
    let envelope = try await bench.envelope(by: [bench.fixture.signer])
    let digest = try Repacking.signedDigest(of: envelope)
    let key = [UInt8](repeating: 7, count: 32)
    let tag = try COSEMac0.encoded(
      payload: digest, isDetached: true, externalData: [], key: key.span, using: SHA256.self)
    #expect(try bench.verdict(on: envelope, blocks: [tag]) == .crypto(.unsupportedAlgorithm))
    let both = [tag, try Repacking.blocks(of: envelope)[0]]
    #expect(try bench.verdict(on: envelope, blocks: both) == nil)
    #expect(
      try bench.verdict(on: envelope, blocks: both, policy: SignaturePolicy(threshold: 2))
        == .thresholdNotMet)
  }

  @Test("A policy without a signature is a mistake of the program")
  func preconditions() async {
    await #expect(processExitsWith: .failure) { _ = SignaturePolicy(threshold: 0) }
    await #expect(processExitsWith: .failure) {
      _ = SignaturePolicy.Hybrid(from: SequenceNumber(0), threshold: 0)
    }
  }
}
