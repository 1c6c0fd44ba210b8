import OTACommandLine

/// What one run of the program gave.
struct Run: Sendable {
  var status: ExitStatus
  var output: String
  var diagnostics: String

  /// The lines of stderr.
  var diagnosticLines: [Substring] { diagnostics.split(separator: "\n") }
}

/// Runs the program in this process.
func ota(_ arguments: String..., environment: [String: String] = [:]) async -> Run {
  await run(arguments, environment: environment, commands: CommandTable.all)
}

/// Runs the program in this process, with other commands.
func run(
  _ arguments: [String], environment: [String: String] = [:], commands: [any Command.Type]
) async -> Run {
  let (output, diagnostics) = (BufferSink(), BufferSink())
  let console = Console(output: output, diagnostics: diagnostics, environment: environment)
  let status = await Program.run(
    arguments: arguments, context: CommandContext(console: console, environment: environment),
    commands: commands)
  return Run(status: status, output: output.text, diagnostics: diagnostics.text)
}
