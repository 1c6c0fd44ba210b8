/// The whole command-line program as one function, so that tests and other programs can call it.
public enum Program {
  /// The version of the package.
  public static var version: String { "0.1.0" }

  /// Runs one command line.
  ///
  /// - Parameters:
  ///   - arguments: what stands behind the name of the program.
  ///   - environment: the environment variables.
  ///   - console: where results and diagnostics go.
  /// - Returns: how the program is to end. Every failure has been reported on the console.
  public static func run(
    arguments: [String], environment: [String: String], console: Console
  ) async -> ExitStatus {
    let context = CommandContext(console: console, environment: environment)
    return await run(arguments: arguments, context: context, commands: CommandTable.all)
  }

  /// Runs one command line with other commands.
  package static func run(
    arguments: [String], context: CommandContext, commands: [any Command.Type]
  ) async -> ExitStatus {
    do throws(CommandFailure) {
      let help = Help(commands: commands)
      let words = Array(arguments.prefix { !$0.hasPrefix("-") })
      if let command = help.command(startingWith: words) {
        return try await run(command, arguments, context, help)
      }
      try context.console.print(try answer(arguments, words: words, help))
      return .done
    } catch {
      context.console.report(error)
      return error.status
    }
  }

  private static func run(
    _ type: any Command.Type, _ arguments: [String], _ context: CommandContext, _ help: Help
  ) async throws(CommandFailure) -> ExitStatus {
    let rest = Array(arguments.dropFirst(type.name.split(separator: " ").count))
    if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
      try context.console.print(help.text(of: type))
      return .done
    }
    let command: any Command
    do throws(UsageError) {
      var cursor = ArgumentCursor(rest)
      command = try type.init(arguments: &cursor)
    } catch {
      throw error.failure(command: type.name)
    }
    return try await command.run(context)
  }

  /// What is printed for arguments that call no command: a help text or the version.
  private static func answer(
    _ arguments: [String], words: [String], _ help: Help
  ) throws(CommandFailure) -> String {
    do throws(UsageError) {
      if words.first == "help" { return try helpText(for: Array(words.dropFirst()), help) }
      var cursor = ArgumentCursor(Array(arguments.dropFirst(words.count)))
      if try cursor.flag("--help", "-h") { return try helpText(for: words, help) }
      guard words.isEmpty else { throw help.error(for: words) }
      if try cursor.flag("--version") { return "ota \(version)" }
      try cursor.finish()
      throw .missingArgument("COMMAND")
    } catch {
      throw error.failure(command: "")
    }
  }

  private static func helpText(for words: [String], _ help: Help) throws(UsageError) -> String {
    guard let first = words.first else { return help.overview }
    if let command = help.command(startingWith: words) { return help.text(of: command) }
    if words.count == 1, let text = help.text(ofGroup: first) { return text }
    throw help.error(for: words)
  }
}
