import Foundation

/// The two output streams: results on one, everything else on the other.
public struct Console: Sendable {
  /// One of the two.
  package enum Stream: Sendable {
    case output, diagnostics
  }

  private let output: any OutputSink
  private let diagnostics: any OutputSink
  private let allowsColor: Bool
  private let fixedColumns: Int?

  /// Makes a console.
  ///
  /// - Parameters:
  ///   - output: where results go.
  ///   - diagnostics: where errors, notes and progress go.
  ///   - environment: `NO_COLOR` (not empty) and `TERM=dumb` turn styles off, `COLUMNS` sets the width.
  public init(output: any OutputSink, diagnostics: any OutputSink, environment: [String: String] = [:]) {
    self.output = output
    self.diagnostics = diagnostics
    self.allowsColor = environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    self.fixedColumns = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
  }

  /// The streams of this process.
  ///
  /// - Parameter environment: see ``init(output:diagnostics:environment:)``.
  /// - Returns: a console over descriptors 1 and 2.
  public static func standard(environment: [String: String]) -> Console {
    Console(output: DescriptorSink(1), diagnostics: DescriptorSink(2), environment: environment)
  }

  /// Whether a person looks at the stream.
  package func isTerminal(_ stream: Stream) -> Bool { sink(stream).isTerminal }

  /// The width of the stream in columns; 80 where nothing is known.
  package func columns(_ stream: Stream) -> Int { fixedColumns ?? sink(stream).columns ?? 80 }

  /// Writes a line of the result.
  ///
  /// - Throws: a failure with status ``ExitStatus/inputOutput``; silent if the reader has closed the stream.
  package func print(_ line: String = "") throws(CommandFailure) {
    do {
      try output.write(Array((line + "\n").utf8))
    } catch {
      switch error {
      case .closed: throw .outputClosed
      case .system(let number): throw systemFailure("standard output", number, doing: .writing)
      }
    }
  }

  /// Writes the result as JSON: sorted keys, so that equal results are equal bytes.
  ///
  /// - Throws: what ``print(_:)`` throws; status ``ExitStatus/failed`` for a value that JSON cannot hold.
  package func printJSON(_ value: some Encodable) throws(CommandFailure) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    guard let data = try? encoder.encode(value) else {
      throw CommandFailure(
        "JSON output", why: "a value has no JSON form", remedy: "please report this as a defect")
    }
    try print(String(decoding: data, as: UTF8.self))
  }

  /// Writes a line for the person who runs the program, to stderr; a stream that takes it no more is no error.
  package func note(_ line: String) {
    try? diagnostics.write(Array((line + "\n").utf8))
  }

  /// Writes the one line of a failure.
  package func report(_ failure: CommandFailure) {
    guard !failure.isSilent else { return }
    note(style(.red, visible(failure.line), on: .diagnostics))
  }

  /// Writes text to stderr as it is, for lines that are drawn over.
  func draw(_ text: String) {
    try? diagnostics.write(Array(text.utf8))
  }

  private func sink(_ stream: Stream) -> any OutputSink {
    switch stream {
    case .output: output
    case .diagnostics: diagnostics
    }
  }

  /// Whether the stream shows colours.
  package func isStyled(_ stream: Stream) -> Bool { allowsColor && isTerminal(stream) }
}

/// The text with its control characters made visible, so that a file name or a text from a server can neither break
/// the line nor command the terminal.
package func visible(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .format:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default:
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}
