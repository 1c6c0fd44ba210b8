import OTACore
public import OTACrypto

/// The keys that may sign manifests, without heap: for devices that have none.
///
/// A `TrustStore` with one role and a few places.
public struct ManifestKeySet: Sendable {
  /// The most keys that a set holds.
  public static var capacity: Int { 4 }

  private var first: PublicKey
  private var second: PublicKey
  private var third: PublicKey
  private var fourth: PublicKey
  /// How many different keys there are; at least 1.
  public private(set) var count: Int
  /// How many of them must have signed, and of which kinds.
  public var policy: SignaturePolicy

  /// Trusts one key.
  public init(_ key: PublicKey, policy: SignaturePolicy = .oneSignature) {
    (first, second, third, fourth) = (key, key, key, key)
    count = 1
    self.policy = policy
  }

  /// Trusts one more key; adding one twice is not an error.
  ///
  /// - Throws: `CryptoError.tooManyKeys` if there are ``capacity`` others.
  public mutating func add(_ key: PublicKey) throws(CryptoError) {
    for index in 0..<count where self[index] == key { return }
    switch count {
    case 1: second = key
    case 2: third = key
    case 3: fourth = key
    default: throw .tooManyKeys
    }
    count += 1
  }

  /// The key with this index, from 0 to ``count`` - 1.
  ///
  /// - Precondition: the index is in that range.
  public subscript(index: Int) -> PublicKey {
    precondition(index >= 0 && index < count, "no such key")
    switch index {
    case 0: return first
    case 1: return second
    case 2: return third
    default: return fourth
    }
  }

  /// The place of the key with this name; `nil` if it is not here.
  func index(named name: Span<UInt8>) -> Int? {
    guard name.count == KeyIdentifier.byteCount else { return nil }
    for index in 0..<count {
      let identifier = KeyIdentifier(of: self[index])
      let bytes = identifier.bytes
      var isEqual = true
      for place in 0..<name.count where bytes[place] != name[place] { isEqual = false }
      if isEqual { return index }
    }
    return nil
  }
}

/// Which keys of a ``ManifestKeySet`` have signed; a bit for each, by its place.
struct CompactSigners {
  var signed: UInt8 = 0
  /// Those that signers said would sign too.
  var promised: UInt8 = 0

  /// Whether enough keys have signed a manifest with this number.
  func meet(_ keys: ManifestKeySet, sequenceNumber: SequenceNumber) -> Bool {
    let policy = keys.policy
    if policy.refusesStripping, promised & ~signed != 0 { return false }
    var classical = 0
    var hashBased = 0
    for index in 0..<keys.count where signed >> UInt8(index) & 1 != 0 {
      if keys[index].algorithm.isHashBased { hashBased += 1 } else { classical += 1 }
    }
    if let hybrid = policy.hybrid, sequenceNumber >= hybrid.from {
      return classical >= max(1, policy.threshold) && hashBased >= max(1, hybrid.threshold)
    }
    return classical + hashBased >= max(1, policy.threshold)
  }
}
