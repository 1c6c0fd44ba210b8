import OTACore
import OTACrypto
import OTACryptoSodium
import Synchronization

/// A signer with one tree of LMS, SHA-256, height 5, chains of 4 bits: for tests only, where nobody copies its state.
///
/// - Note: Source: RFC 8554, sections 4.3 to 4.5, 5.2, 5.4 and 6.2, and appendix A for the secret values.
final class LMSTestSigner: Signer {
  private static let chains = 67
  private static let types: [UInt8] = [0, 0, 0, 5, 0, 0, 0, 3]

  let publicKey: PublicKey
  private let identifier: [UInt8]
  private let seed: [UInt8]
  private let tree: [[UInt8]]
  private let nextLeaf = Mutex<UInt32>(0)

  init() throws {
    identifier = (0..<16).map { _ in UInt8.random(in: 0...255) }
    seed = (0..<32).map { _ in UInt8.random(in: 0...255) }
    var tree = [[UInt8]](repeating: [], count: 64)
    for leaf: UInt32 in 0..<32 {
      var ends: [UInt8] = []
      for chain in 0..<Self.chains {
        ends += Self.walk(
          Self.secret(identifier, seed, leaf, chain), identifier, leaf, chain, from: 0, to: 15)
      }
      let key = Self.hash(identifier + Self.bytes(leaf) + [0x80, 0x80] + ends)
      tree[Int(32 + leaf)] = Self.hash(identifier + Self.bytes(32 + leaf) + [0x82, 0x82] + key)
    }
    for node in (1..<32).reversed() {
      tree[node] = Self.hash(
        identifier + Self.bytes(UInt32(node)) + [0x83, 0x83] + tree[2 * node] + tree[2 * node + 1])
    }
    self.tree = tree
    publicKey = try PublicKey(
      algorithm: .hssLMS, bytes: [0, 0, 0, 1] + Self.types + identifier + tree[1])
  }

  func signature(for message: [UInt8]) async throws(CryptoError) -> [UInt8] {
    let leaf = nextLeaf.withLock { leaf in
      leaf += 1
      return leaf - 1
    }
    guard leaf < 32 else { throw .unavailable }
    let salt = (0..<32).map { _ in UInt8.random(in: 0...255) }
    let digest = Self.hash(identifier + Self.bytes(leaf) + [0x81, 0x81] + salt + message)
    var digits = digest.flatMap { [$0 >> 4, $0 & 15] }
    let checksum = digits.reduce(0) { $0 + 15 - Int($1) }
    digits += [UInt8(checksum >> 8 & 15), UInt8(checksum >> 4 & 15), UInt8(checksum & 15)]
    var signature: [UInt8] = [0, 0, 0, 0] + Self.bytes(leaf) + Self.types[4...] + salt
    for (chain, digit) in digits.enumerated() {
      signature += Self.walk(
        Self.secret(identifier, seed, leaf, chain), identifier, leaf, chain, from: 0, to: Int(digit))
    }
    signature += Self.types[..<4]
    var node = Int(32 + leaf)
    while node > 1 {
      signature += tree[node ^ 1]
      node /= 2
    }
    return signature
  }

  private static func secret(
    _ identifier: [UInt8], _ seed: [UInt8], _ leaf: UInt32, _ chain: Int
  ) -> [UInt8] {
    hash(identifier + bytes(leaf) + [0, UInt8(chain), 0xff] + seed)
  }

  private static func walk(
    _ start: [UInt8], _ identifier: [UInt8], _ leaf: UInt32, _ chain: Int, from: Int, to end: Int
  ) -> [UInt8] {
    var value = start
    for step in from..<end {
      value = hash(identifier + bytes(leaf) + [0, UInt8(chain), UInt8(step)] + value)
    }
    return value
  }

  private static func hash(_ bytes: [UInt8]) -> [UInt8] {
    let digest = SodiumSHA256.digest(of: bytes.span)
    return (0..<32).map { digest.bytes[$0] }
  }

  private static func bytes(_ number: UInt32) -> [UInt8] {
    [UInt8(number >> 24), UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
  }
}
