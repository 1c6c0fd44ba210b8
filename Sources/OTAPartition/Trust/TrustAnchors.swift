public import OTACore
public import OTACrypto

/// The public keys that a device trusts, what each is for, how many of them it takes, and until when.
///
/// A set is replaced by the one with the next number, and by no other: see ``verify(update:using:)``. Who signs what, and
/// when a key that a new set leaves out is gone, is in Docs/KeyLifecycle.md.
///
/// In bytes, all integers little endian:
///
/// | offset | size | content |
/// |---|---|---|
/// | 0 | 4 | `OTAT` |
/// | 4 | 1 | version of the form, 2 |
/// | 5 | 3 | thresholds of root, manifest and image |
/// | 8 | 1 | number of keys k, 1 to 8 |
/// | 9 | 3 | zero |
/// | 12 | 8 | number of the set, from 1 |
/// | 20 | 16 | scope, as in RFC 9562 |
/// | 36 | 8 | when it was made, in seconds of Unix time; 0 if that is not said |
/// | 44 | 8 | from when on nothing is installed by it, likewise; 0 for never |
/// | 52 | | keys, up to 472 bytes: algorithm, its COSE number (1, signed); roles, one bit each (1); length (1); and the key |
///
/// A key takes 35 bytes (Ed25519), 67 (P-256), 99 (P-384), 63 or 55 (HSS).
///
/// - Note: Source: project decision, Docs/KeyLifecycle.md; the roles are those of The Update Framework 1.0, section 2.1, as
///   far as a device has a use for them.
public struct TrustAnchors: Equatable, Sendable {
  /// The most keys that a set has.
  public static var capacity: Int { 8 }
  /// The most keys of a set that may sign images, so that those of two sets fit ``MCUbootKeys``.
  public static var imageKeyCapacity: Int { 4 }
  /// The most bytes that the keys that may sign images take together: three of P-256, two of P-384, four of Ed25519.
  public static var imageKeySize: Int { 204 }
  /// The length of the longest set, in bytes.
  public static var maximumSize: Int { 524 }

  static var headerSize: Int { 52 }
  static var magic: UInt32 { 0x5441_544f }
  static var version: UInt8 { 2 }

  /// Which set it is: the first is 1, and each one that replaces another has the next number.
  public let number: UInt64
  /// For which devices: a vendor, a class or a product line, as the vendor likes, but the same in all sets.
  public let scope: UniversalIdentifier
  /// When it was made, in seconds of Unix time; 0 if that is not said.
  ///
  /// Devices know from then on that it is not earlier.
  public let issued: UInt64
  /// From when on nothing new is installed by it, in seconds of Unix time; `nil` for never.
  public let expires: UInt64?
  /// How many keys of each role have to agree.
  public let thresholds: TrustThresholds

  let keys: TrustKeyTable

  /// Makes a set from its parts.
  ///
  /// - Parameters:
  ///   - number: at least 1.
  ///   - scope: for which devices.
  ///   - issued: seconds of Unix time; 0 if that is not to be said.
  ///   - expires: seconds of Unix time, later than `issued`; `nil` for never.
  ///   - thresholds: of each role from 1 to the number of its keys, and 0 without keys; at least one root key, and at most
  ///     one for images.
  ///   - keys: 1 to ``capacity``, no two of them equal; at most ``imageKeyCapacity`` for images.
  /// - Throws: ``TrustAnchorError/malformed(_:)`` with kind `ParseError.Kind.limitExceeded` for too many keys or none, or
  ///   too many bytes of them, `ParseError.Kind.unsupported` for a threshold of images above 1,
  ///   `ParseError.Kind.invalidValue` otherwise; the offset is that of the field.
  public init(
    number: UInt64, scope: UniversalIdentifier, issued: UInt64 = 0, expires: UInt64? = nil,
    thresholds: TrustThresholds, keys: Span<TrustKey>
  ) throws(TrustAnchorError) {
    do throws(ParseError) {
      guard keys.count <= TrustAnchors.capacity else { throw ParseError(.limitExceeded, at: 8) }
      var table = TrustKeyTable()
      for index in 0..<keys.count { try TrustAnchors.append(keys[index], to: &table) }
      try self.init(
        number: number, scope: scope, issued: issued, expires: expires, thresholds: thresholds, keys: table)
    } catch {
      throw .malformed(error)
    }
  }

  /// Holds the parts against all rules.
  init(
    number: UInt64, scope: UniversalIdentifier, issued: UInt64, expires: UInt64?,
    thresholds: TrustThresholds, keys: TrustKeyTable
  ) throws(ParseError) {
    guard keys.count >= 1, keys.count <= TrustAnchors.capacity else {
      throw ParseError(.limitExceeded, at: 8)
    }
    guard thresholds.image <= 1 else { throw ParseError(.unsupported, at: 7) }
    try TrustAnchors.check(thresholds, .root, of: keys)
    guard thresholds.root >= 1 else { throw ParseError(.invalidValue, at: 5) }
    try TrustAnchors.check(thresholds, .manifest, of: keys)
    try TrustAnchors.check(thresholds, .image, of: keys)
    guard keys.count(of: .image) <= TrustAnchors.imageKeyCapacity,
      keys.byteCount(of: .image) <= TrustAnchors.imageKeySize
    else { throw ParseError(.limitExceeded, at: TrustAnchors.headerSize) }
    guard number >= 1 else { throw ParseError(.invalidValue, at: 12) }
    if let expires {
      guard expires > issued, expires > 0 else { throw ParseError(.invalidValue, at: 44) }
    }
    self.number = number
    self.scope = scope
    self.issued = issued
    self.expires = expires
    self.thresholds = thresholds
    self.keys = keys
  }

  private static func check(
    _ thresholds: TrustThresholds, _ role: TrustRole, of keys: TrustKeyTable
  ) throws(ParseError) {
    let (threshold, count) = (Int(thresholds[role]), keys.count(of: role))
    guard threshold <= count, threshold > 0 || count == 0 else {
      throw ParseError(.invalidValue, at: 5 + Int(role.rawValue))
    }
  }

  /// Adds a key, with offsets that count from the start of a set.
  static func append(_ key: TrustKey, to table: inout TrustKeyTable) throws(ParseError) {
    do throws(ParseError) {
      try table.append(key)
    } catch {
      throw ParseError(error.kind, at: headerSize + error.offset)
    }
  }

  /// How many keys there are.
  public var count: Int { keys.count }

  /// The key with this index, from 0 to ``count`` - 1, in the order of the set.
  ///
  /// - Precondition: the index is in that range.
  public subscript(index: Int) -> TrustKey { keys[index] }

  /// What a key may sign; nothing if it is not here.
  public func roles(of key: PublicKey) -> TrustRoles { keys.roles(of: key) }
}
