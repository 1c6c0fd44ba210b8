#if !hasFeature(Embedded)
extension Digest: CustomStringConvertible {
  /// The bytes in lower-case hexadecimal.
  public var description: String { String(hexadecimal: bytes) }
}

extension Version: CustomStringConvertible {
  /// `major.minor.patch`.
  public var description: String { "\(major).\(minor).\(patch)" }
}

extension Version {
  /// Reads `major.minor` or `major.minor.patch`; `nil` if the text is anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3 else { return nil }
    var numbers: [UInt32] = []
    for part in parts {
      guard part.allSatisfy({ $0.isASCII && $0.isNumber }), let number = UInt32(part) else { return nil }
      numbers.append(number)
    }
    self.init(numbers[0], numbers[1], numbers.count == 3 ? numbers[2] : 0)
  }
}

extension SequenceNumber: CustomStringConvertible {
  /// The number in decimal.
  public var description: String { "\(rawValue)" }
}

extension UniversalIdentifier: CustomStringConvertible {
  /// The textual form of RFC 9562: 8-4-4-4-12 hexadecimal digits.
  public var description: String {
    var bytes = InlineArray<16, UInt8>(repeating: 0)
    for index in 0..<8 {
      bytes[index] = UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * index))
      bytes[index + 8] = UInt8(truncatingIfNeeded: low >> UInt64(56 - 8 * index))
    }
    let digits = Array(String(hexadecimal: bytes.span))
    return [digits[0..<8], digits[8..<12], digits[12..<16], digits[16..<20], digits[20..<32]]
      .map { String($0) }.joined(separator: "-")
  }

  /// Reads the textual form of RFC 9562; `nil` if the text is anything else.
  public init?(_ text: String) {
    let groups = text.split(separator: "-", omittingEmptySubsequences: false)
    guard groups.map(\.count) == [8, 4, 4, 4, 12] else { return nil }
    guard let bytes = [UInt8](hexadecimal: groups.joined()) else { return nil }
    try? self.init(bytes: bytes.span)
  }
}

extension ParseError: CustomStringConvertible {
  /// The kind and the offset.
  public var description: String { "\(kind) at byte \(offset)" }
}

extension String {
  /// Writes bytes as lower-case hexadecimal, two digits each.
  public init(hexadecimal bytes: Span<UInt8>) {
    let digits: [Character] = [
      "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f",
    ]
    var text = ""
    text.reserveCapacity(bytes.count * 2)
    for index in 0..<bytes.count {
      text.append(digits[Int(bytes[index] >> 4)])
      text.append(digits[Int(bytes[index] & 15)])
    }
    self = text
  }
}

extension [UInt8] {
  /// Reads hexadecimal, two digits a byte, either case; `nil` if the text is anything else.
  public init?(hexadecimal text: some StringProtocol) {
    let digits = Array<UInt8>(text.utf8)
    guard digits.count % 2 == 0 else { return nil }
    func value(_ digit: UInt8) -> UInt8? {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
      default: nil
      }
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    self = bytes
  }
}
#endif
