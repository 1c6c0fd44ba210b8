#if !hasFeature(Embedded)
import OTACore

/// Deterministic CBOR of any length, item behind item; the heads are those of `CBORWriter`.
struct CBORBuilder {
  private(set) var bytes: [UInt8] = []

  mutating func unsigned(_ value: UInt64) {
    head { (writer) throws(ParseError) in try writer.writeUnsigned(value) }
  }

  mutating func integer(_ value: Int64) {
    head { (writer) throws(ParseError) in try writer.writeInteger(value) }
  }

  mutating func bool(_ value: Bool) {
    head { (writer) throws(ParseError) in try writer.writeBool(value) }
  }

  mutating func null() {
    head { (writer) throws(ParseError) in try writer.writeNull() }
  }

  mutating func tag(_ number: UInt64) {
    head { (writer) throws(ParseError) in try writer.writeTag(number) }
  }

  mutating func array(_ count: Int) {
    head { (writer) throws(ParseError) in try writer.writeArrayHeader(count) }
  }

  mutating func map(_ count: Int) {
    head { (writer) throws(ParseError) in try writer.writeMapHeader(count) }
  }

  mutating func byteString(_ value: [UInt8]) {
    string(value, major: 0x40)
  }

  mutating func text(_ value: String) {
    string(Array(value.utf8), major: 0x60)
  }

  /// Appends items that are encoded already.
  mutating func encoded(_ items: [UInt8]) {
    bytes += items
  }

  /// Appends a byte string around the items that `body` appends.
  mutating func wrapped(_ body: (inout CBORBuilder) -> Void) {
    var inner = CBORBuilder()
    body(&inner)
    byteString(inner.bytes)
  }

  /// The items that `body` appends.
  static func encoding(_ body: (inout CBORBuilder) -> Void) -> [UInt8] {
    var builder = CBORBuilder()
    body(&builder)
    return builder.bytes
  }

  /// The order of keys: those from 0 on before those below.
  static func isOrdered(_ left: Int64, before right: Int64) -> Bool {
    (left >= 0) == (right >= 0) ? left.magnitude < right.magnitude : left >= 0
  }

  /// The order of text keys: the shorter first, then byte by byte.
  static func isOrdered(_ left: String, before right: String) -> Bool {
    let (left, right) = (left.utf8, right.utf8)
    return left.count == right.count ? left.lexicographicallyPrecedes(right) : left.count < right.count
  }

  private mutating func string(_ value: [UInt8], major: UInt8) {
    let start = bytes.count
    unsigned(UInt64(value.count))
    // The head of a string is that of the number of its bytes, with another type.
    bytes[start] |= major
    bytes += value
  }

  /// Appends one head, which has nine bytes at most.
  private mutating func head(_ body: (inout CBORWriter) throws(ParseError) -> Void) {
    do throws(ParseError) {
      bytes += try [UInt8](cborUpTo: 9, writing: body)
    } catch {
      preconditionFailure("a head of CBOR has nine bytes at most")
    }
  }
}
#endif
