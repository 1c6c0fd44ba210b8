/// The help texts, and the search for commands by their words.
struct Help: Sendable {
  let commands: [any Command.Type]

  /// The text of `ota --help`.
  var overview: String {
    """
    usage: ota COMMAND [ARGUMENT...]

    Over-the-air firmware update: keys, patches, manifests, a server, and a demonstration of it all.

    \(list(commands))

      --help     this text; behind a command, its own
      --version  the version of the program

    Results go to stdout, diagnostics and progress to stderr.
    Exit codes: 0 done, 1 failed, 2 verification refused, 64 usage, 69 unavailable, 74 I/O.
    """
  }

  /// The text of `--help` behind a command.
  func text(of command: any Command.Type) -> String {
    """
    \(command.usage)

    example: \((["ota", command.name] + command.example).joined(separator: " "))
    """
  }

  /// The text for a first word that several commands share, or `nil` if there is no such.
  func text(ofGroup group: String) -> String? {
    let members = commands.filter { $0.name.hasPrefix(group + " ") }
    return members.isEmpty ? nil : "usage: ota \(group) COMMAND [ARGUMENT...]\n\n\(list(members))"
  }

  /// The command that the first words call, if they call one.
  func command(startingWith words: [String]) -> (any Command.Type)? {
    commands.first { command in
      let name = command.name.split(separator: " ").map(String.init)
      return words.starts(with: name)
    }
  }

  /// What is wrong with words that call no command.
  func error(for words: [String]) -> UsageError {
    let group = words[0]
    let members = commands.map { $0.name }.filter { $0.hasPrefix(group + " ") }
    if members.isEmpty {
      // Either the whole command is misspelt, or its first word.
      let names = commands.map { $0.name }
      let firstWords = names.map { String($0.prefix { $0 != " " }) }
      let suggestion = nearest(to: words.prefix(2).joined(separator: " "), among: names)
      return .unknownCommand(group, suggestion: suggestion ?? nearest(to: group, among: firstWords))
    }
    guard words.count > 1 else { return .missingSubcommand(group: group) }
    let name = words.prefix(2).joined(separator: " ")
    return .unknownCommand(name, suggestion: nearest(to: name, among: members))
  }

  private func list(_ commands: [any Command.Type]) -> String {
    let width = commands.map { $0.name.count }.max() ?? 0
    return commands.map { command in
      "  \(command.name)\(String(repeating: " ", count: width - command.name.count))  \(command.abstract)"
    }
    .joined(separator: "\n")
  }
}
