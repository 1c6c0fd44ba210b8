import OTACommandLine
import Testing

@Suite("Help texts")
struct UsageTextTests {
  /// The option lines of a usage text: name, and what its value is called.
  static func options(in usage: String) -> [(name: String, value: String?)] {
    usage.split(separator: "\n").compactMap { line in
      guard line.hasPrefix("  --") else { return nil }
      // One space stands before a value, two or more before the meaning.
      let words = line.dropFirst(2).split(separator: " ", omittingEmptySubsequences: false)
      let value = words.count > 1 && !words[1].isEmpty ? String(words[1]) : nil
      return (String(words[0]), value)
    }
  }

  /// What a command says to arguments: the options that it asked for, and the error.
  private func parse(_ command: any Command.Type, _ arguments: [String]) -> (
    known: [String], error: UsageError?
  ) {
    var cursor = ArgumentCursor(arguments)
    do throws(UsageError) {
      _ = try command.init(arguments: &cursor)
      return (cursor.knownOptions, nil)
    } catch {
      return (cursor.knownOptions, error)
    }
  }

  @Test("there are commands, each with a name of its own")
  func table() {
    #expect(CommandTable.all.count >= 4)
    #expect(Set(CommandTable.all.map { $0.name }).count == CommandTable.all.count)
  }

  @Test("the example of every command is right")
  func examples() {
    for command in CommandTable.all {
      #expect(parse(command, command.example).error == nil, "\(command.name)")
    }
  }

  @Test("every option in a help text is one that the command takes, with a value or without")
  func everyOptionParses() {
    for command in CommandTable.all {
      for option in Self.options(in: command.usage) {
        // Added to the example, unless it stands there; a value that is not allowed still shows that it is known.
        let isThere = command.example.contains { $0 == option.name || $0.hasPrefix(option.name + "=") }
        let addition = option.value == nil ? [option.name] : [option.name, "1"]
        let error = parse(command, command.example + (isThere ? [] : addition)).error
        switch error {
        case nil: break
        case .invalidValue(let name, _, _): #expect(name == option.name, "\(command.name) \(option.name)")
        default: Issue.record("\(command.name) \(option.name): \(String(describing: error))")
        }
        let wrongForm = option.value == nil ? [option.name + "=1"] : [option.name]
        #expect(parse(command, wrongForm).error != nil, "\(command.name) \(option.name)")
      }
    }
  }

  @Test("every option that a command takes is in its help text, and in its synopsis")
  func everyOptionIsDocumented() {
    for command in CommandTable.all {
      let documented = Set(Self.options(in: command.usage).map(\.name))
      let taken = Set(parse(command, command.example).known.filter { $0.hasPrefix("--") })
      #expect(documented == taken.subtracting(["--help"]), "\(command.name)")
      // Up to the first empty line.
      let synopsis = command.usage.split(separator: "\n", omittingEmptySubsequences: false)
        .prefix { !$0.isEmpty }.joined()
      for name in documented { #expect(synopsis.contains(name), "\(command.name) \(name)") }
    }
  }

  @Test("help fits a terminal of 110 columns, and begins with a synopsis")
  func shape() {
    for command in CommandTable.all {
      #expect(command.usage.hasPrefix("usage: ota \(command.name) "))
      for line in command.usage.split(separator: "\n") {
        #expect(line.count <= 110, "\(command.name): \(line)")
      }
      #expect(!command.abstract.hasSuffix(".") && command.abstract.count <= 60)
    }
  }
}
