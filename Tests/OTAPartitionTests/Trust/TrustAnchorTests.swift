import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("TrustAnchors")
struct TrustAnchorTests {
  @Test("A set of any size comes back from its bytes", arguments: 1...8)
  func roundTrip(_ count: Int) throws {
    let anchors = try TrustBench.anchors(.max, threshold: count, Array(0..<count))
    let bytes = try anchors.bytes
    #expect(bytes.count == 32 + 36 * count)
    #expect(bytes.count <= TrustAnchors.maximumSize)
    #expect(Array(bytes.prefix(8)) == Array("OTAT".utf8) + [1, UInt8(count), UInt8(count), 0])
    let parsed = try TrustAnchors(parsing: bytes.span)
    #expect(parsed == anchors)
    for index in 0..<count { #expect(parsed[index] == TrustBench.keys[index]) }
    for length in 0..<bytes.count {
      #expect(throws: TrustAnchorError.self) { try TrustAnchors(parsing: bytes.span.extracting(0..<length)) }
    }
  }

  @Test("What breaks a rule is no set, in bytes or in parts")
  func rules() throws {
    func refusal(_ change: (inout [UInt8]) -> Void) throws -> TrustAnchorError? {
      var bytes = try TrustBench.anchors(1, [0, 1, 2]).bytes
      change(&bytes)
      do throws(TrustAnchorError) {
        _ = try TrustAnchors(parsing: bytes.span)
        return nil
      } catch {
        return error
      }
    }
    func malformed(_ kind: ParseError.Kind, _ offset: Int) -> TrustAnchorError {
      .malformed(ParseError(kind, at: offset))
    }
    #expect(try refusal { _ in } == nil)
    #expect(try refusal { $0[0] = 0 } == malformed(.invalidValue, 0))
    #expect(try refusal { $0[4] = 2 } == malformed(.unsupported, 4))
    #expect(try refusal { $0[5] = 0 } == malformed(.invalidValue, 5))
    #expect(try refusal { $0[5] = 4 } == malformed(.invalidValue, 5))
    #expect(try refusal { $0[6] = 0 } == malformed(.trailingBytes, 32))
    #expect(try refusal { $0[6] = 2 } == malformed(.trailingBytes, 104))
    #expect(try refusal { $0[6] = 9 } == malformed(.limitExceeded, 6))
    #expect(try refusal { $0[7] = 1 } == malformed(.invalidValue, 7))
    #expect(try refusal { $0[8] = 0 } == malformed(.invalidValue, 8))
    #expect(try refusal { $0[32] = 0 } == malformed(.unsupported, 32))
    #expect(try refusal { $0.replaceSubrange(104..<140, with: $0[32..<68]) } == malformed(.invalidValue, 104))
    #expect(try refusal { $0.append(0) } == malformed(.trailingBytes, 140))
    #expect(throws: malformed(.limitExceeded, 6)) { try TrustBench.anchors(1, threshold: 1, []) }
    #expect(throws: malformed(.limitExceeded, 6)) { try TrustBench.anchors(1, Array(0..<9)) }
    #expect(throws: malformed(.invalidValue, 5)) { try TrustBench.anchors(1, threshold: 0, [1]) }
    #expect(throws: malformed(.invalidValue, 5)) { try TrustBench.anchors(1, threshold: 2, [1]) }
    #expect(throws: malformed(.invalidValue, 8)) { try TrustBench.anchors(0, [1, 2]) }
    #expect(throws: malformed(.invalidValue, 68)) { try TrustBench.anchors(1, [1, 1]) }
  }

  @Test("Noise is no set, and never traps")
  func noise() throws {
    print("trust anchor noise: seed \(TestSeed.value)")
    var random = SplitMix64(seed: TestSeed.value)
    let whole = try TrustBench.anchors(1, Array(0..<8)).bytes
    for _ in 0..<5000 {
      var bytes = whole
      for _ in 0...random.next() % 4 {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next() % 10)
      }
      _ = try? TrustAnchors(parsing: bytes.span.extracting(0..<Int(random.next() % 321)))
      if let anchors = try? TrustAnchors(parsing: bytes.span) { #expect(try anchors.bytes == bytes) }
    }
  }

  @Test("The keys of a set serve as those of images, and as those of manifests")
  func uses() throws {
    let anchors = try TrustBench.anchors(1, Array(0..<8))
    #expect(anchors.imageKeys.count == 8)
    let store = TrustStore(anchors, for: .manifest)
    #expect(store.count == 8)
    let name = KeyIdentifier(of: TrustBench.keys[7])
    #expect(try store.key(name, for: .manifest) == TrustBench.keys[7])
    #expect(throws: CryptoError.keyNotAuthorized) { try store.key(name, for: .device) }
  }
}

@Suite("Exchange of trust anchors")
struct TrustAnchorUpdateTests {
  /// Two of the keys 0, 1, 2; then two of 2, 3, 4.
  private let current: TrustAnchors
  private let next: TrustAnchors

  init() throws {
    current = try TrustBench.anchors(5, [0, 1, 2])
    next = try TrustBench.anchors(6, [2, 3, 4])
  }

  private func refusal(_ signers: [Int]) throws -> TrustAnchorError? {
    TrustBench.refusal(of: try TrustBench.update(next, signedBy: signers), by: current)
  }

  @Test("Enough keys of the old set and enough of the new one are needed, in any order")
  func thresholds() throws {
    #expect(try refusal([0, 1, 3, 4]) == nil)
    #expect(try refusal([4, 1, 3, 0]) == nil)
    #expect(try refusal([0, 1, 2, 3, 4]) == nil)
    // The key that is in both counts for both.
    #expect(try refusal([0, 2, 3]) == nil)
    #expect(try refusal([2, 1, 4]) == nil)
    for signers in [[], [0], [3, 4], [0, 3, 4], [2, 3, 4]] {
      #expect(try refusal(signers) == .currentThresholdNotMet, "\(signers)")
    }
    for signers in [[0, 1], [0, 1, 2], [0, 1, 3], [0, 2]] {
      #expect(try refusal(signers) == .newThresholdNotMet, "\(signers)")
    }
  }

  @Test("A key that signs twice counts once")
  func twice() throws {
    #expect(try refusal([0, 0, 3, 4]) == .currentThresholdNotMet)
    #expect(try refusal([0, 1, 3, 3]) == .newThresholdNotMet)
    #expect(try refusal([2, 2, 2, 2]) == .currentThresholdNotMet)
    #expect(try refusal([0, 0, 1, 1, 3, 3, 4, 4]) == nil)
  }

  @Test("Signatures of strangers and wrong ones do not count, and do no harm")
  func strangers() throws {
    #expect(try refusal([9, 0, 10, 1, 3, 11, 4]) == nil)
    #expect(try refusal([0, 9, 3, 4]) == .currentThresholdNotMet)
    let input = try next.signatureInput
    func signed(_ key: Int, _ signer: Int) throws -> (key: KeyIdentifier, signature: [UInt8]) {
      (KeyIdentifier(of: TrustBench.keys[key]), try TrustBench.signature(for: input, by: signer))
    }
    // Key 1 as if it had signed for 0, and then both themselves.
    var signatures = [try signed(0, 1), try signed(1, 1), try signed(3, 3), try signed(4, 4)]
    #expect(TrustBench.refusal(of: try next.update(with: signatures), by: current) == .currentThresholdNotMet)
    signatures.append(try signed(0, 0))
    #expect(TrustBench.refusal(of: try next.update(with: signatures), by: current) == nil)
  }

  @Test("Only the next number is accepted: no replay, no leap")
  func numbers() throws {
    for number in [UInt64(1), 4, 5, 7, .max] {
      let other = try TrustBench.anchors(number, [2, 3, 4])
      let update = try TrustBench.update(other, signedBy: [0, 1, 3, 4])
      #expect(TrustBench.refusal(of: update, by: current) == .numberMismatch)
    }
    let last = try TrustBench.anchors(.max, [0, 1, 2])
    for number in [UInt64(1), .max] {
      let update = try TrustBench.update(try TrustBench.anchors(number, [0, 1, 2]), signedBy: [0, 1, 2])
      #expect(TrustBench.refusal(of: update, by: last) == .numberMismatch)
    }
  }

  @Test("A set for other devices is refused")
  func scope() throws {
    let other = try TrustBench.anchors(6, [2, 3, 4], scope: UniversalIdentifier(high: 11, low: 13))
    let update = try TrustBench.update(other, signedBy: [0, 1, 2, 3, 4])
    #expect(TrustBench.refusal(of: update, by: current) == .scopeMismatch)
  }

  @Test("Every flipped bit and every cut is refused")
  func tampering() throws {
    let update = try TrustBench.update(next, signedBy: [0, 1, 3, 4])
    for byte in update.indices {
      var bytes = update
      bytes[byte] ^= 1 << UInt8(byte % 8)
      #expect(TrustBench.refusal(of: bytes, by: current) != nil, "byte \(byte)")
    }
    for count in update.indices {
      let refusal = TrustBench.refusal(of: Array(update.prefix(count)), by: current)
      #expect(refusal?.code == .truncated, "\(count) bytes")
    }
    #expect(TrustBench.refusal(of: update + [0], by: current)?.code == .trailingBytes)
  }

  @Test("Signatures under the same bytes for another purpose do not count")
  func domain() throws {
    let set = try next.bytes
    let good = try TrustBench.document(set, signedBy: [0, 1, 3, 4])
    #expect(TrustBench.refusal(of: good, by: current) == nil)
    for domain in [[], Array("swift-ota trust anchors".utf8), Array("swift-ota trust anchorS".utf8) + [0]] {
      let update = try TrustBench.document(set, signedBy: [0, 1, 3, 4], domain: domain)
      #expect(TrustBench.refusal(of: update, by: current) == .currentThresholdNotMet)
    }
  }

  @Test("Garbage under good signatures is refused without a trap, and before its signatures not looked at")
  func signedGarbage() throws {
    #expect(
      TrustBench.refusal(of: try TrustBench.document([1, 2, 3], signedBy: [0]), by: current)
        == .currentThresholdNotMet)
    print("signed garbage: seed \(TestSeed.value)")
    var random = SplitMix64(seed: TestSeed.value)
    let set = try next.bytes
    for _ in 0..<300 {
      var bytes = Array(set.prefix(Int(random.next() % UInt64(set.count + 1))))
      if !bytes.isEmpty, random.next() % 2 == 0 {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next() % 12)
      }
      guard bytes != set else { continue }
      let update = try TrustBench.document(bytes, signedBy: [0, 1, 3, 4])
      #expect(TrustBench.refusal(of: update, by: current) != nil)
    }
  }

  @Test("Counts over the limit are refused before anything is checked")
  func limits() throws {
    #expect(throws: TrustAnchorError.malformed(ParseError(.limitExceeded, at: 5))) {
      try TrustBench.update(next, signedBy: Array(0..<17))
    }
    #expect(try refusal(Array(0..<16)) == nil)
    var update = try TrustBench.update(next, signedBy: [0, 1, 3, 4])
    update[5] = 17
    #expect(TrustBench.refusal(of: update, by: current) == .malformed(ParseError(.limitExceeded, at: 5)))
    update[5] = 4
    update[6] = 65
    update[7] = 1
    #expect(TrustBench.refusal(of: update, by: current) == .malformed(ParseError(.limitExceeded, at: 6)))
    let name = KeyIdentifier(of: TrustBench.keys[0])
    #expect(throws: TrustAnchorError.malformed(ParseError(.invalidValue, at: 148))) {
      try next.update(with: [(name, [UInt8](repeating: 0, count: 63))])
    }
  }

  @Test("A backend that cannot tell is an error, not a missing signature")
  func backend() throws {
    struct Broken: SignatureVerifier {
      func verify(signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey) throws(CryptoError) {
        throw .unavailable
      }
    }
    let update = try TrustBench.update(next, signedBy: [0, 1, 3, 4])
    #expect(TrustBench.refusal(of: update, by: current, using: Broken()) == .crypto(.unavailable))
  }

  @Test("Signers that are asynchronous make the same update")
  func signers() async throws {
    let keys = [
      SodiumSigner(try Ed25519PrivateKey.generate()), SodiumSigner(try Ed25519PrivateKey.generate()),
    ]
    let first = try TrustAnchors(
      number: 1, scope: TrustBench.scope, threshold: 1, keys: [keys[0].publicKey].span)
    let second = try TrustAnchors(
      number: 2, scope: TrustBench.scope, threshold: 1, keys: [keys[1].publicKey].span)
    #expect(TrustBench.refusal(of: try await second.signed(by: keys), by: first) == nil)
    #expect(TrustBench.refusal(of: try await second.signed(by: [keys[0]]), by: first) == .newThresholdNotMet)
  }
}
