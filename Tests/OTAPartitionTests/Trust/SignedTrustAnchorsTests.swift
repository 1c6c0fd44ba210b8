import OTACore
import OTACrypto
import OTACryptoSodium
import OTAPartition
import Testing

/// Sets with the signatures that were collected so far.
@Suite("Sets that are being signed")
struct SignedTrustAnchorsTests {
  private let first: TrustAnchors
  private let second: TrustAnchors

  init() throws {
    first = try TrustBench.anchors(1, roots: [0, 1], manifest: [3])
    second = try TrustBench.anchors(2, roots: [0, 1], manifest: [4])
  }

  private func add(_ key: Int, to set: inout SignedTrustAnchors) throws {
    try set.add(
      TrustBench.signature(for: set.anchors.signatureInput, by: key),
      by: KeyIdentifier(of: TrustBench.keys[key]))
  }

  private func isTaken(_ update: [UInt8]) throws -> Bool {
    do throws(TrustAnchorError) {
      return try first.verify(update: update.span, using: SodiumVerifier()).anchors == second
    } catch {
      #expect(error == .currentThresholdNotMet || error == .newKeyNotProven)
      return false
    }
  }

  @Test("Signatures are added one by one, on different machines, until devices take the set")
  func oneByOne() throws {
    var set = SignedTrustAnchors(second)
    #expect(try set.bytes == second.bytes)
    for key in [0, 4, 1] {
      if !set.signatures.isEmpty { #expect(try !isTaken(set.bytes)) }
      set = try SignedTrustAnchors(parsing: set.bytes)
      try add(key, to: &set)
    }
    #expect(try isTaken(set.bytes))
    #expect(try SignedTrustAnchors(parsing: set.bytes) == set)
    #expect(set.anchors == second && set.signatures.count == 3)
  }

  @Test("A key has one signature, the newest, in its place")
  func replaced() throws {
    var set = SignedTrustAnchors(second)
    try set.add([1, 2, 3], by: KeyIdentifier(of: TrustBench.keys[0]))
    try add(1, to: &set)
    try add(0, to: &set)
    #expect(set.signatures.count == 2 && set.signatures[0].bytes.count == 64)
  }

  @Test("What does not fit an update is not added")
  func full() throws {
    var set = SignedTrustAnchors(second)
    let name = KeyIdentifier(of: TrustBench.keys[20])
    #expect(throws: TrustAnchorError.self) {
      try set.add([UInt8](repeating: 0, count: 17_000), by: name)
    }
    #expect(throws: TrustAnchorError.self) {
      try set.add([UInt8](repeating: 0, count: TrustAnchors.maximumUpdateSize), by: name)
    }
    #expect(set.signatures.isEmpty)
    for key in 0..<SignedTrustAnchors.maximumSignatureCount { try add(key, to: &set) }
    let before = set
    #expect(throws: TrustAnchorError.self) { try set.add([0], by: name) }
    #expect(set == before)
  }

  @Test("Every cut, every byte more and noise is malformed, and nothing traps")
  func broken() throws {
    var set = SignedTrustAnchors(second)
    try add(0, to: &set)
    for bytes in [try second.bytes, try set.bytes] {
      for count in 0..<bytes.count {
        #expect(throws: TrustAnchorError.self) { try SignedTrustAnchors(parsing: Array(bytes.prefix(count))) }
        var changed = bytes
        changed[count] ^= 0xff
        // Another set, or another signature, may come out; never something that was not there.
        if let other = try? SignedTrustAnchors(parsing: changed) { #expect(try other.bytes == changed) }
      }
      #expect(throws: TrustAnchorError.self) { try SignedTrustAnchors(parsing: bytes + [0]) }
    }
  }
}
