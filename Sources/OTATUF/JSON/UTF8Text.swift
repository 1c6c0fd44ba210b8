/// Text by its bytes: two texts are equal if their bytes are.
///
/// `String` calls texts equal that only look the same, so that a name could stand for a file of another name.
struct UTF8Text: Hashable, Comparable, Sendable, ExpressibleByStringLiteral {
  /// Well-formed UTF-8.
  let bytes: [UInt8]

  /// Takes bytes that are known to be well-formed.
  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  init(stringLiteral value: StaticString) {
    bytes = Array(value.description.utf8)
  }

  /// The text for people, and for interfaces that take no bytes.
  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The order of canonical JSON: by bytes, which is that by code points.
  static func < (left: UTF8Text, right: UTF8Text) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}
