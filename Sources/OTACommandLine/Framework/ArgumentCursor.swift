/// The arguments of a command that nobody has asked for yet.
///
/// A command asks for its flags and options first, for its positional arguments then, and calls ``finish()`` last.
/// Every name that is asked for is remembered: an unknown option is answered with the nearest of them.
/// Understood forms: `--name value`, `--name=value`, `-n value`, `--` (everything behind it is positional), `-` (a
/// positional argument or a value: standard input or output). A value that begins with a dash needs `--name=value`.
package struct ArgumentCursor: Sendable {
  private struct Word {
    var text: String
    /// Its place on the command line: a value is what stood behind its option, not what is left there.
    var position: Int
    var isLiteral: Bool
    var isOption: Bool { !isLiteral && text.hasPrefix("-") && text != "-" }
    /// The part before `=`; all of it where there is none.
    var name: Substring { text.prefix { $0 != "=" } }
    /// The part behind `=`.
    var attachedValue: String? {
      guard text.hasPrefix("--"), let equals = text.firstIndex(of: "=") else { return nil }
      return String(text[text.index(after: equals)...])
    }
  }

  private var words: [Word]

  /// The names that were asked for so far.
  package private(set) var knownOptions: [String] = ["--help"]

  /// Takes the arguments behind the words of the command.
  package init(_ arguments: [String]) {
    words = []
    var isLiteral = false
    for (position, argument) in arguments.enumerated() {
      if argument == "--", !isLiteral {
        isLiteral = true
      } else {
        words.append(Word(text: argument, position: position, isLiteral: isLiteral))
      }
    }
  }

  /// Takes a flag, if it is there; a second one of the same name says nothing new.
  ///
  /// - Parameter names: the name with its dashes, and short forms.
  /// - Returns: whether it is there.
  /// - Throws: ``UsageError/unexpectedValue(option:)`` for `--flag=value`.
  package mutating func flag(_ names: String...) throws(UsageError) -> Bool {
    knownOptions += names
    var isPresent = false
    while let index = firstIndex(of: names) {
      let word = words.remove(at: index)
      guard word.attachedValue == nil else { throw .unexpectedValue(option: String(word.name)) }
      isPresent = true
    }
    return isPresent
  }

  /// Takes an option with its value, if it is there.
  ///
  /// - Parameter names: the name with its dashes, and short forms.
  /// - Returns: the value, which may be empty, or `nil`.
  /// - Throws: ``UsageError/missingValue(option:)``, ``UsageError/duplicateOption(_:)``.
  package mutating func option(_ names: String...) throws(UsageError) -> String? {
    let values = try takeValues(of: names)
    guard values.count <= 1 else { throw .duplicateOption(names[0]) }
    return values.first
  }

  /// Takes an option that may be repeated.
  ///
  /// - Parameter names: the name with its dashes, and short forms.
  /// - Returns: the values in order.
  /// - Throws: ``UsageError/missingValue(option:)``.
  package mutating func options(_ names: String...) throws(UsageError) -> [String] {
    try takeValues(of: names)
  }

  /// Takes an option that must be there.
  ///
  /// - Parameter name: the name with its dashes.
  /// - Returns: the value.
  /// - Throws: ``UsageError/missingOption(_:)``, or what ``option(_:)`` throws.
  package mutating func requiredOption(_ name: String) throws(UsageError) -> String {
    guard let value = try option(name) else { throw .missingOption(name) }
    return value
  }

  /// Takes an option whose value is a number.
  ///
  /// - Parameters:
  ///   - name: the name with its dashes.
  ///   - range: what it may be.
  /// - Returns: the number, or `nil` if the option is not there.
  /// - Throws: ``UsageError/invalidValue(name:value:expected:)``, or what ``option(_:)`` throws.
  package mutating func integerOption(
    _ name: String, in range: ClosedRange<Int>
  ) throws(UsageError) -> Int? {
    guard let value = try option(name) else { return nil }
    guard let number = Int(value), range.contains(number) else {
      throw .invalidValue(
        name: name, value: value,
        expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// Takes the next positional argument.
  ///
  /// - Parameter name: what the usage text calls it.
  /// - Returns: the argument.
  /// - Throws: ``UsageError/missingArgument(_:)``; ``UsageError/unknownOption(_:suggestion:)`` if an option is left,
  ///   since its value could be taken for the argument.
  package mutating func positional(_ name: String) throws(UsageError) -> String {
    try requireNoOption()
    guard !words.isEmpty else { throw .missingArgument(name) }
    return words.removeFirst().text
  }

  /// Takes all positional arguments that are left; at least one must be there.
  ///
  /// - Parameter name: what the usage text calls each of them.
  /// - Returns: the arguments in order.
  /// - Throws: as ``positional(_:)``.
  package mutating func positionals(_ name: String) throws(UsageError) -> [String] {
    var arguments = [try positional(name)]
    while !words.isEmpty { arguments.append(try positional(name)) }
    return arguments
  }

  /// Refuses everything that is left.
  ///
  /// - Throws: ``UsageError/unknownOption(_:suggestion:)``, ``UsageError/unexpectedArgument(_:)``.
  package func finish() throws(UsageError) {
    try requireNoOption()
    if let word = words.first { throw .unexpectedArgument(word.text) }
  }

  private func requireNoOption() throws(UsageError) {
    guard let word = words.first(where: \.isOption) else { return }
    let name = String(word.name)
    throw .unknownOption(name, suggestion: nearest(to: name, among: knownOptions))
  }

  private func firstIndex(of names: [String]) -> Int? {
    words.firstIndex { word in word.isOption && names.contains { $0 == word.name } }
  }

  private mutating func takeValues(of names: [String]) throws(UsageError) -> [String] {
    knownOptions += names
    var values: [String] = []
    while let index = firstIndex(of: names) {
      let word = words.remove(at: index)
      if let value = word.attachedValue {
        values.append(value)
      } else if index < words.count, words[index].position == word.position + 1, !words[index].isOption {
        values.append(words.remove(at: index).text)
      } else {
        throw .missingValue(option: String(word.name))
      }
    }
    return values
  }
}
