/// One command of the program.
///
/// A command is a value: made from its arguments, which does nothing but look at them, and then run. To register one,
/// name its type in ``CommandTable/all``.
package protocol Command: Sendable {
  /// The words that call it, such as `delta make`.
  static var name: String { get }

  /// What it does, as one line without a full stop.
  static var abstract: String { get }

  /// The text of `--help`: a synopsis, an explanation, and one line for every option, `  --name VALUE  meaning`.
  static var usage: String { get }

  /// Arguments that are right, without the words of the command; shown in the help.
  static var example: [String] { get }

  /// Takes the arguments, all of them.
  init(arguments: inout ArgumentCursor) throws(UsageError)

  /// Does the work.
  ///
  /// - Parameter context: the streams and the environment.
  /// - Returns: how it ended, if it was not a failure.
  /// - Throws: a failure, which the program prints.
  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus
}

/// What a command may use of the world around it, besides files and the network.
package struct CommandContext: Sendable {
  /// The streams.
  package var console: Console
  /// The environment variables.
  package var environment: [String: String]

  /// Makes a context from its parts.
  package init(console: Console, environment: [String: String]) {
    self.console = console
    self.environment = environment
  }
}
