#if !hasFeature(Embedded)
import OTACore

/// The form of requests and answers: lines `name: value` in a fixed order, each with a line feed, nothing else.
///
/// - Note: Source: project decision, Docs/KeyCeremony.md.
struct CeremonyText {
  /// The longest document, in bytes.
  static let maximumSize = 1 << 20

  private var lines: [(name: String, value: String)] = []
  private var next = 0

  init() {}

  /// Takes a text apart.
  init(_ text: [UInt8]) throws(CeremonyError) {
    guard text.count <= CeremonyText.maximumSize, text.last == UInt8(ascii: "\n"),
      let text = String(validating: text, as: UTF8.self)
    else { throw .malformed }
    for line in text.unicodeScalars.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
      guard let colon = line.firstIndex(of: ":"), line[line.index(after: colon)...].first == " " else {
        throw .malformed
      }
      let value = line[line.index(colon, offsetBy: 2)...]
      guard value.allSatisfy(CeremonyText.isShown) else { throw .malformed }
      lines.append((String(line[..<colon]), String(value)))
    }
  }

  /// Whether a character may stand in a value: nothing that a terminal would act on.
  static func isShown(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
    default: true
    }
  }

  /// Takes the next line, which has this name.
  mutating func take(_ name: String) throws(CeremonyError) -> String {
    guard let value = takeIfNext(name) else { throw .malformed }
    return value
  }

  /// Takes the next line if it has this name.
  mutating func takeIfNext(_ name: String) -> String? {
    guard next < lines.count, lines[next].name == name else { return nil }
    next += 1
    return lines[next - 1].value
  }

  /// Takes the next line, whose value is bytes in lower-case hexadecimal.
  mutating func takeBytes(_ name: String) throws(CeremonyError) -> [UInt8] {
    let value = try take(name)
    guard !value.utf8.contains(where: { (0x41...0x5a).contains($0) }), let bytes = [UInt8](hexadecimal: value)
    else { throw .malformed }
    return bytes
  }

  /// Refuses what was not taken.
  func requireEnd() throws(CeremonyError) {
    guard next == lines.count else { throw .malformed }
  }

  mutating func add(_ name: String, _ value: String) {
    lines.append((name, value))
  }

  mutating func add(_ name: String, bytes: [UInt8]) {
    add(name, String(hexadecimal: bytes.span))
  }

  /// The text.
  var bytes: [UInt8] {
    lines.flatMap { line in Array("\(line.name): \(line.value)\n".utf8) }
  }
}
#endif
