import OTACore
import OTAServer

// How the types of OTACore stand in columns.

extension SQLiteValue {
  static func identifier(_ identifier: UniversalIdentifier) -> SQLiteValue {
    let halves = [identifier.high, identifier.low]
    return .blob(
      halves.flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) } })
  }

  static func identifier(_ identifier: UniversalIdentifier?) -> SQLiteValue {
    identifier.map { .identifier($0) } ?? .null
  }

  /// The 32 bytes of a SHA-256 digest; no other is ever kept, so that the column need not say which it is.
  static func digest(_ digest: Digest) throws(StoreError) -> SQLiteValue {
    guard digest.algorithm == .sha256 else { throw .valueOutOfRange }
    return .blob((0..<digest.bytes.count).map { digest.bytes[$0] })
  }

  static func sequenceNumber(_ number: SequenceNumber) throws(StoreError) -> SQLiteValue {
    guard let value = Int64(exactly: number.rawValue) else { throw .valueOutOfRange }
    return .integer(value)
  }

  static func size(_ size: UInt64) throws(StoreError) -> SQLiteValue {
    guard let value = Int64(exactly: size) else { throw .valueOutOfRange }
    return .integer(value)
  }

  static func size(_ size: UInt32) -> SQLiteValue { .integer(Int64(size)) }

  static func version(_ version: Version?) -> SQLiteValue {
    version.map { .text($0.description) } ?? .null
  }

  static func component(_ component: ComponentIdentifier) -> SQLiteValue { .blob(component.bytes) }

  static func time(_ time: Timestamp) -> SQLiteValue { .integer(time.secondsSince1970) }

  static func code(_ code: ErrorCode?) -> SQLiteValue {
    code.map { .integer(Int64($0.rawValue)) } ?? .null
  }
}

extension SQLiteStatement {
  func identifier(_ column: Int32) throws(StoreError) -> UniversalIdentifier {
    let bytes = try blob(column)
    do throws(ParseError) {
      return try UniversalIdentifier(bytes: bytes.span)
    } catch {
      throw corrupt
    }
  }

  func digest(_ column: Int32) throws(StoreError) -> Digest {
    let bytes = try blob(column)
    do throws(ParseError) {
      return try Digest(algorithm: .sha256, bytes: bytes.span)
    } catch {
      throw corrupt
    }
  }

  func version(_ column: Int32) throws(StoreError) -> Version {
    guard let version = Version(try text(column)) else { throw corrupt }
    return version
  }

  func time(_ column: Int32) throws(StoreError) -> Timestamp {
    Timestamp(secondsSince1970: try integer(column))
  }

  func sequenceNumber(_ column: Int32) throws(StoreError) -> SequenceNumber {
    SequenceNumber(try integer(column))
  }

  func component(_ column: Int32) throws(StoreError) -> ComponentIdentifier {
    ComponentIdentifier(bytes: try blob(column))
  }

  func code(_ column: Int32) throws(StoreError) -> ErrorCode? {
    guard !isNull(column) else { return nil }
    guard let code = ErrorCode(rawValue: try integer(column)) else { throw corrupt }
    return code
  }

  /// Reads a column that may be NULL.
  func optional<Value>(
    _ column: Int32, _ read: (Int32) throws(StoreError) -> Value
  ) throws(StoreError) -> Value? {
    isNull(column) ? nil : try read(column)
  }
}
