import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

@Suite struct BootReceiptTests {
  private let verifier = SodiumVerifier()
  private let signer: SodiumSigner
  private let receipt = BootReceipt(
    deviceID: UniversalIdentifier(high: 1, low: 2), updateID: Fixture.digest(of: [1]),
    outcome: .reverted(.healthCheckFailed),
    runningImage: Fixture.digest(of: [2]), runningSequenceNumber: SequenceNumber(41)
  )

  init() throws {
    signer = SodiumSigner(try Ed25519PrivateKey.generate())
  }

  private func verdict(on bytes: [UInt8]) throws(ManifestError) -> BootReceipt {
    try BootReceipt.verify(bytes.span, by: signer.publicKey, using: verifier)
  }

  @Test(
    "What the device signed is what the server reads",
    arguments: [.installed] + ErrorCode.allCases.flatMap { [Report.Outcome.failed($0), .reverted($0)] })
  func roundTrip(_ outcome: Report.Outcome) async throws {
    var receipt = self.receipt
    receipt.outcome = outcome
    receipt.runningSequenceNumber = SequenceNumber(.max)
    let bytes = try await receipt.signed(by: signer)
    #expect(bytes.count <= BootReceipt.maximumSize)
    #expect(try verdict(on: bytes) == receipt)
  }

  @Test("The largest receipt is within the limit")
  func largest() async throws {
    var receipt = self.receipt
    receipt.updateID = SHA512.digest(of: [UInt8]().span)
    receipt.runningImage = SHA512.digest(of: [UInt8]().span)
    receipt.runningSequenceNumber = SequenceNumber(.max)
    let bytes = try await receipt.signed(by: signer)
    #expect(bytes.count <= BootReceipt.maximumSize)
    #expect(try verdict(on: bytes) == receipt)
  }

  @Test("The layout is the documented one")
  func layout() async throws {
    let bytes = try await receipt.signed(by: signer)
    let name = signer.keyIdentifier.digest
    let headers = CBOR.map([(.int(1), .int(-8)), (.int(4), .bytes((0..<32).map { name.bytes[$0] }))]).encoded
    let payload = CBOR.map([
      (.int(1), .int(1)), (.int(2), .bytes([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2])),
      (.int(3), EnvelopeBuilder.digest(receipt.updateID)), (.int(4), .int(3)), (.int(5), .int(0x0603)),
      (.int(6), EnvelopeBuilder.digest(receipt.runningImage)), (.int(7), .int(41)),
    ]).encoded
    let signed = CBOR.array([
      .text("Signature1"), .bytes(headers), .bytes(Array("swift-ota boot receipt 1".utf8)), .bytes(payload),
    ]).encoded
    let signature = try await signer.signature(for: signed)
    let expected = CBOR.tag(
      18, .array([.bytes(headers), .map([]), .bytes(payload), .bytes(signature)])
    ).encoded
    #expect(bytes == expected)
  }

  @Test("A signature made elsewhere gives the same receipt")
  func detachedSigning() async throws {
    let unsigned = try UnsignedReceipt(receipt, signedBy: signer.publicKey)
    let signature = try await signer.signature(for: unsigned.signedBytes)
    #expect(try await unsigned.receipt(signature: signature) == receipt.signed(by: signer))
    #expect(throws: ManifestError.crypto(.authenticationFailed)) { try unsigned.receipt(signature: []) }
  }

  @Test("Every cut, every flipped bit and a byte behind a good receipt is refused")
  func damaged() async throws {
    let bytes = try await receipt.signed(by: signer)
    for count in 0..<bytes.count {
      #expect(throws: ManifestError.self, "\(count) bytes") { try verdict(on: Array(bytes[..<count])) }
    }
    for bit in 0..<bytes.count * 8 {
      #expect(throws: ManifestError.self, "bit \(bit)") { try verdict(on: bytes.flipping(bit)) }
    }
    #expect(throws: ManifestError.malformed(ParseError(.trailingBytes, at: bytes.count))) {
      try verdict(on: bytes + [0])
    }
  }

  @Test("Random bytes are refused", arguments: 0..<10)
  func random(_ round: Int) async throws {
    var generator = SeededGenerator()
    let bytes = try await receipt.signed(by: signer)
    for _ in 0..<200 {
      let good = Int.random(in: 0..<bytes.count, using: &generator)
      let hostile = Array(bytes[..<good]) + generator.bytes(Int.random(in: 1...300, using: &generator))
      #expect(throws: ManifestError.self) { try verdict(on: hostile) }
    }
  }

  @Test("A receipt by another device's key is refused")
  func stranger() async throws {
    let other = SodiumSigner(try Ed25519PrivateKey.generate())
    let bytes = try await receipt.signed(by: other)
    #expect(throws: ManifestError.crypto(.unknownKey)) { try verdict(on: bytes) }
  }

  @Test("A key that may only sign manifests can not sign receipts")
  func role() async throws {
    let bytes = try await receipt.signed(by: signer)
    let store = TrustStore(signer.publicKey, for: .manifest)
    #expect(throws: ManifestError.crypto(.keyNotAuthorized)) {
      try BootReceipt.verify(bytes.span, trustStore: store, using: verifier)
    }
  }

  @Test("The signature of a manifest never passes as one of a receipt, nor the other way round")
  func separation() throws {
    // One key with both roles, and the same bytes under both signatures: only the external data differs.
    let fixture = try Fixture()
    let key = try fixture.privateKey()
    let payload = try self.payload([])
    let asManifest = try Self.sign(payload, externalData: [], by: key)
    #expect(throws: ManifestError.crypto(.authenticationFailed)) {
      try BootReceipt.verify(asManifest.span, by: fixture.signer.publicKey, using: verifier)
    }
    let asReceipt = try Self.sign(payload, externalData: Array("swift-ota boot receipt 1".utf8), by: key)
    #expect(try BootReceipt.verify(asReceipt.span, by: fixture.signer.publicKey, using: verifier) == receipt)

    var builder = fixture.builder
    builder.externalData = Array("swift-ota boot receipt 1".utf8)
    #expect(throws: ManifestError.crypto(.authenticationFailed)) { try fixture.verdict(on: builder) }
    builder.externalData = []
    #expect(try fixture.verdict(on: builder).image == fixture.manifest.image)
  }

  @Test("A signed receipt with other contents is refused")
  func contents() throws {
    let fixture = try Fixture()
    func verdict(_ changes: [Int64: CBOR?]) throws -> BootReceipt {
      let bytes = try Self.sign(
        payload(Array(changes)), externalData: Array("swift-ota boot receipt 1".utf8),
        by: fixture.privateKey())
      return try BootReceipt.verify(bytes.span, by: fixture.signer.publicKey, using: verifier)
    }
    #expect(try verdict([:]) == receipt)
    #expect(throws: ManifestError.unsupportedVersion(2)) { try verdict([1: .int(2)]) }
    #expect(throws: ManifestError.unsupportedMember(8)) { try verdict([8: .int(0)]) }
    for key: Int64 in [1, 2, 3, 4, 6, 7] {
      #expect(throws: ManifestError.missingMember(key)) { try verdict([key: CBOR?.none]) }
    }
    // An update that was installed has no reason, and every other one has.
    #expect(throws: ManifestError.unsupportedMember(5)) { try verdict([4: .int(1)]) }
    #expect(try verdict([4: .int(1), 5: CBOR?.none]).outcome == .installed)
    for outcome in [2, 3] as [Int64] {
      #expect(throws: ManifestError.missingMember(5)) { try verdict([4: .int(outcome), 5: CBOR?.none]) }
    }
    for (key, value) in [(2, CBOR.bytes([1])), (4, .int(0)), (4, .int(4)), (5, .int(0)), (5, .int(65_536))] {
      #expect {
        try verdict([Int64(key): value])
      } throws: { error in
        (error as? ManifestError)?.code == .invalidValue
      }
    }
  }

  @Test("A detached payload and a key without a name are refused")
  func structure() throws {
    let fixture = try Fixture()
    let key = try fixture.privateKey()
    let external = Array("swift-ota boot receipt 1".utf8)
    let detached = try Self.sign(payload([]), externalData: external, by: key, isDetached: true)
    let nameless = try Self.sign(payload([]), externalData: external, by: key, isNamed: false)
    for bytes in [detached, nameless] {
      #expect(throws: ManifestError.malformed(ParseError(.invalidValue, at: 0))) {
        try BootReceipt.verify(bytes.span, by: fixture.signer.publicKey, using: verifier)
      }
    }
  }

  /// The map of ``receipt``, with members replaced or (by `nil`) taken out.
  private func payload(_ changes: [(key: Int64, value: CBOR?)]) throws -> [UInt8] {
    var members: [Int64: CBOR] = [
      1: .int(1), 2: .bytes([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]),
      3: EnvelopeBuilder.digest(receipt.updateID), 4: .int(3), 5: .int(0x0603),
      6: EnvelopeBuilder.digest(receipt.runningImage), 7: .int(41),
    ]
    for (key, value) in changes { members[key] = value }
    return CBOR.map(members.sorted { $0.key < $1.key }.map { (.int($0.key), $0.value) }).encoded
  }

  private static func sign(
    _ payload: [UInt8], externalData: [UInt8], by key: borrowing Ed25519PrivateKey, isDetached: Bool = false,
    isNamed: Bool = true
  ) throws -> [UInt8] {
    let name = KeyIdentifier(of: key.publicKey).digest
    let identifier = (CBOR.int(4), CBOR.bytes((0..<32).map { name.bytes[$0] }))
    let headers = CBOR.map([(.int(1), .int(-8))] + (isNamed ? [identifier] : [])).encoded
    let signed = CBOR.array([
      .text("Signature1"), .bytes(headers), .bytes(externalData), .bytes(payload),
    ]).encoded
    let signature = try key.signature(for: signed.span)
    return CBOR.tag(
      18, .array([.bytes(headers), .map([]), isDetached ? .null : .bytes(payload), .bytes(signature)])
    ).encoded
  }
}
