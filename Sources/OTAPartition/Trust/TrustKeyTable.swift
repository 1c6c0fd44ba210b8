import OTACore
import OTACrypto

/// A few keys with their roles, packed as they are in flash: eight places for the longest key there is would take twice
/// the memory.
struct TrustKeyTable: Equatable, Sendable {
  /// The most bytes that keys take together.
  static var byteCapacity: Int { 472 }
  /// What a key takes besides its own bytes: the COSE number of its algorithm (1), its roles (1), and its length (1).
  static var headSize: Int { 3 }

  private(set) var count = 0
  private(set) var byteCount = 0
  private var bytes = InlineArray<472, UInt8>(repeating: 0)

  /// The bytes in flash.
  var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { bytes.span.extracting(0..<byteCount) }
  }

  /// The key with this index.
  ///
  /// - Precondition: the index is from 0 to ``count`` - 1.
  subscript(index: Int) -> TrustKey {
    precondition(index >= 0 && index < count, "no such key")
    var cursor = ByteCursor(span)
    do throws(ParseError) {
      for _ in 0..<index { _ = try TrustKeyTable.read(from: &cursor) }
      return try TrustKeyTable.read(from: &cursor)
    } catch {
      preconditionFailure("a table holds what it was given")
    }
  }

  /// The roles that a key has here; none if it is not here.
  func roles(of key: PublicKey) -> TrustRoles {
    for index in 0..<count {
      let entry = self[index]
      if entry.key == key { return entry.roles }
    }
    return .none
  }

  /// How many keys have a role.
  func count(of role: TrustRole) -> Int {
    var number = 0
    for index in 0..<count where self[index].roles.contains(role) { number += 1 }
    return number
  }

  /// How many bytes the keys of a role take.
  func byteCount(of role: TrustRole) -> Int {
    var number = 0
    for index in 0..<count {
      let entry = self[index]
      if entry.roles.contains(role) { number += TrustKeyTable.size(of: entry.key) }
    }
    return number
  }

  /// How many bytes a key takes.
  static func size(of key: PublicKey) -> Int { headSize + key.span.count }

  /// Adds a key.
  ///
  /// - Throws: kind `ParseError.Kind.invalidValue` if it is here already or has no role, `ParseError.Kind.limitExceeded`
  ///   if it does not fit; offsets count from the first key.
  mutating func append(_ entry: TrustKey) throws(ParseError) {
    guard entry.roles.isValid, roles(of: entry.key) == .none else {
      throw ParseError(.invalidValue, at: byteCount)
    }
    guard let algorithm = Int8(exactly: entry.key.algorithm.rawValue) else {
      throw ParseError(.unsupported, at: byteCount)
    }
    guard TrustKeyTable.size(of: entry.key) <= TrustKeyTable.byteCapacity - byteCount else {
      throw ParseError(.limitExceeded, at: byteCount)
    }
    bytes[byteCount] = UInt8(bitPattern: algorithm)
    bytes[byteCount + 1] = entry.roles.rawValue
    bytes[byteCount + 2] = UInt8(truncatingIfNeeded: entry.key.count)
    byteCount += TrustKeyTable.headSize
    let key = entry.key.span
    for index in 0..<key.count { bytes[byteCount + index] = key[index] }
    byteCount += key.count
    count += 1
  }

  /// Reads one key.
  ///
  /// - Throws: kind `ParseError.Kind.unsupported` for an algorithm that is not known here, also under a number that is not
  ///   the one that is written; `ParseError.Kind.invalidValue` for roles that are not known, and for a length that is not
  ///   one of the algorithm; `ParseError.Kind.truncated`.
  static func read(from cursor: inout ByteCursor) throws(ParseError) -> TrustKey {
    let start = cursor.offset
    let number = Int8(bitPattern: try cursor.readByte())
    guard let algorithm = SignatureAlgorithm(rawValue: Int32(number)) else {
      throw ParseError(.unsupported, at: start)
    }
    let roles = TrustRoles(rawValue: try cursor.readByte())
    guard roles.isValid else { throw ParseError(.invalidValue, at: start + 1) }
    let bytes = try cursor.readBytes(count: Int(try cursor.readByte()))
    do throws(CryptoError) {
      return TrustKey(try PublicKey(algorithm: algorithm, copying: bytes), for: roles)
    } catch {
      throw ParseError(.invalidValue, at: start + 2)
    }
  }

  /// Compares the keys in their order.
  static func == (left: TrustKeyTable, right: TrustKeyTable) -> Bool {
    guard left.count == right.count, left.byteCount == right.byteCount else { return false }
    for index in 0..<left.byteCount where left.bytes[index] != right.bytes[index] { return false }
    return true
  }
}
