import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

@Suite struct COSEMac0Tests {
  // HMac-enc-01 and mac-pass-02 of cose-wg/Examples, checked with another implementation of HMAC.
  private static let key = hexadecimal("849b57219dae48de646d07dbb533566e976686457c1491be3a76dcea6c427188")
  private static let example = hexadecimal(
    "d18443a10105a054546869732069732074686520636f6e74656e742e5820"
      + "a1a848d3471f9d61ee49018d244c824772f223ad4f935293f1789fc3a08d8c58")
  private static let external = hexadecimal(
    "d18440a1010554546869732069732074686520636f6e74656e742e5820"
      + "0fecaec59bb46cc8a488aaca4b205e322dd52696b75a45768d3c302dd4bae2f7")

  private static func hexadecimal(_ text: String) -> [UInt8] {
    guard let bytes = [UInt8](hexadecimal: text) else { preconditionFailure("no hexadecimal digits") }
    return bytes
  }

  private static func verdict(
    on bytes: [UInt8], key: [UInt8] = key, external: [UInt8] = [], profile: COSEProfile = .manifests
  ) -> ManifestError? {
    do throws(ManifestError) {
      let mac = try COSEMac0(parsing: 0..<bytes.count, of: bytes.span, tagging: .tagged, profile: profile)
      guard let payload = mac.payload else { throw .invalid(.envelope) }
      try mac.verify(
        payload: bytes.span.extracting(payload), externalData: external.span, in: bytes.span, key: key.span,
        using: SHA256.self)
      return nil
    } catch {
      return error
    }
  }

  @Test("The published tags are right, and with any bit flipped they are not")
  func published() throws {
    #expect(Self.verdict(on: Self.example) == nil)
    let noData: [UInt8] = []
    let again = try COSEMac0.encoded(
      payload: Array("This is the content.".utf8), isDetached: false, externalData: noData,
      key: Self.key.span, using: SodiumSHA256.self)
    #expect(again == Self.example)
    for bit in 0..<Self.example.count * 8 {
      #expect(Self.verdict(on: Self.example.flipping(bit)) != nil, "bit \(bit)")
    }
    for count in Self.example.indices { #expect(Self.verdict(on: Array(Self.example.prefix(count))) != nil) }
    for bit in 0..<256 {
      #expect(
        Self.verdict(on: Self.example, key: Self.key.flipping(bit)) == .crypto(.authenticationFailed))
    }
    let external = Self.hexadecimal("ff00ee11dd22cc33bb44aa559966")
    #expect(Self.verdict(on: Self.external, external: external, profile: .documents) == nil)
    #expect(Self.verdict(on: Self.external, profile: .documents) == .crypto(.authenticationFailed))
    #expect(Self.verdict(on: Self.external, external: external) == .unsupportedHeader(1))
  }

  @Test("Shortened tags, other algorithms and short keys are refused")
  func refused() {
    let payload = CBOR.bytes(Array("This is the content.".utf8))
    func structure(_ algorithm: Int64, _ tag: [UInt8]) -> [UInt8] {
      CBOR.tag(
        17, .array([.wrapped(.map([(.int(1), .int(algorithm))])), .map([]), payload, .bytes(tag)])
      ).encoded
    }
    let tag = Array(Self.example.suffix(32))
    #expect(Self.verdict(on: structure(5, tag)) == nil)
    for count in 0..<32 {
      #expect(Self.verdict(on: structure(5, Array(tag.prefix(count)))) == .crypto(.authenticationFailed))
    }
    // HMAC 256/64, HMAC 384/384, an algorithm for signatures.
    for algorithm: Int64 in [4, 6, 7, -8, 14] {
      #expect(Self.verdict(on: structure(algorithm, tag)) == .crypto(.unsupportedAlgorithm))
    }
    for count in 0..<32 {
      #expect(Self.verdict(on: Self.example, key: Array(Self.key.prefix(count))) == .crypto(.invalidKey))
    }
  }

  @Test("A detached payload is authenticated, and so is the external data")
  func detached() throws {
    let payload: [UInt8] = [1, 2, 3]
    let bytes = try COSEMac0.encoded(
      payload: payload, isDetached: true, externalData: [9], key: Self.key.span, using: SHA256.self)
    let mac = try COSEMac0(parsing: 0..<bytes.count, of: bytes.span, tagging: .tagged)
    #expect(mac.payload == nil)
    func verify(_ payload: [UInt8], _ external: [UInt8]) throws(ManifestError) {
      try mac.verify(
        payload: payload.span, externalData: external.span, in: bytes.span, key: Self.key.span,
        using: SHA256.self)
    }
    try verify(payload, [9])
    #expect(throws: ManifestError.crypto(.authenticationFailed)) { try verify(payload, []) }
    #expect(throws: ManifestError.crypto(.authenticationFailed)) { try verify([1, 2], [3, 9]) }
  }
}
