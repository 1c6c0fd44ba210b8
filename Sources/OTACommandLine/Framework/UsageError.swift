/// What is wrong with a command line.
package enum UsageError: Error, Equatable, Sendable {
  /// The first word is no command.
  case unknownCommand(String, suggestion: String?)
  /// A command such as `key` needs a second word.
  case missingSubcommand(group: String)
  /// No option has this name.
  case unknownOption(String, suggestion: String?)
  /// The option needs a value behind it.
  case missingValue(option: String)
  /// The option takes no value, and got one.
  case unexpectedValue(option: String)
  /// The option stands twice.
  case duplicateOption(String)
  /// The option must be there.
  case missingOption(String)
  /// An argument must be there.
  case missingArgument(String)
  /// An argument too many.
  case unexpectedArgument(String)
  /// A value that the option or argument cannot have.
  case invalidValue(name: String, value: String, expected: String)

  /// What is wrong, in words.
  package var why: String {
    switch self {
    case .unknownCommand(let name, _): "unknown command '\(name)'"
    case .missingSubcommand(let group): "'\(group)' is a group of commands"
    case .unknownOption(let name, _): "unknown option \(name)"
    case .missingValue(let option): "\(option) needs a value"
    case .unexpectedValue(let option): "\(option) takes no value"
    case .duplicateOption(let option): "\(option) is given twice"
    case .missingOption(let option): "\(option) is missing"
    case .missingArgument(let name): "\(name) is missing"
    case .unexpectedArgument(let argument): "unexpected argument '\(argument)'"
    case .invalidValue(let name, let value, let expected): "\(name) cannot be '\(value)', it is \(expected)"
    }
  }

  /// A correction, if one is likely.
  package var suggestion: String? {
    switch self {
    case .unknownCommand(_, let suggestion), .unknownOption(_, let suggestion): suggestion
    default: nil
    }
  }

  /// The error as a failure of the program.
  ///
  /// - Parameter command: the words of the command, empty if there is none.
  /// - Returns: a failure with status ``ExitStatus/usage``.
  package func failure(command: String) -> CommandFailure {
    let place: String =
      if case .missingSubcommand(let group) = self { group } else { command }
    let help = place.isEmpty ? "ota --help" : "ota \(place) --help"
    let remedy = suggestion.map { "did you mean '\($0)'? See: \(help)" } ?? "see: \(help)"
    return CommandFailure(
      command.isEmpty ? "usage" : command, why: why, remedy: remedy, status: .usage)
  }
}
