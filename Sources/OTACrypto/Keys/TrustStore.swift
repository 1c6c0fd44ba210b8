/// What a key may sign.
public enum KeyRole: UInt8, Sendable, CaseIterable {
  /// Manifests: what devices install.
  case manifest = 0
  /// Boot receipts: what devices report.
  case device = 1
}

/// A bounded set of public keys that are trusted, each for the roles that it was added for.
///
/// Every lookup takes a role, so that a key which is trusted for one thing can not be used for another. Power loss
/// and persistence are not its matter: the integrator compiles keys in, or loads them.
public struct TrustStore: Equatable, Sendable {
  /// The most keys that a store holds.
  public static var capacity: Int { 32 }

  struct Entry: Equatable, Sendable {
    var identifier: KeyIdentifier
    var key: PublicKey
    var roles: UInt8
  }

  private var entries: [Entry]

  /// Trusts nobody.
  public init() {
    self.entries = []
  }

  /// Trusts one key for one role.
  public init(_ key: PublicKey, for role: KeyRole) {
    self.entries = [
      Entry(identifier: KeyIdentifier(of: key), key: key, roles: TrustStore.mask(role))
    ]
  }

  /// How many different keys are trusted for anything.
  public var count: Int { entries.count }

  /// Trusts a key for one more role.
  ///
  /// Adding a key twice is not an error.
  ///
  /// - Parameters:
  ///   - key: the key to trust.
  ///   - role: what it may sign.
  /// - Returns: the identifier by which the key is found.
  /// - Throws: ``CryptoError/tooManyKeys`` if the store already holds ``capacity`` other keys.
  @discardableResult
  public mutating func add(_ key: PublicKey, for role: KeyRole) throws(CryptoError) -> KeyIdentifier {
    let identifier = KeyIdentifier(of: key)
    if let index = index(of: identifier) {
      entries[index].roles |= TrustStore.mask(role)
      return identifier
    }
    guard entries.count < TrustStore.capacity else { throw .tooManyKeys }
    entries.append(Entry(identifier: identifier, key: key, roles: TrustStore.mask(role)))
    return identifier
  }

  /// Stops trusting a key for anything; a key that is not there is not an error.
  public mutating func remove(_ identifier: KeyIdentifier) {
    if let index = index(of: identifier) { entries.remove(at: index) }
  }

  /// Finds a key that may be used for a role.
  ///
  /// - Parameters:
  ///   - identifier: which key.
  ///   - role: what it is to be used for.
  /// - Returns: the key.
  /// - Throws: ``CryptoError/unknownKey`` if it is not trusted for anything, ``CryptoError/keyNotAuthorized`` if it is
  ///   trusted for other roles only.
  public func key(_ identifier: KeyIdentifier, for role: KeyRole) throws(CryptoError) -> PublicKey {
    guard let index = index(of: identifier) else { throw .unknownKey }
    guard entries[index].roles & TrustStore.mask(role) != 0 else { throw .keyNotAuthorized }
    return entries[index].key
  }

  /// All keys that may be used for a role, in the order in which they were added.
  ///
  /// For signatures that do not name their key.
  public func keys(for role: KeyRole) -> [PublicKey] {
    var keys: [PublicKey] = []
    for entry in entries where entry.roles & TrustStore.mask(role) != 0 { keys.append(entry.key) }
    return keys
  }

  private func index(of identifier: KeyIdentifier) -> Int? {
    for index in 0..<entries.count where entries[index].identifier == identifier { return index }
    return nil
  }

  private static func mask(_ role: KeyRole) -> UInt8 { 1 << role.rawValue }
}
