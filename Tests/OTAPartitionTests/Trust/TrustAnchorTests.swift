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
    #expect(bytes.count == 52 + 35 * count)
    #expect(bytes.count <= TrustAnchors.maximumSize)
    #expect(
      Array(bytes.prefix(12)) == Array("OTAT".utf8) + [2, UInt8(count), 0, 0, UInt8(count), 0, 0, 0])
    let parsed = try TrustAnchors(parsing: bytes.span)
    #expect(parsed == anchors)
    for index in 0..<count { #expect(parsed[index] == TrustKey(TrustBench.keys[index], for: .root)) }
    for length in 0..<bytes.count {
      #expect(throws: TrustAnchorError.self) { try TrustAnchors(parsing: bytes.span.extracting(0..<length)) }
    }
  }

  @Test("Roles, thresholds and validity come back too")
  func parts() throws {
    let keys = [
      TrustKey(TrustBench.keys[0], for: .root), TrustKey(TrustBench.keys[1], for: [.root, .manifest]),
      TrustKey(TrustBench.keys[2], for: [.manifest, .image]), TrustKey(TrustBench.keys[3], for: .image),
    ]
    let thresholds = TrustThresholds(root: 2, manifest: 2, image: 1)
    let anchors = try TrustAnchors(
      number: 7, scope: TrustBench.scope, issued: 0x0102, expires: 0x0304, thresholds: thresholds,
      keys: keys.span)
    let bytes = try anchors.bytes
    #expect(bytes[5] == 2 && bytes[6] == 2 && bytes[7] == 1)
    #expect(bytes[36] == 2 && bytes[37] == 1 && bytes[44] == 4 && bytes[45] == 3)
    #expect([53, 88, 123, 158].map { bytes[$0] } == [1, 3, 6, 4])
    let parsed = try TrustAnchors(parsing: bytes.span)
    #expect(parsed == anchors && parsed.thresholds == thresholds)
    #expect(parsed.issued == 0x0102 && parsed.expires == 0x0304)
    #expect(parsed.roles(of: TrustBench.keys[2]) == [.manifest, .image])
    #expect(parsed.roles(of: TrustBench.keys[9]).isEmpty)
  }

  @Test("What breaks a rule is no set, in bytes or in parts")
  func rules() throws {
    let whole = try TrustBench.anchors(1, roots: [0, 1], manifest: [2]).bytes
    func refusal(_ change: (inout [UInt8]) -> Void) throws -> TrustAnchorError? {
      var bytes = whole
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
    #expect(try refusal { $0[4] = 1 } == malformed(.unsupported, 4))
    // No threshold of none for keys that are there, and none of more keys than there are.
    #expect(try refusal { $0[5] = 0 } == malformed(.invalidValue, 5))
    #expect(try refusal { $0[5] = 3 } == malformed(.invalidValue, 5))
    #expect(try refusal { $0[6] = 0 } == malformed(.invalidValue, 6))
    #expect(try refusal { $0[6] = 2 } == malformed(.invalidValue, 6))
    #expect(try refusal { $0[7] = 1 } == malformed(.invalidValue, 7))
    #expect(try refusal { $0[7] = 2 } == malformed(.unsupported, 7))
    #expect(try refusal { $0[8] = 2 } == malformed(.trailingBytes, 122))
    #expect(try refusal { $0[8] = 9 } == malformed(.limitExceeded, 8))
    for offset in 9..<12 { #expect(try refusal { $0[offset] = 1 } == malformed(.invalidValue, offset)) }
    #expect(try refusal { $0[12] = 0 } == malformed(.invalidValue, 12))
    // Expired before it was made.
    #expect(
      try refusal {
        $0[36] = 5
        $0[44] = 5
      } == malformed(.invalidValue, 44))
    #expect(try refusal { $0[52] = 0 } == malformed(.unsupported, 52))
    // A number of COSE that is understood elsewhere, but not the one that is written.
    #expect(try refusal { $0[52] = UInt8(bitPattern: -19) } == malformed(.unsupported, 52))
    #expect(try refusal { $0[53] = 0 } == malformed(.invalidValue, 53))
    #expect(try refusal { $0[53] = 8 } == malformed(.invalidValue, 53))
    #expect(try refusal { $0[54] = 31 } == malformed(.invalidValue, 54))
    #expect(try refusal { $0.replaceSubrange(122..<157, with: $0[52..<87]) } == malformed(.invalidValue, 122))
    #expect(try refusal { $0.append(0) } == malformed(.trailingBytes, 157))
    #expect(throws: malformed(.limitExceeded, 8)) { try TrustBench.anchors(1, threshold: 1, []) }
    #expect(throws: malformed(.limitExceeded, 8)) { try TrustBench.anchors(1, Array(0..<9)) }
    #expect(throws: malformed(.invalidValue, 5)) { try TrustBench.anchors(1, threshold: 0, [1]) }
    #expect(throws: malformed(.invalidValue, 5)) { try TrustBench.anchors(1, threshold: 2, [1]) }
    #expect(throws: malformed(.invalidValue, 12)) { try TrustBench.anchors(0, [1, 2]) }
    #expect(throws: malformed(.invalidValue, 87)) { try TrustBench.anchors(1, [1, 1]) }
    // A set that nobody could exchange.
    #expect(throws: malformed(.invalidValue, 5)) { try TrustBench.anchors(1, roots: [], manifest: [1]) }
    #expect(throws: malformed(.limitExceeded, 52)) {
      try TrustBench.anchors(1, roots: [0], image: [1, 2, 3, 4, 5])
    }
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
      _ = try? TrustAnchors(parsing: bytes.span.extracting(0..<Int(random.next() % UInt64(bytes.count + 1))))
      if let anchors = try? TrustAnchors(parsing: bytes.span) { #expect(try anchors.bytes == bytes) }
    }
  }

  @Test("Each key serves for its roles only")
  func uses() throws {
    let state = TrustState(try TrustBench.anchors(1, roots: [0, 1], manifest: [2], image: [3, 4]))
    for use in KeyUse.allCases {
      #expect(state.imageKeys(for: use).count == 2)
      for (role, good) in [(TrustRole.root, [0, 1]), (.manifest, [2]), (.image, [3, 4])] {
        for key in 0..<6 {
          #expect(state.accepts(TrustBench.keys[key], for: role, to: use) == good.contains(key))
        }
      }
    }
    let (store, threshold) = try state.manifestKeys(at: nil)
    #expect(store.count == 1 && threshold == 1)
    #expect(try store.key(KeyIdentifier(of: TrustBench.keys[2]), for: .manifest) == TrustBench.keys[2])
    for key in [0, 3] {
      let name = KeyIdentifier(of: TrustBench.keys[key])
      #expect(throws: CryptoError.unknownKey) { try store.key(name, for: .manifest) }
    }
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
      // A field that may be anything makes another set, and a good one.
      if (try? TrustAnchors(parsing: bytes.span)) != nil { continue }
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
    update[6] = 13
    update[7] = 2
    #expect(TrustBench.refusal(of: update, by: current) == .malformed(ParseError(.limitExceeded, at: 6)))
    let name = KeyIdentifier(of: TrustBench.keys[0])
    let long = [UInt8](repeating: 0, count: 16 << 10)
    #expect(throws: TrustAnchorError.malformed(ParseError(.limitExceeded, at: 199))) {
      try next.update(with: [(name, long)])
    }
    // Just as long as may be: a signature of a few kilobytes is one like others, and a wrong one no harm.
    let rest = (16 << 10) - (8 + 157 + 34)
    let longest = try next.update(with: [(name, [UInt8](repeating: 0, count: rest))])
    #expect(longest.count == TrustAnchors.maximumUpdateSize)
    #expect(TrustBench.refusal(of: longest, by: current) == .currentThresholdNotMet)
    let limit = TrustAnchorError.malformed(ParseError(.limitExceeded, at: 16 << 10))
    #expect(TrustBench.refusal(of: longest + [0], by: current) == limit)
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

  @Test("A backend without an algorithm does not count its signatures")
  func unknownAlgorithm() throws {
    struct Without: SignatureVerifier {
      let missing: PublicKey
      func verify(signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey) throws(CryptoError) {
        guard key != missing else { throw .unsupportedAlgorithm }
        try SodiumVerifier().verify(signature: signature, of: message, by: key)
      }
    }
    let verifier = Without(missing: TrustBench.keys[1])
    let update = try TrustBench.update(next, signedBy: [0, 1, 3, 4])
    #expect(TrustBench.refusal(of: update, by: current, using: verifier) == .currentThresholdNotMet)
    let more = try TrustBench.update(next, signedBy: [0, 1, 2, 3, 4])
    #expect(TrustBench.refusal(of: more, by: current, using: verifier) == nil)
  }

  @Test("Keys of other roles do not exchange a set, however many")
  func roots() throws {
    let before = try TrustBench.anchors(1, roots: [0, 1, 2], manifest: [3, 4], image: [5, 6])
    let after = try TrustBench.anchors(2, roots: [0, 1, 2], manifest: [3, 4], image: [5])
    func refusal(_ signers: [Int]) throws -> TrustAnchorError? {
      TrustBench.refusal(of: try TrustBench.update(after, signedBy: signers), by: before)
    }
    #expect(try refusal([3, 4, 5, 6]) == .currentThresholdNotMet)
    #expect(try refusal([0, 3, 4, 5, 6]) == .currentThresholdNotMet)
    #expect(try refusal([0, 1]) == nil)
  }

  @Test("A key that is new for manifests or images must have signed the set that brings it")
  func newKeys() throws {
    let before = try TrustBench.anchors(1, roots: [0, 1, 2], manifest: [3], image: [4])
    func refusal(_ after: TrustAnchors, _ signers: [Int]) throws -> TrustAnchorError? {
      TrustBench.refusal(of: try TrustBench.update(after, signedBy: signers), by: before)
    }
    let after = try TrustBench.anchors(2, roots: [0, 1, 2], manifest: [5], image: [6])
    #expect(try refusal(after, [0, 1]) == .newKeyNotProven)
    #expect(try refusal(after, [0, 1, 5]) == .newKeyNotProven)
    #expect(try refusal(after, [0, 1, 6]) == .newKeyNotProven)
    #expect(try refusal(after, [0, 1, 5, 6]) == nil)
    // A role more is new as well, a role less is not, and neither is a root key beyond the threshold.
    let more = try TrustBench.anchors(2, roots: [0, 1, 2], manifest: [3, 4], image: [4])
    #expect(try refusal(more, [0, 1]) == .newKeyNotProven)
    #expect(try refusal(more, [0, 1, 4]) == nil)
    let less = try TrustBench.anchors(2, roots: [0, 1, 2, 7], manifest: [3])
    #expect(try refusal(less, [0, 1]) == nil)
  }

  @Test("A device that was off for years walks the chain, in one write or in many")
  func chain() throws {
    var sets = [try TrustBench.anchors(1, roots: [0, 1, 2], manifest: [3], image: [4])]
    var updates: [[UInt8]] = []
    for number in 2...UInt64(12) {
      let base = 10 * Int(number)
      let next = try TrustBench.anchors(
        number, roots: [base, base + 1, base + 2], manifest: [base + 3], image: [base + 4])
      let before = number == 2 ? 0 : base - 10
      updates.append(
        try TrustBench.update(next, signedBy: [before, before + 2, base + 1, base + 2, base + 3, base + 4]))
      sets.append(next)
    }
    let board = try TestBoard.uniform()
    var flash = try board.withAnchors(sets[0])
    var store = try board.anchorStore()
    for (index, update) in updates.enumerated() {
      let verified = try sets[index].verify(update: update.span, using: SodiumVerifier())
      try store.install(verified, on: .confirmed(5), to: &flash)
    }
    let stepwise = try store.read(from: &flash)
    let start = updates[0]
    var link = try sets[0].verify(update: start.span, using: SodiumVerifier())
    for update in updates.dropFirst() { link = try link.verify(update: update.span, using: SodiumVerifier()) }
    var other = try board.withAnchors(sets[0])
    var direct = try board.anchorStore()
    try direct.install(link, on: .confirmed(5), to: &other)
    #expect(direct.current == stepwise && stepwise.anchors == sets[11])
    // What runs was signed under the first set; no set between has signed anything here.
    for number in 1...12 {
      let key = TrustBench.keys[number == 1 ? 4 : 10 * number + 4]
      #expect(stepwise.accepts(key, for: .image, to: .booting) == (number == 1 || number == 12))
      #expect(stepwise.accepts(key, for: .image, to: .installing) == (number == 12))
    }
    // A link that is left out.
    let far = updates[2]
    #expect(throws: TrustAnchorError.currentThresholdNotMet) {
      let gap = try sets[0].verify(update: start.span, using: SodiumVerifier())
      _ = try gap.verify(update: far.span, using: SodiumVerifier())
    }
  }
}
