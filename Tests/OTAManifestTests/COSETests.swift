import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

@Suite struct COSETests {
  @Test("EdDSA (-8) and Ed25519 (-19) are the same algorithm", arguments: [-8, -19])
  func algorithmNumbers(_ number: Int64) throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    let key = KeyIdentifier(of: fixture.signer.publicKey).digest
    builder.protectedHeaders = [(1, .int(number)), (4, .bytes((0..<32).map { key.bytes[$0] }))]
    #expect(try fixture.verdict(on: builder).image == fixture.manifest.image)
  }

  @Test("The key may be named outside of the protected headers, or not at all")
  func keyIdentifier() throws {
    let fixture = try Fixture()
    let key = KeyIdentifier(of: fixture.signer.publicKey).digest
    var builder = fixture.builder
    builder.protectedHeaders = [(1, .int(-8))]
    #expect(try fixture.verdict(on: builder).image == fixture.manifest.image)
    builder.unprotectedHeaders = [(4, .bytes((0..<32).map { key.bytes[$0] }))]
    #expect(try fixture.verdict(on: builder).image == fixture.manifest.image)
  }

  @Test(
    "Other algorithms are unsupported, whatever the key",
    arguments: [-10, -36, -37, -47, -257, 0, 5, Int64.min, Int64.max])
  func otherAlgorithms(_ number: Int64) throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    builder.protectedHeaders = [(1, .int(number))]
    #expect(throws: ManifestError.crypto(.unsupportedAlgorithm)) { try fixture.verdict(on: builder) }
  }

  @Test(
    "Headers outside of the profile are refused, critical ones among them",
    arguments: [
      ([(1, .int(-8)), (2, .array([.int(99)])), (99, .int(1))], [], 2),
      ([(1, .int(-8)), (3, .int(0))], [], 3),
      ([(1, .int(-8)), (33, .bytes([]))], [], 33),
      ([(1, .int(-8))], [(2, .array([.int(1)]))], 2),
      ([(1, .int(-8))], [(1, .int(-8))], 1),
      ([(1, .int(-8)), (4, .bytes([1]))], [(4, .bytes([1]))], 4),
      ([], [(1, .int(-8))], 1),
      ([(4, .bytes([1]))], [], 1),
      ([(1, .int(-8))], [(-1, .int(-8))], -1),
    ] as [([(Int64, CBOR)], [(Int64, CBOR)], Int64)])
  func headers(_ protected: [(Int64, CBOR)], _ unprotected: [(Int64, CBOR)], _ label: Int64) throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    builder.protectedHeaders = protected
    builder.unprotectedHeaders = unprotected
    #expect(throws: ManifestError.unsupportedHeader(label)) { try fixture.verdict(on: builder) }
  }

  @Test("Other structures of COSE are unsupported, other tags are malformed")
  func tags() throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    // COSE_Mac0 proves nothing about who made it; COSE_Mac is not read.
    for tag: UInt64 in [17, 97] {
      builder.signatureTag = tag
      #expect(throws: ManifestError.crypto(.unsupportedAlgorithm)) { try fixture.verdict(on: builder) }
    }
    // The parts of COSE_Sign1 are not those of COSE_Sign.
    builder.signatureTag = 98
    #expect(throws: ManifestError.unsupportedHeader(1)) { try fixture.verdict(on: builder) }
    builder.signatureTag = 16
    #expect {
      try fixture.verdict(on: builder)
    } throws: { error in
      (error as? ManifestError)?.code == .invalidValue
    }
  }

  @Test("A signature over an attached digest is not what the draft says")
  func attached() throws {
    let fixture = try Fixture()
    var builder = fixture.builder
    builder.attachedPayload = true
    #expect {
      try fixture.verdict(on: builder)
    } throws: { error in
      (error as? ManifestError)?.code == .invalidValue
    }
  }
}
