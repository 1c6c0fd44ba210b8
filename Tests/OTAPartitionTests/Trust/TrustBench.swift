import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition

/// Keys by number, sets of them, and their signatures.
enum TrustBench {
  static let scope = UniversalIdentifier(high: 11, low: 12)

  private static func privateKey(_ number: Int) throws(CryptoError) -> Ed25519PrivateKey {
    var random = SplitMix64(seed: UInt64(number) &+ 0x5eed)
    let seed = (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    return try Ed25519PrivateKey(seed: SecretBytes(copying: seed.span))
  }

  /// The public keys with the numbers from 0 on.
  static let keys: [PublicKey] = (0..<400).compactMap { try? privateKey($0).publicKey }

  static func signature(for message: [UInt8], by number: Int) throws(CryptoError) -> [UInt8] {
    try privateKey(number).signature(for: message.span)
  }

  static func anchors(
    _ number: UInt64, threshold: Int = 2, _ keys: [Int], scope: UniversalIdentifier = scope
  ) throws(TrustAnchorError) -> TrustAnchors {
    let keys = keys.map { TrustBench.keys[$0] }
    return try TrustAnchors(number: number, scope: scope, threshold: threshold, keys: keys.span)
  }

  /// The update that brings a set, with these signatures.
  static func update(_ next: TrustAnchors, signedBy signers: [Int]) throws(TrustAnchorError) -> [UInt8] {
    let input = try next.signatureInput
    var signatures: [(key: KeyIdentifier, signature: [UInt8])] = []
    for signer in signers {
      do throws(CryptoError) {
        signatures.append((KeyIdentifier(of: keys[signer]), try signature(for: input, by: signer)))
      } catch {
        throw .crypto(error)
      }
    }
    return try next.update(with: signatures)
  }

  /// Any bytes in the place of a set, with good signatures.
  static func document(_ set: [UInt8], signedBy signers: [Int], domain: [UInt8]? = nil) throws -> [UInt8] {
    let domain = domain ?? Array("swift-ota trust anchors".utf8) + [0]
    var bytes =
      Array("OTAR".utf8) + [1, UInt8(signers.count), UInt8(set.count & 0xff), UInt8(set.count >> 8)]
    bytes += set
    for signer in signers {
      let name = KeyIdentifier(of: keys[signer])
      bytes += (0..<32).map { name.bytes[$0] } + (try signature(for: domain + set, by: signer))
    }
    return bytes
  }

  /// What verifying an update says; `nil` if it is good.
  static func refusal(
    of update: [UInt8], by current: TrustAnchors, using verifier: some SignatureVerifier = SodiumVerifier()
  ) -> TrustAnchorError? {
    do throws(TrustAnchorError) {
      _ = try current.verify(update: update.span, using: verifier)
      return nil
    } catch {
      return error
    }
  }
}

extension TestBoard {
  /// The two areas of trust anchors, where other tests have their journal.
  func anchorStore() throws(LayoutError) -> TrustAnchorStore {
    try TrustAnchorStore(copyA: layout.journalA, copyB: layout.journalB, on: geometry)
  }

  /// A device that holds a set and is otherwise full of noise.
  func withAnchors(_ anchors: TrustAnchors) throws -> SimulatedFlash {
    var flash = used()
    var store = try anchorStore()
    try store.format(anchors, on: &flash)
    flash.resetCounters()
    return flash
  }
}
