import OTACore
import OTACrypto

/// The keys with a good signature under one envelope, each once.
struct ManifestSigners {
  private(set) var identifiers: [KeyIdentifier] = []
  private(set) var hashBasedCount = 0
  /// Trusted keys that signers said would sign too.
  private var promised: [KeyIdentifier] = []

  /// How many different keys have signed.
  var count: Int { identifiers.count }
  /// How many of them are not hash-based.
  var classicalCount: Int { count - hashBasedCount }

  /// Whether a trusted key was promised whose good signature is not there.
  var isStripped: Bool {
    for name in promised where !identifiers.contains(name) { return true }
    return false
  }

  /// Counts a key whose signature is good; a second time, and a second signature of it, count for nothing.
  mutating func add(_ key: PublicKey, named identifier: KeyIdentifier) {
    guard !identifiers.contains(identifier) else { return }
    identifiers.append(identifier)
    if key.algorithm.isHashBased { hashBasedCount += 1 }
  }

  /// Remembers the keys that a good signature says will sign too, as far as they may sign manifests here.
  ///
  /// - Parameters:
  ///   - names: identifiers of keys, one behind the other.
  ///   - trustStore: the keys that are trusted here.
  mutating func promise(_ names: Span<UInt8>, trustStore: TrustStore) {
    let size = KeyIdentifier.byteCount
    var start = 0
    while names.count - start >= size {
      let name = names.extracting(start..<start + size)
      start += size
      do throws(CryptoError) {
        let identifier = try KeyIdentifier(header: name)
        _ = try trustStore.key(identifier, for: .manifest)
        if !promised.contains(identifier) { promised.append(identifier) }
      } catch {
        // A key for other devices.
        continue
      }
    }
  }
}
