import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAManifest
import Testing

@Suite struct COSESignTests {
  private static let payload = Array("This is the content.".utf8)

  private static func signers() throws -> [any Signer] {
    [
      SodiumSigner(try Ed25519PrivateKey.generate()), try OpenSSLSigner(.generate(.p256)),
      try OpenSSLSigner(.generate(.p384)), try LMSTestSigner(),
    ]
  }

  /// Signs with all of them.
  private static func signed(
    by signers: [any Signer], external: [UInt8] = [], isDetached: Bool = false
  ) async throws -> [UInt8] {
    var signatures: [(protectedHeaders: [UInt8], signature: [UInt8])] = []
    for signer in signers {
      let headers = try COSESign1.protectedHeaders(for: signer.publicKey)
      let bytes = try COSESign.signedBytes(
        protectedHeaders: headers.span, externalData: external.span, payload: payload.span)
      signatures.append((headers, try await signer.signature(for: bytes)))
    }
    return try COSESign.encoded(payload: isDetached ? nil : payload, signatures: signatures)
  }

  private static func verify(
    _ signature: COSESignature, in bytes: [UInt8], by key: PublicKey, external: [UInt8] = []
  ) throws(ManifestError) {
    try signature.verify(
      payload: payload.span, externalData: external.span, in: bytes.span, by: key,
      using: SignaturePolicyTests.signatureVerifier)
  }

  @Test("What several keys of all kinds sign, each of them verifies for itself only")
  func roundTrip() async throws {
    let signers = try Self.signers()
    for (external, isDetached) in [([], false), ([1, 2] as [UInt8], true)] {
      let bytes = try await Self.signed(by: signers, external: external, isDetached: isDetached)
      let sign = try COSESign(parsing: 0..<bytes.count, of: bytes.span, tagging: .tagged)
      #expect((sign.payload == nil) == isDetached)
      #expect(sign.signatures.count == signers.count)
      for (signature, signer) in zip(sign.signatures, signers) {
        #expect(signature.algorithmNumber == Int64(signer.publicKey.algorithm.rawValue))
        let name = try KeyIdentifier(bytes: bytes.span.extracting(try #require(signature.keyIdentifier)))
        #expect(name == signer.keyIdentifier)
        try Self.verify(signature, in: bytes, by: signer.publicKey, external: external)
        #expect(throws: ManifestError.crypto(.authenticationFailed)) {
          try Self.verify(signature, in: bytes, by: signer.publicKey, external: external + [0])
        }
        for other in signers where other.publicKey != signer.publicKey {
          #expect(throws: ManifestError.crypto(.unsupportedAlgorithm)) {
            try Self.verify(signature, in: bytes, by: other.publicKey, external: external)
          }
        }
      }
    }
  }

  @Test("A signature of COSE_Sign is none of COSE_Sign1, and the other way round")
  func contexts() async throws {
    let signer = SodiumSigner(try Ed25519PrivateKey.generate())
    let headers = try COSESign1.protectedHeaders(for: signer.publicKey)
    let none: [UInt8] = []
    let one = try await signer.signature(
      for: COSESign1.signedBytes(
        protectedHeaders: headers.span, externalData: none.span, payload: Self.payload.span))
    let many = try await signer.signature(
      for: COSESign.signedBytes(
        protectedHeaders: headers.span, externalData: none.span, payload: Self.payload.span))
    for (signature, isOne) in [(one, true), (many, false)] {
      let sign1 = try COSESign1.encoded(
        protectedHeaders: headers, payload: Self.payload, signature: signature)
      let sign = try COSESign.encoded(payload: Self.payload, signatures: [(headers, signature)])
      for (bytes, expected) in [(sign1, isOne), (sign, !isOne)] {
        let block = try COSEBlock(parsing: 0..<bytes.count, of: bytes.span)
        let isGood = (try? Self.verify(block.signatures[0], in: bytes, by: signer.publicKey)) != nil
        #expect(isGood == expected)
      }
    }
  }

  @Test("Structures with headers of their own, without signatures or with too many are refused")
  func malformed() throws {
    let signature = CBOR.array([.bytes([0xa1, 1, 0x27]), .map([]), .bytes([])])
    func parse(_ items: [CBOR], _ profile: COSEProfile = .manifests) -> ManifestError? {
      let bytes = CBOR.tag(98, .array(items)).encoded
      do throws(ManifestError) {
        _ = try COSESign(parsing: 0..<bytes.count, of: bytes.span, tagging: .tagged, profile: profile)
        return nil
      } catch {
        return error
      }
    }
    let empty = CBOR.bytes([])
    #expect(parse([empty, .map([]), .null, .array([signature])]) == nil)
    #expect(parse([empty, .map([]), .null, .array([CBOR](repeating: signature, count: 8))]) == nil)
    #expect(
      parse([empty, .map([]), .null, .array([CBOR](repeating: signature, count: 9))])
        == .limitExceeded(.envelope))
    #expect(parse([empty, .map([]), .null, .array([])])?.code == .invalidValue)
    #expect(parse([empty, .map([]), .null, signature])?.code == .invalidValue)
    #expect(
      parse([empty, .map([]), .null, .array([.array([empty, .map([]), .bytes([])])])])
        == .unsupportedHeader(1))
    for (label, value) in [
      (1, CBOR.int(-8)), (4, .bytes([1])), (-65537, .bytes([UInt8](repeating: 0, count: 32))),
    ] {
      let headers = CBOR.wrapped(.map([(.int(Int64(label)), value)]))
      #expect(parse([headers, .map([]), .null, .array([signature])]) == .unsupportedHeader(Int64(label)))
      #expect(parse([headers, .map([]), .null, .array([signature])], .documents) == nil)
    }
    let critical = CBOR.wrapped(.map([(.int(2), .array([.int(7)]))]))
    #expect(parse([critical, .map([]), .null, .array([signature])], .documents) == .unsupportedHeader(2))
    #expect(parse([.wrapped(.map([])), .map([]), .null, .array([signature])])?.code == .notCanonical)
    #expect(parse([.wrapped(.map([])), .map([]), .null, .array([signature])], .documents) == nil)
    #expect(throws: ManifestError.limitExceeded(.envelope)) {
      try COSESign.encoded(payload: nil, signatures: [])
    }
  }

  @Test("The profile for documents passes over what it does not know, but nothing critical and nothing twice")
  func documents() {
    func parse(_ protected: [(CBOR, CBOR)], _ unprotected: [(CBOR, CBOR)] = []) -> ManifestError? {
      let bytes = CBOR.tag(
        18, .array([.wrapped(.map(protected)), .map(unprotected), .null, .bytes([])])
      ).encoded
      do throws(ManifestError) {
        _ = try COSESign1(
          parsing: 0..<bytes.count, of: bytes.span, tagging: .tagged, profile: .documents)
        return nil
      } catch {
        return error
      }
    }
    let algorithm = (CBOR.int(1), CBOR.int(-8))
    #expect(parse([algorithm, (.int(3), .int(0)), (.text("x"), .array([.null, .bool(true)]))]) == nil)
    #expect(parse([algorithm], [(.int(33), .bytes([1])), (.text("y"), .int(1))]) == nil)
    #expect(parse([], [algorithm]) == nil)
    #expect(parse([(.int(3), .int(0))]) == .unsupportedHeader(1))
    #expect(parse([algorithm], [algorithm]) == .unsupportedHeader(1))
    #expect(parse([algorithm, (.int(4), .bytes([1]))], [(.int(4), .bytes([1]))]) == .unsupportedHeader(4))
    #expect(parse([algorithm, (.int(2), .array([.int(4)]))]) == .unsupportedHeader(2))
    #expect(parse([algorithm], [(.int(2), .array([.int(4)]))]) == .unsupportedHeader(2))
    #expect(parse([(.int(1), .text("ES256"))]) == .crypto(.unsupportedAlgorithm))
    // Still one encoding: sorted, and no key twice.
    #expect(parse([(.int(3), .int(0)), algorithm])?.code == .notCanonical)
    #expect(parse([algorithm, (.int(3), .int(0)), (.int(3), .int(0))])?.code == .notCanonical)
    #expect(parse([algorithm, (.text("x"), .int(0)), (.text("x"), .int(0))])?.code == .notCanonical)
  }
}
