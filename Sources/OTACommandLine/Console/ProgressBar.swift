import Synchronization

/// How far a piece of work has come: a bar that is drawn over on a terminal, a few plain lines elsewhere.
///
/// Always on stderr. It looks at no clock: something is written only when what would be seen changes.
package final class ProgressBar: Sendable {
  private struct State {
    var completed: UInt64 = 0
    var drawn: String?
    var isFinished = false
  }

  /// Elsewhere than on a terminal, a line stands for a quarter of the work.
  private static let plainStep: UInt64 = 25

  private let console: Console
  private let label: String
  private let total: UInt64
  private let state = Mutex(State())

  /// Starts at zero, and shows it.
  ///
  /// - Parameters:
  ///   - console: where it is drawn.
  ///   - label: what is going on.
  ///   - total: the whole work in any unit; zero counts as done.
  package init(_ console: Console, label: String, total: UInt64) {
    self.console = console
    self.label = visible(label)
    self.total = total
    update(completed: 0)
  }

  /// Sets how much is done; more than the total counts as all of it, less than before moves the bar back.
  package func update(completed: UInt64) {
    state.withLock { state in
      guard !state.isFinished else { return }
      state.completed = min(completed, total)
      draw(&state)
    }
  }

  /// Ends the bar where it stands, so that other lines may follow; a second call does nothing.
  package func finish() {
    state.withLock { state in
      guard !state.isFinished else { return }
      state.isFinished = true
      if console.isTerminal(.diagnostics) { console.draw("\n") }
    }
  }

  private func draw(_ state: inout State) {
    // Divided first where the product would not fit; the rounding of so large a total is not visible.
    let percent =
      total == 0
      ? 100
      : total > .max / 100 ? state.completed / (total / 100) : state.completed * 100 / total
    if console.isTerminal(.diagnostics) {
      let line = bar(percent: min(percent, 100))
      guard line != state.drawn else { return }
      state.drawn = line
      console.draw("\r\u{1b}[K" + line)
    } else {
      let line = "\(label): \(percent / Self.plainStep * Self.plainStep) %"
      guard line != state.drawn else { return }
      state.drawn = line
      console.note(line)
    }
  }

  /// One line that is narrower than the terminal, so that it never wraps.
  private func bar(percent: UInt64) -> String {
    let number = String(repeating: " ", count: 3 - String(percent).count) + "\(percent) %"
    let columns = console.columns(.diagnostics)
    let cells = min(40, columns - label.count - number.count - 5)
    guard cells >= 4 else { return String("\(label) \(number)".prefix(max(0, columns - 1))) }
    let filled = cells * Int(percent) / 100
    let done = String(repeating: "#", count: filled)
    let left = String(repeating: "-", count: cells - filled)
    let styled = console.style(.green, done, on: .diagnostics) + console.style(.dim, left, on: .diagnostics)
    return "\(label) [\(styled)] \(number)"
  }
}
