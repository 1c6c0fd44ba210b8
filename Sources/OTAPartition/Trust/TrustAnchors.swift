public import OTACore
public import OTACrypto

/// The public keys that a device starts from, and how many of them it takes to exchange them.
///
/// What the keys may sign besides is the program's matter; the threshold is for exchanging them only. A set is replaced by
/// the one with the next number, and by no other: see ``verify(update:using:)``.
///
/// In bytes, all integers little endian:
///
/// | size | content |
/// |---|---|
/// | 4 | `OTAT` |
/// | 1 | version of the form, 1 |
/// | 1 | threshold, 1 to k |
/// | 1 | number of keys k, 1 to 8 |
/// | 1 | zero |
/// | 8 | number of the set, from 1 |
/// | 16 | scope, as in RFC 9562 |
/// | 36 k | keys: algorithm, its COSE number (4), and the key (32); no key twice |
///
/// - Note: Source: project decision, Docs/SecureStorage.md.
public struct TrustAnchors: Equatable, Sendable {
  /// The most keys that a set has.
  public static var capacity: Int { 8 }
  /// The length of the longest set, in bytes.
  public static var maximumSize: Int { 320 }

  static var headerSize: Int { 32 }
  static var keySize: Int { 36 }
  static var magic: UInt32 { 0x5441_544f }
  static var version: UInt8 { 1 }

  /// Which set it is: the first is 1, and each one that replaces another has the next number.
  public let number: UInt64
  /// For which devices: a vendor, a class or a product line, as the vendor likes, but the same in all sets.
  public let scope: UniversalIdentifier
  /// How many of the keys it takes to exchange the set.
  public let threshold: Int
  /// How many keys there are.
  public let count: Int

  private let keys: InlineArray<8, PublicKey?>

  /// Makes a set from its parts.
  ///
  /// - Parameters:
  ///   - number: at least 1.
  ///   - scope: for which devices.
  ///   - threshold: from 1 to the number of keys.
  ///   - keys: 1 to ``capacity`` of Ed25519, no two of them equal.
  /// - Throws: ``TrustAnchorError/malformed(_:)`` with kind `ParseError.Kind.limitExceeded` for too many keys or none,
  ///   `ParseError.Kind.unsupported` for a key of another algorithm than Ed25519,
  ///   `ParseError.Kind.invalidValue` otherwise; the offset is that of the field.
  public init(
    number: UInt64, scope: UniversalIdentifier, threshold: Int, keys: Span<PublicKey>
  ) throws(TrustAnchorError) {
    var storage = InlineArray<8, PublicKey?>(repeating: nil)
    guard keys.count <= TrustAnchors.capacity else { throw .malformed(ParseError(.limitExceeded, at: 6)) }
    for index in 0..<keys.count { storage[index] = keys[index] }
    do throws(ParseError) {
      try self.init(number: number, scope: scope, threshold: threshold, count: keys.count, keys: storage)
    } catch {
      throw .malformed(error)
    }
  }

  /// Holds the parts against all rules.
  private init(
    number: UInt64, scope: UniversalIdentifier, threshold: Int, count: Int, keys: InlineArray<8, PublicKey?>
  ) throws(ParseError) {
    guard count >= 1, count <= TrustAnchors.capacity else { throw ParseError(.limitExceeded, at: 6) }
    guard threshold >= 1, threshold <= count else { throw ParseError(.invalidValue, at: 5) }
    guard number >= 1 else { throw ParseError(.invalidValue, at: 8) }
    for index in 0..<count {
      // Keys of the form have 32 bytes.
      guard let key = keys[index], key.algorithm == .ed25519 else {
        throw ParseError(.unsupported, at: TrustAnchors.headerSize + TrustAnchors.keySize * index)
      }
      for earlier in 0..<index where keys[index] == keys[earlier] {
        throw ParseError(.invalidValue, at: TrustAnchors.headerSize + TrustAnchors.keySize * index)
      }
    }
    self.number = number
    self.scope = scope
    self.threshold = threshold
    self.count = count
    self.keys = keys
  }

  /// The key with this index, from 0 to ``count`` - 1.
  ///
  /// - Precondition: the index is in that range.
  public subscript(index: Int) -> PublicKey {
    guard index >= 0, index < count, let key = keys[index] else { preconditionFailure("no such key") }
    return key
  }

  /// Compares everything, the order of the keys too.
  public static func == (left: TrustAnchors, right: TrustAnchors) -> Bool {
    guard left.number == right.number, left.scope == right.scope, left.threshold == right.threshold,
      left.count == right.count
    else { return false }
    for index in 0..<left.count where left.keys[index] != right.keys[index] { return false }
    return true
  }
}

extension TrustAnchors {
  /// Reads a set.
  ///
  /// Whether anybody has signed it is not looked at.
  ///
  /// - Parameter bytes: the set, and nothing behind it.
  /// - Throws: ``TrustAnchorError/malformed(_:)`` for anything but a set of this version.
  public init(parsing bytes: Span<UInt8>) throws(TrustAnchorError) {
    do throws(ParseError) {
      var cursor = ByteCursor(bytes)
      let magic = try cursor.readLittleEndian(UInt32.self)
      guard magic == TrustAnchors.magic else { throw ParseError(.invalidValue, at: 0) }
      let version = try cursor.readByte()
      guard version == TrustAnchors.version else { throw ParseError(.unsupported, at: 4) }
      let threshold = try cursor.readByte()
      let count = Int(try cursor.readByte())
      let zero = try cursor.readByte()
      guard zero == 0 else { throw ParseError(.invalidValue, at: 7) }
      let number = try cursor.readLittleEndian(UInt64.self)
      let scope = try UniversalIdentifier(bytes: cursor.readBytes(count: 16))
      guard count <= TrustAnchors.capacity else { throw ParseError(.limitExceeded, at: 6) }
      var keys = InlineArray<8, PublicKey?>(repeating: nil)
      for index in 0..<count { keys[index] = try TrustAnchors.readKey(from: &cursor) }
      try cursor.requireEnd()
      try self.init(number: number, scope: scope, threshold: Int(threshold), count: count, keys: keys)
    } catch {
      throw .malformed(error)
    }
  }

  private static func readKey(from cursor: inout ByteCursor) throws(ParseError) -> PublicKey {
    let start = cursor.offset
    let algorithm = Int32(bitPattern: try cursor.readLittleEndian(UInt32.self))
    guard let algorithm = SignatureAlgorithm(rawValue: algorithm), algorithm == .ed25519 else {
      throw ParseError(.unsupported, at: start)
    }
    let bytes = try cursor.readBytes(count: 32)
    do throws(CryptoError) {
      return try PublicKey(algorithm: algorithm, copying: bytes)
    } catch {
      throw ParseError(.invalidValue, at: start)
    }
  }

  /// Appends the set.
  ///
  /// - Throws: kind `ParseError.Kind.capacityExceeded` if it does not fit.
  public func serialize(into writer: inout ByteWriter) throws(ParseError) {
    try writer.writeLittleEndian(TrustAnchors.magic)
    try writer.write(byte: TrustAnchors.version)
    try writer.write(byte: UInt8(truncatingIfNeeded: threshold))
    try writer.write(byte: UInt8(truncatingIfNeeded: count))
    try writer.write(byte: 0)
    try writer.writeLittleEndian(number)
    try scope.serialize(into: &writer)
    for index in 0..<count {
      guard let key = keys[index] else { continue }
      try writer.writeLittleEndian(UInt32(bitPattern: key.algorithm.rawValue))
      try writer.write(key.span)
    }
  }

  /// Writes the set to the start of `bytes`.
  ///
  /// - Returns: how many bytes these are.
  func serialize(into bytes: consuming MutableSpan<UInt8>) throws(TrustAnchorError) -> Int {
    do throws(ParseError) {
      var writer = ByteWriter(bytes)
      try serialize(into: &writer)
      return writer.count
    } catch {
      throw .malformed(error)
    }
  }

  /// The keys as the ones whose images of MCUboot are believed.
  public var imageKeys: MCUbootKeys {
    var trusted = MCUbootKeys()
    // As many as fit there: both hold eight.
    for index in 0..<count { try? trusted.add(self[index]) }
    return trusted
  }
}
