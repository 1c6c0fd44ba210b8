import Foundation
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

/// The part of a file of cose-wg/Examples that is needed here.
private struct COSEExample: Decodable {
  struct Input: Decodable {
    struct Signer: Decodable { var external: String? }
    var plaintext: String
    var sign0: Signer
  }
  struct Intermediates: Decodable {
    var toBeSigned: String
    enum CodingKeys: String, CodingKey { case toBeSigned = "ToBeSign_hex" }
  }
  struct Output: Decodable { var cbor: String }
  var input: Input
  var intermediates: Intermediates
  var output: Output
}

@Suite struct COSETests {
  /// What becomes of an example: its signature is by a curve without a backend, or it is not of the profile.
  enum Verdict: Sendable {
    case unsupported(Int64)
    case refused(ManifestError)
  }

  static let examples: [(String, Verdict)] = [
    ("sign1-tests/sign-pass-02", .unsupported(-7)),
    ("sign1-tests/sign-fail-02", .unsupported(-7)),
    ("sign1-tests/sign-fail-03", .unsupported(-999)),
    ("sign1-tests/sign-fail-07", .unsupported(-7)),
    ("ecdsa-examples/ecdsa-sig-02", .unsupported(-35)),
    ("ecdsa-examples/ecdsa-sig-03", .unsupported(-36)),
    ("ecdsa-examples/ecdsa-sig-04", .unsupported(-36)),
    // The algorithm must be protected; the content type is no header of the profile.
    ("sign1-tests/sign-pass-01", .refused(.unsupportedHeader(1))),
    ("sign1-tests/sign-fail-06", .refused(.unsupportedHeader(3))),
    ("ecdsa-examples/ecdsa-sig-01", .refused(.unsupportedHeader(3))),
    // Tag 998; an algorithm that is text; no tag where there must be one; COSE_Sign.
    ("sign1-tests/sign-fail-01", .refused(.malformed(ParseError(.invalidValue, at: 0)))),
    ("sign1-tests/sign-fail-04", .refused(.malformed(ParseError(.invalidValue, at: 5)))),
    ("sign1-tests/sign-pass-03", .refused(.malformed(ParseError(.invalidValue, at: 0)))),
  ]

  @Test(
    "The examples of the COSE working group parse or are refused for the right reason",
    .enabled(if: SharedVectors.has("cose"), "needs ../shared/vectors"), arguments: examples)
  func workingGroup(_ name: String, _ verdict: Verdict) throws {
    let example = try JSONDecoder().decode(COSEExample.self, from: SharedVectors.data("cose/\(name).json"))
    let bytes = try #require([UInt8](hexadecimal: example.output.cbor))
    switch verdict {
    case .refused(let error):
      #expect(throws: error) {
        try COSESign1(parsing: 0..<bytes.count, of: bytes.span, tagging: .tagged)
      }
    case .unsupported(let algorithm):
      let sign1 = try COSESign1(parsing: 0..<bytes.count, of: bytes.span, tagging: .tagged)
      #expect(sign1.algorithmNumber == algorithm)
      #expect(sign1.keyIdentifier != nil)
      let payload = Array(example.input.plaintext.utf8)
      let external = try #require([UInt8](hexadecimal: example.input.sign0.external ?? ""))
      if !name.contains("fail") {
        #expect(Array(bytes[try #require(sign1.payload)]) == payload)
        let headers = Array(bytes[sign1.protectedHeaders])
        let signed = try COSESign1.signedBytes(
          protectedHeaders: headers.span, externalData: external.span, payload: payload.span)
        #expect(String(hexadecimal: signed.span).uppercased() == example.intermediates.toBeSigned)
      }
      let key = try Ed25519PrivateKey.generate().publicKey
      #expect(throws: ManifestError.crypto(.unsupportedAlgorithm)) {
        try sign1.verify(
          payload: payload.span, externalData: external.span, in: bytes.span, by: key, using: SodiumVerifier()
        )
      }
    }
  }

  @Test("An untagged structure parses where no tag may be", .enabled(if: SharedVectors.has("cose")))
  func untagged() throws {
    let example = try JSONDecoder().decode(
      COSEExample.self, from: SharedVectors.data("cose/sign1-tests/sign-pass-03.json"))
    let bytes = try #require([UInt8](hexadecimal: example.output.cbor))
    let sign1 = try COSESign1(parsing: 0..<bytes.count, of: bytes.span, tagging: .untagged)
    #expect(sign1.algorithmNumber == -7)
    let tagged = [0xd2] + bytes
    #expect(throws: ManifestError.self) {
      try COSESign1(parsing: 0..<tagged.count, of: tagged.span, tagging: .untagged)
    }
  }

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
    for tag: UInt64 in [17, 97, 98] {
      builder.signatureTag = tag
      #expect(throws: ManifestError.crypto(.unsupportedAlgorithm)) { try fixture.verdict(on: builder) }
    }
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
