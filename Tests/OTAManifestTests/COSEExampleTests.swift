import Foundation
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAManifest
import Testing

/// The part of a file of cose-wg/Examples that is needed here.
private struct COSEExample: Decodable {
  struct Key: Decodable { var crv: String, x: String, y: String }
  struct Signer: Decodable {
    var key: Key
    var external: String?
  }
  struct Signers: Decodable { var signers: [Signer] }
  struct Input: Decodable {
    var plaintext: String
    var sign0: Signer?
    var sign: Signers?
  }
  struct Output: Decodable { var cbor: String }
  var input: Input
  var output: Output
}

/// Structures of others, each with its right verdict.
@Suite struct COSEExampleTests {
  static let verifier = VerifierPair(SodiumVerifier(), OpenSSLVerifier())

  /// Holds all signatures of a structure against one key; `nil` if all are good.
  static func verdict(
    on bytes: [UInt8], by key: PublicKey, external: [UInt8] = [], profile: COSEProfile
  ) -> ManifestError? {
    do throws(ManifestError) {
      let block = try COSEBlock(parsing: 0..<bytes.count, of: bytes.span, profile: profile)
      guard let payload = block.payload, !block.signatures.isEmpty else { throw .invalid(.envelope) }
      for signature in block.signatures {
        try signature.verify(
          payload: bytes.span.extracting(payload), externalData: external.span, in: bytes.span, by: key,
          using: verifier)
      }
      return nil
    } catch {
      return error
    }
  }

  /// The verdicts of the profile for manifests, and of the one for documents of others.
  static let examples: [(String, ManifestError?, ManifestError?)] = [
    ("sign1-tests/sign-pass-02", nil, nil),
    ("ecdsa-examples/ecdsa-sig-02", nil, nil),
    ("ecdsa-examples/ecdsa-02", nil, nil),
    // The algorithm is not protected; there is a content type.
    ("sign1-tests/sign-pass-01", .unsupportedHeader(1), nil),
    ("ecdsa-examples/ecdsa-sig-01", .unsupportedHeader(3), nil),
    ("ecdsa-examples/ecdsa-01", .unsupportedHeader(3), nil),
    // No tag where there must be one: see `untagged`.
    (
      "sign1-tests/sign-pass-03", .malformed(ParseError(.invalidValue, at: 0)),
      .malformed(ParseError(.invalidValue, at: 0))
    ),
    // The curve P-521, and SHA-512 with the curve P-256.
    ("ecdsa-examples/ecdsa-sig-03", .crypto(.unsupportedAlgorithm), .crypto(.unsupportedAlgorithm)),
    ("ecdsa-examples/ecdsa-sig-04", .crypto(.unsupportedAlgorithm), .crypto(.unsupportedAlgorithm)),
    ("ecdsa-examples/ecdsa-03", .crypto(.unsupportedAlgorithm), .crypto(.unsupportedAlgorithm)),
    ("ecdsa-examples/ecdsa-04", .crypto(.unsupportedAlgorithm), .crypto(.unsupportedAlgorithm)),
    // Those that must fail: another tag, payload, algorithm, header.
    (
      "sign1-tests/sign-fail-01", .malformed(ParseError(.invalidValue, at: 0)),
      .malformed(ParseError(.invalidValue, at: 0))
    ),
    ("sign1-tests/sign-fail-02", .crypto(.authenticationFailed), .crypto(.authenticationFailed)),
    ("sign1-tests/sign-fail-03", .crypto(.unsupportedAlgorithm), .crypto(.unsupportedAlgorithm)),
    (
      "sign1-tests/sign-fail-04", .malformed(ParseError(.invalidValue, at: 5)),
      .crypto(.unsupportedAlgorithm)
    ),
    ("sign1-tests/sign-fail-06", .unsupportedHeader(3), .crypto(.authenticationFailed)),
    ("sign1-tests/sign-fail-07", .crypto(.authenticationFailed), .crypto(.authenticationFailed)),
  ]

  private static func key(_ key: COSEExample.Key) throws -> PublicKey {
    func bytes(_ text: String) throws -> [UInt8] {
      let base64 = text.replacing("-", with: "+").replacing("_", with: "/")
      let padding = String(repeating: "=", count: (4 - base64.count % 4) % 4)
      return [UInt8](try #require(Data(base64Encoded: base64 + padding)))
    }
    // Keys of P-521 are not read here, and never looked at: the algorithm is refused before.
    guard key.crv != "P-521" else {
      return try PublicKey(algorithm: .es256, bytes: [UInt8](repeating: 1, count: 64))
    }
    return try PublicKey(
      algorithm: key.crv == "P-256" ? .es256 : .es384, bytes: bytes(key.x) + bytes(key.y))
  }

  /// Where the headers are that nobody has signed: behind the protected ones of the only signature.
  private static func unprotectedHeaders(of bytes: [UInt8]) throws -> Range<Int> {
    let block = try COSEBlock(parsing: 0..<bytes.count, of: bytes.span, profile: .documents)
    let signature = block.signatures[0]
    // The payload is shorter than 24 bytes, the signature is not.
    let payload = try #require(block.payload).lowerBound - 1
    let end = signature.bodyHeaders == nil ? payload : signature.signature.lowerBound - 2
    return signature.protectedHeaders.upperBound..<end
  }

  @Test(
    "The examples of the COSE working group have the right verdict",
    .enabled(if: SharedVectors.has("cose"), "needs ../shared/vectors"), arguments: examples)
  func workingGroup(_ name: String, _ manifests: ManifestError?, _ documents: ManifestError?) throws {
    let example = try JSONDecoder().decode(COSEExample.self, from: SharedVectors.data("cose/\(name).json"))
    let bytes = try #require([UInt8](hexadecimal: example.output.cbor))
    let signer = try #require(example.input.sign0 ?? example.input.sign?.signers.first)
    let key = try Self.key(signer.key)
    let external = try #require([UInt8](hexadecimal: signer.external ?? ""))
    #expect(Self.verdict(on: bytes, by: key, external: external, profile: .manifests) == manifests)
    #expect(Self.verdict(on: bytes, by: key, external: external, profile: .documents) == documents)
    guard documents == nil else { return }
    // No byte of it can be changed but for headers that are not protected.
    let open = try Self.unprotectedHeaders(of: bytes)
    for index in bytes.indices where !open.contains(index) {
      let changed = bytes.flipping(index * 8)
      #expect(Self.verdict(on: changed, by: key, external: external, profile: .documents) != nil)
    }
    #expect(
      Self.verdict(on: bytes, by: key, external: external + [0], profile: .documents)
        == .crypto(.authenticationFailed))
  }

  @Test("Every example is in the list", .enabled(if: SharedVectors.has("cose"), "needs ../shared/vectors"))
  func complete() throws {
    var found: Set<String> = []
    for folder in ["sign1-tests", "ecdsa-examples"] {
      let path = SharedVectors.folder.appending(path: "cose/\(folder)").path
      for name in try FileManager.default.contentsOfDirectory(atPath: path) where name.hasSuffix(".json") {
        found.insert("\(folder)/\(name.dropLast(5))")
      }
    }
    #expect(found == Set(Self.examples.map(\.0)))
  }

  @Test(
    "An untagged structure is read where no tag may be",
    .enabled(if: SharedVectors.has("cose"), "needs ../shared/vectors"))
  func untagged() throws {
    let example = try JSONDecoder().decode(
      COSEExample.self, from: SharedVectors.data("cose/sign1-tests/sign-pass-03.json"))
    let bytes = try #require([UInt8](hexadecimal: example.output.cbor))
    let sign1 = try COSESign1(parsing: 0..<bytes.count, of: bytes.span, tagging: .untagged)
    let payload = try #require(sign1.payload)
    let key = try Self.key(try #require(example.input.sign0).key)
    let noData: [UInt8] = []
    try sign1.verify(
      payload: bytes.span.extracting(payload), externalData: noData.span, in: bytes.span, by: key,
      using: Self.verifier)
    let tagged = [0xd2] + bytes
    #expect(throws: ManifestError.self) {
      try COSESign1(parsing: 0..<tagged.count, of: tagged.span, tagging: .untagged)
    }
  }

  /// The key "11" of RFC 9052, appendix C.7.1.
  private static func standardKey() throws -> PublicKey {
    try PublicKey(
      algorithm: .es256,
      bytes: #require(
        [UInt8](
          hexadecimal: "bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff"
            + "20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e")))
  }

  @Test(
    "The signatures in the standard are good, whole and not in part",
    arguments: [
      // RFC 9052, appendix C.2.1 and C.1.1.
      "d28443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b23"
        + "d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36",
      "d8628440a054546869732069732074686520636f6e74656e742e818343a10126a1044231315840e2aeafd40d69d19dfe6e52"
        + "077c5d7ff4e408282cbefb5d06cbf414af2e19d982ac45ac98b8544c908b4507de1e90b717c3d34816fe926a2b98f53afd2f"
        + "a0f30a",
    ])
  func standard(_ text: String) throws {
    let bytes = try #require([UInt8](hexadecimal: text))
    let key = try Self.standardKey()
    let open = try Self.unprotectedHeaders(of: bytes)
    for profile in [COSEProfile.manifests, .documents] {
      #expect(Self.verdict(on: bytes, by: key, profile: profile) == nil)
      for index in bytes.indices where !open.contains(index) {
        let changed = bytes.flipping(index * 8)
        #expect(Self.verdict(on: changed, by: key, profile: profile) != nil, "byte \(index)")
      }
      for count in bytes.indices {
        #expect(Self.verdict(on: Array(bytes.prefix(count)), by: key, profile: profile) != nil)
      }
    }
  }
}
