public import OTACrypto

/// What a key of a set of trust anchors is for.
public enum TrustRole: UInt8, Sendable {
  /// Exchanges the set.
  case root = 0
  /// Signs manifests: what is installed.
  case manifest = 1
  /// Signs bootable images: what is started.
  case image = 2
}

/// Several roles; a key may have more than one.
public struct TrustRoles: Equatable, Sendable {
  /// One bit for each role, by its number.
  public let rawValue: UInt8

  /// Takes the bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// One role alone.
  public init(_ role: TrustRole) { rawValue = 1 << role.rawValue }

  /// ``TrustRole/root``.
  public static var root: TrustRoles { TrustRoles(.root) }
  /// ``TrustRole/manifest``.
  public static var manifest: TrustRoles { TrustRoles(.manifest) }
  /// ``TrustRole/image``.
  public static var image: TrustRoles { TrustRoles(.image) }
  /// Every role.
  public static var all: TrustRoles { TrustRoles(rawValue: 7) }
  /// None.
  static var none: TrustRoles { TrustRoles(rawValue: 0) }

  /// Whether a role is among them.
  public func contains(_ role: TrustRole) -> Bool { rawValue & TrustRoles(role).rawValue != 0 }

  /// Whether there is at least one, and none that is not known.
  var isValid: Bool { rawValue != 0 && rawValue & ~TrustRoles.all.rawValue == 0 }

  /// These without those.
  func without(_ others: TrustRoles) -> TrustRoles { TrustRoles(rawValue: rawValue & ~others.rawValue) }
}

/// How many keys of each role have to agree.
public struct TrustThresholds: Equatable, Sendable {
  /// How many root keys exchange the set.
  public var root: UInt8
  /// How many manifest keys sign a manifest; 0 if there are none.
  public var manifest: UInt8
  /// How many image keys sign an image: 1, because an image has one signature; 0 if there are no image keys.
  public var image: UInt8

  /// Takes the numbers.
  public init(root: UInt8, manifest: UInt8 = 1, image: UInt8 = 1) {
    self.root = root
    self.manifest = manifest
    self.image = image
  }

  /// The number of a role.
  public subscript(role: TrustRole) -> UInt8 {
    switch role {
    case .root: root
    case .manifest: manifest
    case .image: image
    }
  }
}

/// What a key is asked about.
public enum KeyUse: UInt8, Sendable {
  /// May what is installed already be started?
  case booting = 0
  /// May something new be installed?
  case installing = 1
}

/// A key together with what it is for.
public struct TrustKey: Equatable, Sendable {
  /// The key.
  public var key: PublicKey
  /// What it may sign.
  public var roles: TrustRoles

  /// Makes a pair.
  public init(_ key: PublicKey, for roles: TrustRoles) {
    self.key = key
    self.roles = roles
  }

  /// The name by which signatures find the key.
  public var identifier: KeyIdentifier { KeyIdentifier(of: key) }
}
