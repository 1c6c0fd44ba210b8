import OTACore

/// The status and the few header fields of a response that a transfer is decided by.
///
/// Fed line by line, as the lines arrive. An interim response (1xx) is dropped when the next status line comes.
struct ResponseHead: Equatable, Sendable {
  private(set) var status = 0
  private(set) var contentLength: UInt64?
  private(set) var contentRange: ContentRange?
  private(set) var hasTransferCoding = false
  private(set) var hasContentCoding = false
  /// Whether the empty line behind the last field has come, of a response that is not an interim one.
  private(set) var isComplete = false

  /// Takes the next line, with or without its line end.
  ///
  /// - Throws: ``TransportError/malformed`` if a field that matters is not well-formed, or contradicts itself.
  mutating func add(line bytes: some Collection<UInt8>) throws(TransportError) {
    // Lines behind the body are trailer fields; none of them matters.
    guard !isComplete else { return }
    let line = String(decoding: bytes, as: UTF8.self)[...].trimmingWhitespace()
    if line.isEmpty {
      isComplete = status >= 200
    } else if line.hasPrefix("HTTP/") {
      self = ResponseHead()
      let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
      guard parts.count >= 2, parts[1].utf8.count == 3, let number = Int(parts[1]), number >= 100 else {
        throw .malformed
      }
      status = number
    } else {
      // A line without a colon is dropped, as is every field that does not matter.
      guard let colon = line.firstIndex(of: ":") else { return }
      try add(
        name: line[..<colon].lowercased(), value: line[line.index(after: colon)...].trimmingWhitespace())
    }
  }

  private mutating func add(name: String, value: Substring) throws(TransportError) {
    switch name {
    case "content-length":
      guard let length = UInt64(decimal: value) else { throw .malformed }
      if let contentLength, contentLength != length { throw .malformed }
      contentLength = length
    case "content-range":
      guard contentRange == nil else { throw .malformed }
      contentRange = ContentRange(value)
    case "transfer-encoding":
      hasTransferCoding = true
    case "content-encoding":
      hasContentCoding = hasContentCoding || value.lowercased() != "identity"
    default:
      break
    }
  }
}

/// Which bytes of a resource a response carries.
///
/// - Note: Source: RFC 9110, section 14.4.
struct ContentRange: Equatable, Sendable {
  /// The bytes, counted from 0; not empty.
  let bytes: Range<UInt64>
  /// The length of the whole resource, if the server said so.
  let totalSize: UInt64?

  /// Reads `bytes first-last/total` or `bytes first-last/*`; `nil` if the text is anything else, or contradicts itself.
  init?(_ value: Substring) {
    let parts = value.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bytes" else { return nil }
    let range = parts[1].split(separator: "/", omittingEmptySubsequences: false)
    guard range.count == 2 else { return nil }
    let ends = range[0].split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, let first = UInt64(decimal: ends[0]), let last = UInt64(decimal: ends[1]),
      first <= last, last < .max
    else { return nil }
    bytes = first..<last + 1
    if range[1] == "*" {
      totalSize = nil
    } else {
      guard let total = UInt64(decimal: range[1]), total > last else { return nil }
      totalSize = total
    }
  }
}

extension UInt64 {
  /// Reads decimal digits and nothing else: no sign, no blanks.
  init?(decimal text: Substring) {
    guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    self.init(text)
  }
}

extension Substring {
  /// Without white space at both ends, line ends included.
  func trimmingWhitespace() -> Substring {
    var text = self
    while let first = text.first, first.isWhitespace { text = text.dropFirst() }
    while let last = text.last, last.isWhitespace { text = text.dropLast() }
    return text
  }
}
