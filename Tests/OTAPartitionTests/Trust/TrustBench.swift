import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition

/// Keys by number, sets of them, and their signatures.
enum TrustBench {
  static let scope = UniversalIdentifier(high: 11, low: 12)

  static func privateKey(_ number: Int) throws(CryptoError) -> Ed25519PrivateKey {
    var random = SplitMix64(seed: UInt64(number) &+ 0x5eed)
    let seed = (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    return try Ed25519PrivateKey(seed: SecretBytes(copying: seed.span))
  }

  /// The public keys with the numbers from 0 on.
  static let keys: [PublicKey] = (0..<400).compactMap { try? privateKey($0).publicKey }

  static func signature(for message: [UInt8], by number: Int) throws(CryptoError) -> [UInt8] {
    try privateKey(number).signature(for: message.span)
  }

  /// A set of root keys only.
  static func anchors(
    _ number: UInt64, threshold: Int = 2, _ keys: [Int], scope: UniversalIdentifier = scope
  ) throws(TrustAnchorError) -> TrustAnchors {
    let keys = keys.map { TrustKey(TrustBench.keys[$0], for: .root) }
    return try TrustAnchors(
      number: number, scope: scope,
      thresholds: TrustThresholds(root: UInt8(truncatingIfNeeded: threshold), manifest: 0, image: 0),
      keys: keys.span)
  }

  /// A set with keys for everything; two root keys exchange it, if there are two.
  static func anchors(
    _ number: UInt64, roots: [Int], manifest: [Int] = [], image: [Int] = [], issued: UInt64 = 0,
    expires: UInt64? = nil
  ) throws(TrustAnchorError) -> TrustAnchors {
    let names = roots + (manifest + image).filter { !roots.contains($0) }
    var keys: [TrustKey] = []
    for name in names where !keys.contains(where: { $0.key == TrustBench.keys[name] }) {
      var roles = TrustRoles()
      if roots.contains(name) { roles.insert(.root) }
      if manifest.contains(name) { roles.insert(.manifest) }
      if image.contains(name) { roles.insert(.image) }
      keys.append(TrustKey(TrustBench.keys[name], for: roles))
    }
    let thresholds = TrustThresholds(
      root: roots.count > 1 ? 2 : 1, manifest: manifest.isEmpty ? 0 : 1, image: image.isEmpty ? 0 : 1)
    return try TrustAnchors(
      number: number, scope: scope, issued: issued, expires: expires, thresholds: thresholds, keys: keys.span
    )
  }

  /// The link that brings a set after another one.
  static func verified(
    _ next: TrustAnchors, after current: TrustAnchors, signedBy signers: [Int]
  ) throws(TrustAnchorError) -> VerifiedTrustAnchors {
    let bytes = try update(next, signedBy: signers)
    return try current.verify(update: bytes.span, using: SodiumVerifier())
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
      Array("OTAR".utf8) + [2, UInt8(signers.count), UInt8(set.count & 0xff), UInt8(set.count >> 8)]
    bytes += set
    for signer in signers {
      let name = KeyIdentifier(of: keys[signer])
      bytes += (0..<32).map { name.bytes[$0] } + [64, 0] + (try signature(for: domain + set, by: signer))
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

extension ImageSigners {
  /// Keys that nobody has verified.
  init(_ keys: [Int]) {
    self.init()
    for key in keys { append(TrustBench.keys[key]) }
  }
}

extension RunningImage {
  /// An image that was confirmed, with nothing else under way.
  static func confirmed(_ number: UInt64, imageCount: Int = 1) -> RunningImage {
    RunningImage(
      sequenceNumber: SequenceNumber(number), imageCount: imageCount, isSettled: true, isConfirmed: true)
  }
}

extension TestBoard {
  /// The two areas of trust anchors, where other tests have their first slot.
  var anchorAreas: [Range<UInt32>] { [4096..<8192, 8192..<12288] }

  func anchorStore() throws(LayoutError) -> TrustAnchorStore {
    try TrustAnchorStore(copyA: anchorAreas[0], copyB: anchorAreas[1], on: geometry)
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
