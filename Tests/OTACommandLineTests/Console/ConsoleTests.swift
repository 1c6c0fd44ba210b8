import OTACommandLine
import Testing

@Suite("Console")
struct ConsoleTests {
  /// A stream that fails, as a full disk does.
  struct FailingSink: OutputSink {
    let isTerminal = false
    let columns: Int? = nil
    let error: OutputError
    func write(_ bytes: [UInt8]) throws(OutputError) { throw error }
  }

  @Test("results and diagnostics go to their own streams")
  func streams() throws {
    let (output, diagnostics) = (BufferSink(), BufferSink())
    let console = Console(output: output, diagnostics: diagnostics)
    try console.print("result")
    try console.print()
    console.note("note")
    #expect(output.text == "result\n\n")
    #expect(diagnostics.text == "note\n")
  }

  @Test("JSON has sorted keys and ends with a line end")
  func json() throws {
    struct Value: Encodable {
      var zebra = 1
      var apple = "a/b\n"
      var mango: [Int] = []
    }
    let output = BufferSink()
    try Console(output: output, diagnostics: BufferSink()).printJSON(Value())
    #expect(output.text == "{\n  \"apple\" : \"a/b\\n\",\n  \"mango\" : [\n\n  ],\n  \"zebra\" : 1\n}\n")
    #expect(throws: CommandFailure.self) {
      try Console(output: output, diagnostics: BufferSink()).printJSON(Double.infinity)
    }
  }

  @Test("a full disk is status 74 with a line, a closed pipe is status 74 without one")
  func failures() {
    let full = Console(output: FailingSink(error: .system(28)), diagnostics: BufferSink())
    let failure = #expect(throws: CommandFailure.self) { try full.print("x") }
    #expect(failure?.status == .inputOutput)
    #expect(failure?.isSilent == false)
    #expect(
      failure?.line
        == "ota: standard output: cannot be written: no space left on the device; free some space and try again"
    )
    let closed = Console(output: FailingSink(error: .closed), diagnostics: BufferSink())
    let silent = #expect(throws: CommandFailure.self) { try closed.print("x") }
    #expect(silent?.status == .inputOutput)
    #expect(silent?.isSilent == true)
  }

  @Test("diagnostics that nobody can read are no error")
  func deafDiagnostics() {
    let console = Console(output: BufferSink(), diagnostics: FailingSink(error: .closed))
    console.note("x")
    console.report(CommandFailure("a", why: "b", remedy: "c"))
  }

  @Test(
    "styles are for terminals, unless NO_COLOR or TERM=dumb say no",
    arguments: [
      (true, [:], true), (false, [:], false), (true, ["NO_COLOR": "1"], false),
      (true, ["NO_COLOR": ""], true),
      (true, ["TERM": "dumb"], false), (true, ["TERM": "xterm"], true),
    ] as [(Bool, [String: String], Bool)])
  func styles(row: (isTerminal: Bool, environment: [String: String], isStyled: Bool)) {
    let console = Console(
      output: BufferSink(isTerminal: row.isTerminal), diagnostics: BufferSink(), environment: row.environment)
    let text = console.style(.bold, "text", on: .output)
    #expect(text == (row.isStyled ? "\u{1b}[1mtext\u{1b}[0m" : "text"))
    #expect(console.style(.bold, "text", on: .diagnostics) == "text")
  }

  @Test(
    "the width is COLUMNS, else the terminal's, else 80",
    arguments: [
      ([:], nil, 80), ([:], 132, 132), (["COLUMNS": "40"], 132, 40), (["COLUMNS": "40"], nil, 40),
      (["COLUMNS": "0"], 132, 132), (["COLUMNS": "-5"], nil, 80), (["COLUMNS": "wide"], nil, 80),
    ] as [([String: String], Int?, Int)])
  func width(row: (environment: [String: String], columns: Int?, expected: Int)) {
    let console = Console(
      output: BufferSink(columns: row.columns), diagnostics: BufferSink(), environment: row.environment)
    #expect(console.columns(.output) == row.expected)
  }

  @Test(
    "control characters and marks that turn text around are made visible",
    arguments: [
      ("plain ü 水", "plain ü 水"), ("a\nb", "a\\u{a}b"), ("\u{1b}[2J", "\\u{1b}[2J"), ("a\u{7f}", "a\\u{7f}"),
      ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"), ("a\u{2028}b", "a\\u{2028}b"), ("\u{9b}m", "\\u{9b}m"),
      ("\r\n", "\\u{d}\\u{a}"),
    ])
  func visibleText(row: (text: String, expected: String)) {
    #expect(visible(row.text) == row.expected)
  }
}
