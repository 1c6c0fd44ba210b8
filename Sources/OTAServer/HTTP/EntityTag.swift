/// The validator of a resource that never changes: its name, which is the digest of its bytes.
///
/// - Note: Source: RFC 9110, section 8.8.3 (ETag), 13.1.1 (If-Match), 13.1.2 (If-None-Match), 13.1.5 (If-Range).
struct EntityTag: Sendable {
  /// The tag with its quotes; strong.
  let text: String

  /// Makes a strong tag.
  init(_ opaque: String) {
    text = "\"\(opaque)\""
  }

  /// Whether an `If-None-Match` field names this tag: by weak comparison.
  func matches(ifNoneMatch value: String) -> Bool {
    EntityTag.list(value).contains { candidate in
      candidate == "*" || candidate == text || candidate == "W/" + text
    }
  }

  /// Whether an `If-Match` field names this tag: by strong comparison.
  func matches(ifMatch value: String) -> Bool {
    EntityTag.list(value).contains { $0 == "*" || $0 == text }
  }

  /// Whether an `If-Range` field lets a range be served: by strong comparison; a date never does.
  func matches(ifRange value: String) -> Bool {
    value[...].trimmingBlanks() == text
  }

  // The tags of this server hold hexadecimal digits only: a comma inside a foreign tag can make pieces, but none that
  // equals one of ours together with its quotes.
  private static func list(_ value: String) -> [Substring] {
    value.split(separator: ",").map { $0.trimmingBlanks() }
  }
}
