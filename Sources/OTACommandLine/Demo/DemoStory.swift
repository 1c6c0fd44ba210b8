import Synchronization

/// The demonstration as it is told: chapters with lines, figures, and checks that hold or do not.
///
/// On a console it is told as it happens; for machines the same content becomes one JSON document at the end. Nothing
/// in it is decided by the teller: the exit status comes from the checks alone.
final class DemoStory: Sendable {
  /// A statement that was tested.
  struct Check: Encodable, Equatable {
    var what: String
    var holds: Bool
  }

  /// One step of the demonstration.
  struct Chapter: Encodable, Equatable {
    var name: String
    var title: String
    var checks: [Check] = []
    var figures: [String: Int] = [:]
    var texts: [String: String] = [:]
  }

  private let console: Console
  private let isQuiet: Bool
  private let state = Mutex<[Chapter]>([])

  /// Starts a story.
  ///
  /// - Parameters:
  ///   - console: where it is told.
  ///   - isQuiet: whether nothing is told, because a document is printed at the end.
  init(_ console: Console, isQuiet: Bool) {
    self.console = console
    self.isQuiet = isQuiet
  }

  /// What was told so far.
  var chapters: [Chapter] { state.withLock { $0 } }

  /// The checks that do not hold.
  var failures: [Check] { chapters.flatMap(\.checks).filter { !$0.holds } }

  /// Begins a chapter; everything that follows belongs to it.
  func chapter(_ name: String, _ title: String) throws(CommandFailure) {
    let number = state.withLock { chapters in
      chapters.append(Chapter(name: name, title: title))
      return chapters.count
    }
    try tell("")
    try tell(console.style(.bold, "\(number). \(title)", on: .output))
  }

  /// Tells a line.
  func say(_ line: String) throws(CommandFailure) { try tell("   " + line) }

  /// States something and whether it holds.
  func check(_ what: String, _ holds: Bool) throws(CommandFailure) {
    change { $0.checks.append(Check(what: what, holds: holds)) }
    let mark = holds ? console.style(.green, "ok", on: .output) : console.style(.red, "NO", on: .output)
    try tell("   \(mark)  \(what)")
  }

  /// Notes a figure for the document and the table.
  func figure(_ name: String, _ value: Int) { change { $0.figures[name] = value } }

  /// Notes a text for the document.
  func text(_ name: String, _ value: String) { change { $0.texts[name] = value } }

  /// A bar for a piece of work, or nothing where a document is wanted.
  func progress(_ label: String, total: Int) -> ProgressBar? {
    isQuiet ? nil : ProgressBar(console, label: "   " + label, total: UInt64(max(total, 0)))
  }

  /// Writes a line as it is.
  func tell(_ line: String) throws(CommandFailure) {
    if !isQuiet { try console.print(line) }
  }

  private func change(_ body: (inout Chapter) -> Void) {
    state.withLock { chapters in
      guard !chapters.isEmpty else { return }
      body(&chapters[chapters.count - 1])
    }
  }
}
