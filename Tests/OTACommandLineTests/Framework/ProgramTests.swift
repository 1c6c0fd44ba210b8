import OTACommandLine
import OTACore
import Testing

/// A command that ends as its option says.
private struct Probe: Command {
  static let name = "probe run"
  static let abstract = "end in a chosen way"
  static let usage = """
    usage: ota probe run [--end NAME]

      --end NAME  how to end
    """
  static let example = ["--end", "done"]

  let end: String

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    end = try arguments.option("--end") ?? "done"
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> OTACommandLine.ExitStatus {
    try context.console.print("home \(context.environment["HOME"] ?? "")")
    switch end {
    case "refused": return .refused
    case "failure":
      throw CommandFailure(
        "file\n\u{1b}[31m", why: "bad", remedy: "get a better one", code: .manifestDigestMismatch,
        status: .refused)
    case "closed": throw .outputClosed
    default: return .done
    }
  }
}

@Suite("Program")
struct ProgramTests {
  @Test("--help lists every command, on stdout, with status 0", arguments: ["--help", "-h", "help"])
  func help(argument: String) async {
    let run = await ota(argument)
    #expect(run.status == .done)
    #expect(run.diagnostics.isEmpty)
    for command in CommandTable.all {
      #expect(run.output.contains("  \(command.name) "))
      #expect(run.output.contains(command.abstract))
    }
  }

  @Test("--version is the version of the package")
  func version() async {
    let run = await ota("--version")
    #expect(run.status == .done)
    #expect(run.output == "ota \(Program.version)\n")
    #expect(Version(Program.version) != nil)
  }

  @Test("--help behind a command is its own, whatever else is wrong with the line")
  func commandHelp() async {
    for command in CommandTable.all {
      let words = command.name.split(separator: " ").map(String.init)
      for arguments in [words + ["--help"], words + ["--nonsense", "-h"], ["help"] + words] {
        let run = await run(arguments, commands: CommandTable.all)
        #expect(run.status == .done)
        #expect(run.output.hasPrefix("usage: ota \(command.name)"))
        #expect(run.output.contains("example: ota \(command.name)"))
        #expect(run.diagnostics.isEmpty)
      }
    }
  }

  @Test("--help behind -- is an argument like others")
  func literalHelp() async {
    let run = await run(["probe", "run", "--", "--help"], commands: [Probe.self])
    #expect(run.status == .usage)
    #expect(run.diagnostics == "ota: probe run: unexpected argument '--help'; see: ota probe run --help\n")
  }

  @Test("the first word of several commands has a help of its own")
  func groupHelp() async {
    let run = await run(["probe", "--help"], commands: [Probe.self])
    #expect(run.status == .done)
    #expect(run.output == "usage: ota probe COMMAND [ARGUMENT...]\n\n  probe run  end in a chosen way\n")
  }

  @Test(
    "a wrong command line is one line on stderr and status 64, with a suggestion where one is near",
    arguments: [
      ([], "ota: usage: COMMAND is missing; see: ota --help"),
      (["probe"], "ota: usage: 'probe' is a group of commands; see: ota probe --help"),
      (["prbe"], "ota: usage: unknown command 'prbe'; did you mean 'probe'? See: ota --help"),
      (["prbe", "run"], "ota: usage: unknown command 'prbe'; did you mean 'probe run'? See: ota --help"),
      (
        ["probe", "rnu"], "ota: usage: unknown command 'probe rnu'; did you mean 'probe run'? See: ota --help"
      ),
      (["probe", "walk"], "ota: usage: unknown command 'probe walk'; see: ota --help"),
      (["help", "walk"], "ota: usage: unknown command 'walk'; see: ota --help"),
      (["--hlep"], "ota: usage: unknown option --hlep; did you mean '--help'? See: ota --help"),
      (
        ["probe", "run", "--edn", "x"],
        "ota: probe run: unknown option --edn; did you mean '--end'? See: ota probe run --help"
      ),
      (["probe", "run", "--end"], "ota: probe run: --end needs a value; see: ota probe run --help"),
      (
        ["probe", "run", "x\ny"], "ota: probe run: unexpected argument 'x\\u{a}y'; see: ota probe run --help"
      ),
    ] as [([String], String)])
  func usageErrors(row: (arguments: [String], line: String)) async {
    let run = await run(row.arguments, commands: [Probe.self])
    #expect(run.status == .usage)
    #expect(run.status.rawValue == 64)
    #expect(run.diagnostics == row.line + "\n")
    #expect(run.output.isEmpty)
  }

  @Test("a command ends as it says, and sees the environment")
  func endings() async {
    let done = await run(["probe", "run"], environment: ["HOME": "/h"], commands: [Probe.self])
    #expect(done.status == .done && done.output == "home /h\n" && done.diagnostics.isEmpty)
    let refused = await run(["probe", "run", "--end=refused"], commands: [Probe.self])
    #expect(refused.status == .refused && refused.diagnostics.isEmpty)
  }

  @Test("a failure is one line, without a control character, with the number of its error")
  func failure() async {
    let run = await run(["probe", "run", "--end=failure"], commands: [Probe.self])
    #expect(run.status == .refused)
    #expect(
      run.diagnostics == "ota: file\\u{a}\\u{1b}[31m: bad [0x0301 manifestDigestMismatch]; get a better one\n"
    )
  }

  @Test("a reader that has gone away is not told about it")
  func closed() async {
    let run = await run(["probe", "run", "--end=closed"], commands: [Probe.self])
    #expect(run.status == .inputOutput)
    #expect(run.diagnostics.isEmpty)
  }

  @Test("exit codes are those of the design")
  func exitCodes() {
    #expect(OTACommandLine.ExitStatus.allCases.map(\.rawValue) == [0, 1, 2, 64, 69, 74])
  }
}
