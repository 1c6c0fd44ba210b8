public import OTACore
import OTACrypto

extension TrustAnchors {
  /// Reads a set.
  ///
  /// Whether anybody has signed it is not looked at.
  ///
  /// - Parameter bytes: the set, and nothing behind it.
  /// - Throws: ``TrustAnchorError/malformed(_:)`` for anything but a set of this version.
  public init(parsing bytes: Span<UInt8>) throws(TrustAnchorError) {
    do throws(ParseError) {
      try self.init(reading: bytes)
    } catch {
      throw .malformed(error)
    }
  }

  init(reading bytes: Span<UInt8>) throws(ParseError) {
    guard bytes.count <= TrustAnchors.maximumSize else {
      throw ParseError(.limitExceeded, at: TrustAnchors.maximumSize)
    }
    var cursor = ByteCursor(bytes)
    let magic = try cursor.readLittleEndian(UInt32.self)
    guard magic == TrustAnchors.magic else { throw ParseError(.invalidValue, at: 0) }
    let version = try cursor.readByte()
    guard version == TrustAnchors.version else { throw ParseError(.unsupported, at: 4) }
    let root = try cursor.readByte()
    let manifest = try cursor.readByte()
    let image = try cursor.readByte()
    let count = Int(try cursor.readByte())
    for offset in 9..<12 {
      let zero = try cursor.readByte()
      guard zero == 0 else { throw ParseError(.invalidValue, at: offset) }
    }
    let number = try cursor.readLittleEndian(UInt64.self)
    let scope = try UniversalIdentifier(bytes: cursor.readBytes(count: 16))
    let issued = try cursor.readLittleEndian(UInt64.self)
    let expires = try cursor.readLittleEndian(UInt64.self)
    guard count <= TrustAnchors.capacity else { throw ParseError(.limitExceeded, at: 8) }
    var keys = TrustKeyTable()
    for _ in 0..<count {
      let key = try TrustKeyTable.read(from: &cursor)
      try TrustAnchors.append(key, to: &keys)
    }
    try cursor.requireEnd()
    try self.init(
      number: number, scope: scope, issued: issued, expires: expires == 0 ? nil : expires,
      thresholds: TrustThresholds(root: root, manifest: manifest, image: image), keys: keys)
  }

  /// Appends the set.
  ///
  /// - Throws: kind `ParseError.Kind.capacityExceeded` if it does not fit.
  public func serialize(into writer: inout ByteWriter) throws(ParseError) {
    try writer.writeLittleEndian(TrustAnchors.magic)
    try writer.write(byte: TrustAnchors.version)
    try writer.write(byte: thresholds.root)
    try writer.write(byte: thresholds.manifest)
    try writer.write(byte: thresholds.image)
    try writer.write(byte: UInt8(truncatingIfNeeded: count))
    try writer.write(repeating: 0, count: 3)
    try writer.writeLittleEndian(number)
    try scope.serialize(into: &writer)
    try writer.writeLittleEndian(issued)
    try writer.writeLittleEndian(expires ?? 0)
    try writer.write(keys.span)
  }

  /// How long the set is, in bytes.
  var size: Int { TrustAnchors.headerSize + keys.byteCount }
}
