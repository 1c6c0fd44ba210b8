/// How a piece of text looks on a terminal.
///
/// - Note: Source: ECMA-48, section 8.3.117 (select graphic rendition).
package enum Style: String, Sendable, CaseIterable {
  case bold = "1"
  case dim = "2"
  case red = "31"
  case green = "32"
  case yellow = "33"
  case cyan = "36"
}

extension Console {
  /// The text in a style where the stream is a terminal with colours, else the text as it is.
  package func style(_ style: Style, _ text: String, on stream: Stream) -> String {
    isStyled(stream) ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
  }
}
