import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAManifest
import Testing

/// Envelopes of draft-ietf-suit-manifest-37, appendix B; `-0` are not signed, `-1` are signed with ES256.
@Suite(.enabled(if: SharedVectors.has("suit/example0-0.suit"), "needs ../shared/vectors"))
struct SUITVectorTests {
  static let names = ["example0-0", "example0-1", "example1-0", "example1-1", "example3-0", "example3-1"]

  private func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try SharedVectors.data("suit/\(name).suit"))
  }

  private func decoded(_ name: String) throws -> SUITManifest {
    let bytes = try bytes(name)
    let envelope = try SUITEnvelope(parsing: bytes.span)
    return try SUITManifest(envelope, of: bytes.span, hash: SHA256.self)
  }

  private func identity(_ text: String) throws -> UniversalIdentifier {
    try #require(UniversalIdentifier(text))
  }

  @Test("Every envelope decodes, and its manifest has the digest that the wrapper names", arguments: names)
  func structure(_ name: String) throws {
    let bytes = try bytes(name)
    let envelope = try SUITEnvelope(parsing: bytes.span)
    let digest = SodiumSHA256.digest(of: bytes.span.extracting(envelope.manifest.item))
    #expect(envelope.manifestDigest == digest)
    #expect(envelope.authenticationBlocks.count == (name.hasSuffix("-1") ? 1 : 0))
    _ = try decoded(name)
  }

  @Test("A changed manifest has not the digest of the wrapper", arguments: names)
  func changed(_ name: String) throws {
    var bytes = try bytes(name)
    bytes[bytes.count - 1] ^= 1
    let envelope = try SUITEnvelope(parsing: bytes.span)
    #expect(throws: ManifestError.digestMismatch) {
      try SUITManifest(envelope, of: bytes.span, hash: SHA256.self)
    }
  }

  @Test(
    "ES256 signatures are good, and in the eyes of others are not",
    arguments: names.filter { $0.hasSuffix("1") })
  func signed(_ name: String) throws {
    let bytes = try bytes(name)
    let envelope = try SUITEnvelope(parsing: bytes.span)
    let block = try COSESign1(parsing: envelope.authenticationBlocks[0], of: bytes.span, tagging: .tagged)
    #expect(block.algorithmNumber == -7)
    #expect(block.algorithm == .es256)
    #expect(block.payload == nil)
    #expect(block.keyIdentifier == nil)
    #expect(block.signature.count == 64)
    let pem = [UInt8](try SharedVectors.data("suit/example-signing-key.pem"))
    let key = try PublicKey(OpenSSLPrivateKey(pem: pem.span).publicKey)
    let verifier = VerifierPair(SodiumVerifier(), OpenSSLVerifier())
    let noData: [UInt8] = []
    func verify(_ bytes: [UInt8]) throws(ManifestError) {
      try block.verify(
        payload: bytes.span.extracting(envelope.signedDigest), externalData: noData.span, in: bytes.span,
        by: key, using: verifier)
    }
    try verify(bytes)
    for range in [envelope.signedDigest, block.signature] {
      for index in range {
        var changed = bytes
        changed[index] ^= 1
        #expect(throws: ManifestError.crypto(.authenticationFailed)) { try verify(changed) }
      }
    }
    let fixture = try Fixture()
    #expect(throws: ManifestError.crypto(.authenticationFailed)) { try fixture.verdict(on: bytes) }
  }

  @Test("An envelope without a signature is refused", arguments: names.filter { $0.hasSuffix("0") })
  func unsigned(_ name: String) throws {
    let fixture = try Fixture()
    let bytes = try bytes(name)
    #expect(throws: ManifestError.crypto(.authenticationFailed)) { try fixture.verdict(on: bytes) }
  }

  @Test(
    "Example 0 has the commands of a secure boot, and is no update", arguments: ["example0-0", "example0-1"])
  func secureBoot(_ name: String) throws {
    let suit = try decoded(name)
    #expect(suit.sequenceNumber == SequenceNumber(0))
    #expect(suit.components == [[[0x00]]])
    var parameters = SUITParameters()
    parameters.vendorID = try identity("fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe")
    parameters.classID = try identity("1492af14-2569-5e48-bf42-9b2d51f2ab45")
    let digest = try #require(
      [UInt8](hexadecimal: "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210"))
    parameters.imageDigest = try Digest(algorithm: .sha256, bytes: digest.span)
    parameters.imageSize = 34768
    #expect(
      suit.sharedSequence == [
        .overrideParameters(parameters), .condition(.vendorIdentifier), .condition(.classIdentifier),
      ])
    #expect(suit.validate == [.condition(.imageMatch)])
    #expect(suit.invoke == [.directive(.invoke)])
    #expect(suit.install == .absent)
    #expect(suit.payloadFetch == .absent)
    #expect(suit.text == .absent)
    #expect(throws: ManifestError.missingCommand(21)) { try Manifest(suit) }
  }

  @Test("Example 1 is an update, with the image as its payload", arguments: ["example1-0", "example1-1"])
  func download(_ name: String) throws {
    let suit = try decoded(name)
    #expect(suit.sequenceNumber == SequenceNumber(1))
    var parameters = SUITParameters()
    parameters.uri = Array("http://example.com/file.bin".utf8)
    #expect(
      suit.install
        == .present([.overrideParameters(parameters), .directive(.fetch), .condition(.imageMatch)]))
    let manifest = try Manifest(suit)
    #expect(manifest.sequenceNumber == SequenceNumber(1))
    #expect(manifest.component == ComponentIdentifier(bytes: [0]))
    #expect(manifest.image.size == 34768)
    #expect(manifest.payload.digest == manifest.image.digest)
    #expect(manifest.payload.size == 34768)
    #expect(manifest.payload.encoding == .identity)
    #expect(manifest.payload.blocks == BlockDigests(blockSize: 34768, digests: [manifest.image.digest]))
    #expect(manifest.payload.uri == Array("http://example.com/file.bin".utf8))
    #expect(manifest.newVersion == Version(0, 0, 0))
    #expect(manifest.installSteps == [.fetch, .install, .validate])
  }

  @Test("Example 3 decodes with its alternatives, which can not be installed here")
  func alternatives() throws {
    let suit = try decoded("example3-1")
    let codes = suit.sharedSequence.map(\.code)
    #expect(codes == [20, 15, 1, 2])
    guard case .tryEach(let choices) = suit.sharedSequence[1] else {
      Issue.record("no alternatives")
      return
    }
    #expect(choices.map { $0.map(\.code) } == [[20, 5, 20], [20, 5, 20]])
    #expect(throws: ManifestError.unsupportedCommand(15)) { try Manifest(suit) }
  }

  @Test("Every envelope that is cut, or has a byte behind it, is refused", arguments: names)
  func truncated(_ name: String) throws {
    let bytes = try bytes(name)
    for count in 0..<bytes.count {
      #expect(throws: ManifestError.self) { try SUITEnvelope(parsing: bytes.span.extracting(0..<count)) }
    }
    let behind = bytes + [0]
    #expect(throws: ManifestError.malformed(ParseError(.trailingBytes, at: bytes.count))) {
      try SUITEnvelope(parsing: behind.span)
    }
  }
}
