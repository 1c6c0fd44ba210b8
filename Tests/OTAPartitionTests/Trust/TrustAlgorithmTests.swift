import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAPartition
import Testing

/// Sets with keys of several algorithms.
@Suite("Trust anchors of several algorithms")
struct TrustAlgorithmTests {
  private let ed25519: SodiumSigner
  private let p256: OpenSSLSigner
  private let p384: OpenSSLSigner

  init() throws {
    ed25519 = SodiumSigner(try Ed25519PrivateKey.generate())
    p256 = try OpenSSLSigner(OpenSSLPrivateKey.generate(.p256))
    p384 = try OpenSSLSigner(OpenSSLPrivateKey.generate(.p384))
  }

  private func anchors(_ number: UInt64, _ keys: [TrustKey], root: UInt8 = 2) throws -> TrustAnchors {
    let manifest = UInt8(keys.contains { $0.roles.contains(.manifest) } ? 1 : 0)
    let image = UInt8(keys.contains { $0.roles.contains(.image) } ? 1 : 0)
    return try TrustAnchors(
      number: number, scope: TrustBench.scope,
      thresholds: TrustThresholds(root: root, manifest: manifest, image: image), keys: keys.span)
  }

  /// A key of 32 to 96 bytes that nobody has.
  private func key(_ algorithm: SignatureAlgorithm, _ number: UInt8) throws -> PublicKey {
    let size = algorithm.publicKeySizes.upperBound
    return try PublicKey(algorithm: algorithm, bytes: [UInt8](repeating: number, count: size))
  }

  @Test("A threshold is met by keys of different algorithms, and every backend has its say")
  func mixedRoots() async throws {
    let verifier = VerifierPair(SodiumVerifier(), OpenSSLVerifier())
    let roots = [ed25519.publicKey, p256.publicKey, p384.publicKey].map { TrustKey($0, for: .root) }
    let first = try anchors(1, roots)
    let second = try anchors(2, roots + [TrustKey(try key(.hssLMS, 1), for: .root)])
    let signers: [any Signer] = [ed25519, p256, p384]
    for left in 0..<3 {
      let two = signers.enumerated().filter { $0.offset != left }.map(\.element)
      #expect(TrustBench.refusal(of: try await second.signed(by: two), by: first, using: verifier) == nil)
      let one = [signers[left]]
      #expect(
        TrustBench.refusal(of: try await second.signed(by: one), by: first, using: verifier)
          == .currentThresholdNotMet)
    }
    // A device with libsodium alone does not count what it cannot check.
    let update = try await second.signed(by: signers)
    #expect(TrustBench.refusal(of: update, by: first) == .currentThresholdNotMet)
    for index in update.indices.dropFirst(8 + (try second.bytes.count)) {
      var bytes = update
      bytes[index] ^= 1
      // Two of three are left at least, unless the form is broken.
      let refusal = TrustBench.refusal(of: bytes, by: first, using: verifier)
      #expect(refusal == nil || refusal?.code == .truncated || refusal?.code == .trailingBytes)
    }
  }

  @Test("A new key of an algorithm that the device cannot check does not come into its set")
  func newAlgorithm() async throws {
    let first = try anchors(1, [TrustKey(ed25519.publicKey, for: .all)], root: 1)
    let keys = [TrustKey(ed25519.publicKey, for: [.root, .image]), TrustKey(p256.publicKey, for: .manifest)]
    let second = try anchors(2, keys, root: 1)
    let update = try await second.signed(by: [ed25519, p256])
    #expect(TrustBench.refusal(of: update, by: first) == .newKeyNotProven)
    let both = VerifierPair(SodiumVerifier(), OpenSSLVerifier())
    #expect(TrustBench.refusal(of: update, by: first, using: both) == nil)
    let state = TrustState(second)
    #expect(try state.manifestKeys(at: nil).trustStore.keys(for: .manifest) == [p256.publicKey])
  }

  @Test("Keys of every algorithm come back, as many as the documents say")
  func sizes() throws {
    func set(_ algorithm: SignatureAlgorithm, _ roots: Int, images: Int) throws -> TrustAnchors {
      var keys: [TrustKey] = []
      for number in 0..<roots { keys.append(TrustKey(try key(algorithm, UInt8(number)), for: .root)) }
      for number in 0..<images { keys.append(TrustKey(try key(algorithm, UInt8(100 + number)), for: .image)) }
      return try anchors(1, keys, root: 1)
    }
    func size(_ set: TrustAnchors) throws -> Int {
      let bytes = try set.bytes
      #expect(try TrustAnchors(parsing: bytes.span) == set)
      let state = try TrustLifeTests.bytes(of: TrustState(set))
      #expect(try TrustState(parsing: state.span).anchors == set)
      return bytes.count
    }
    #expect(try size(set(.ed25519, 4, images: 4)) == 52 + 8 * 35)
    #expect(try size(set(.es256, 4, images: 3)) == 52 + 7 * 67)
    #expect(try size(set(.es384, 2, images: 2)) == 52 + 4 * 99)
    #expect(try size(set(.hssLMS, 4, images: 3)) == 52 + 7 * 63)
    let tooMany = { (error: ParseError.Kind, offset: Int) in
      TrustAnchorError.malformed(ParseError(error, at: offset))
    }
    #expect(throws: tooMany(.limitExceeded, 52 + 7 * 67)) { try set(.es256, 8, images: 0) }
    #expect(throws: tooMany(.limitExceeded, 52)) { try set(.es256, 2, images: 4) }
    #expect(throws: tooMany(.limitExceeded, 52)) { try set(.es384, 1, images: 3) }
  }
}
