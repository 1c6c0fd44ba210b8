import OTACommandLine
import Testing

@Suite("ProgressBar")
struct ProgressBarTests {
  private func bar(
    isTerminal: Bool, columns: Int? = 60, total: UInt64 = 1000,
    environment: [String: String] = ["NO_COLOR": "1"],
    _ body: (ProgressBar) -> Void
  ) -> (output: String, diagnostics: String) {
    let output = BufferSink(isTerminal: isTerminal, columns: columns)
    let diagnostics = BufferSink(isTerminal: isTerminal, columns: columns)
    let console = Console(output: output, diagnostics: diagnostics, environment: environment)
    body(ProgressBar(console, label: "download", total: total))
    return (output.text, diagnostics.text)
  }

  @Test("on a terminal one line is drawn over, only when it changes, and ended once")
  func terminal() {
    let result = bar(isTerminal: true) { bar in
      for completed in 0...1000 as ClosedRange<UInt64> { bar.update(completed: completed) }
      bar.finish()
      bar.finish()
      bar.update(completed: 1)
    }
    #expect(result.output.isEmpty)
    let drawn = result.diagnostics.split(separator: "\r\u{1b}[K")
    #expect(drawn.count == 101)
    #expect(drawn.first == "download [----------------------------------------]   0 %")
    #expect(drawn.last == "download [########################################] 100 %\n")
    #expect(result.diagnostics.filter { $0 == "\n" }.count == 1)
  }

  @Test("no line is as wide as the terminal", arguments: [1, 5, 10, 20, 25, 30, 40, 57, 58, 200])
  func narrow(columns: Int) {
    let result = bar(isTerminal: true, columns: columns) { bar in bar.update(completed: 500) }
    for line in result.diagnostics.split(separator: "\r\u{1b}[K") { #expect(line.count < columns) }
  }

  @Test("elsewhere there is one plain line a quarter")
  func plain() {
    let result = bar(isTerminal: false) { bar in
      for completed in 0...1000 as ClosedRange<UInt64> { bar.update(completed: completed) }
      bar.finish()
    }
    #expect(
      result.diagnostics
        == "download: 0 %\ndownload: 25 %\ndownload: 50 %\ndownload: 75 %\ndownload: 100 %\n")
  }

  @Test("more than all is all, nothing to do is done, and the largest total does not overflow")
  func extremes() {
    let over = bar(isTerminal: false) { $0.update(completed: 5000) }
    #expect(over.diagnostics == "download: 0 %\ndownload: 100 %\n")
    let nothing = bar(isTerminal: false, total: 0) { $0.update(completed: 0) }
    #expect(nothing.diagnostics == "download: 100 %\n")
    let largest = bar(isTerminal: true, total: .max) { $0.update(completed: .max) }
    #expect(largest.diagnostics.hasSuffix("] 100 %"))
  }

  @Test("colours are drawn only where they are allowed")
  func colour() {
    #expect(bar(isTerminal: true, environment: [:]) { _ in }.diagnostics.contains("\u{1b}[2m"))
    #expect(!bar(isTerminal: true) { _ in }.diagnostics.contains("\u{1b}[2m"))
    #expect(!bar(isTerminal: false, environment: [:]) { _ in }.diagnostics.contains("\u{1b}"))
  }
}
