/// What a `Range` header field asks for, held against the size of the resource.
///
/// - Note: Source: RFC 9110, section 14.1.2 (byte ranges), 14.2 (a recipient may ignore the field).
enum ByteRange: Equatable, Sendable {
  /// Everything: there is no range, it is not one of bytes, it is malformed, or there are several.
  case whole
  /// These bytes, counted from 0.
  case part(Range<UInt64>)
  /// Well formed, but none of the bytes exist.
  case unsatisfiable

  /// Reads the value of a `Range` field for a resource of `size` bytes.
  init(_ value: String, size: UInt64) {
    self = ByteRange.parse(value, size: size) ?? .whole
  }

  private static func parse(_ value: String, size: UInt64) -> ByteRange? {
    guard let equals = value.firstIndex(of: "=") else { return nil }
    guard value[..<equals].lowercased() == "bytes" else { return nil }
    let set = value[value.index(after: equals)...].trimmingBlanks()
    // Several ranges would need a multipart body; the whole resource is an answer that RFC 9110 allows.
    guard let dash = set.firstIndex(of: "-"), !set.contains(",") else { return nil }
    let first = set[..<dash]
    let last = set[set.index(after: dash)...]

    if first.isEmpty {
      guard let suffix = decimal(last) else { return nil }
      guard suffix > 0, size > 0 else { return .unsatisfiable }
      return .part(size - min(suffix, size)..<size)
    }
    guard let start = decimal(first) else { return nil }
    guard !last.isEmpty else { return start < size ? .part(start..<size) : .unsatisfiable }
    guard let end = decimal(last), start <= end else { return nil }
    guard start < size else { return .unsatisfiable }
    return .part(start..<min(end, size - 1) + 1)
  }

  /// Reads decimal digits; a number that is too large becomes the largest, which lies behind every resource.
  private static func decimal(_ text: Substring) -> UInt64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return UInt64(text) ?? .max
  }
}

extension Substring {
  /// Without the spaces and tabs at both ends (optional white space, RFC 9110, section 5.6.3).
  func trimmingBlanks() -> Substring {
    var text = self
    while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
    while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
    return text
  }
}
