/// Names in addresses and in folders.
enum PercentEncoding {
  /// Writes every byte that is not a letter, a digit, or one of `-._~` as a percent sign and two digits.
  ///
  /// - Note: Source: RFC 3986, section 2.3.
  static func encode(_ bytes: some Sequence<UInt8>) -> String {
    encode(bytes, keeping: [])
  }

  /// The path of a target in an address: its separators stay, and what else may stand in a path.
  ///
  /// - Note: Source: RFC 3986, section 3.3 (pchar).
  static func encodePath(_ bytes: some Sequence<UInt8>) -> String {
    encode(bytes, keeping: Set("/!$&'()*+,;=:@".utf8))
  }

  private static func encode(_ bytes: some Sequence<UInt8>, keeping kept: Set<UInt8>) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        text.append(byte)
      case _ where kept.contains(byte):
        text.append(byte)
      default:
        text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
