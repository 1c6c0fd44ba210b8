/// A pattern of paths: `*` stands for any characters of one part of the path, `?` for one of them.
///
/// Everything else stands for itself, also brackets: a pattern that is read too narrowly trusts nobody too much.
///
/// - Note: Source: TUF specification 1.0, section 4.5 (PATHPATTERN).
struct PathPattern: Sendable {
  // By scalars, so that `?` stands for one character whatever its encoding.
  private let pattern: [Unicode.Scalar]

  init(_ text: UTF8Text) {
    pattern = Array(text.text.unicodeScalars)
  }

  /// Whether a path is one of those that the pattern stands for.
  ///
  /// Takes no more steps than the product of the lengths.
  func matches(_ path: UTF8Text) -> Bool {
    let text = Array(path.text.unicodeScalars)
    var position = 0
    var index = 0
    // The last star, and where what it stands for ends so far; the separator ends it for good.
    var star: (index: Int, end: Int)?
    while position < text.count {
      if index < pattern.count, pattern[index] == "*" {
        star = (index, position)
        index += 1
      } else if index < pattern.count,
        pattern[index] == text[position] || pattern[index] == "?" && text[position] != "/"
      {
        index += 1
        position += 1
      } else if let last = star, text[last.end] != "/" {
        star = (last.index, last.end + 1)
        index = last.index + 1
        position = last.end + 1
      } else {
        return false
      }
    }
    return pattern[index...].allSatisfy { $0 == "*" }
  }
}
