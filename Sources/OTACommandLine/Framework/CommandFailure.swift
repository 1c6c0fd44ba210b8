package import OTACore

/// The end of a command that could not do its work, in the words that its user reads.
///
/// Printed as one line on stderr: `ota: <what>: <why>; <remedy>`. Text that came from outside may stand in it as it
/// is: control characters are made visible when the line is printed.
package struct CommandFailure: Error, Equatable, Sendable {
  /// What could not be done, or the file that it is about.
  package var what: String
  /// Why not.
  package var why: String
  /// What to do about it.
  package var remedy: String
  /// The stable number of the error, if it is one of `Docs/ErrorCodes.md`.
  package var code: ErrorCode?
  /// How the program ends.
  package var status: ExitStatus
  /// Whether there is nobody left to tell: the reader of stdout has closed it.
  package var isSilent: Bool

  /// Makes a failure from its parts.
  package init(
    _ what: String, why: String, remedy: String, code: ErrorCode? = nil, status: ExitStatus = .failed
  ) {
    self.what = what
    self.why = why
    self.remedy = remedy
    self.code = code
    self.status = status
    self.isSilent = false
  }

  /// The reader of stdout went away, as `head` does; the result was not delivered, which the status says.
  package static var outputClosed: CommandFailure {
    var failure = CommandFailure(
      "standard output", why: "closed by its reader", remedy: "", status: .inputOutput)
    failure.isSilent = true
    return failure
  }

  /// The line for stderr, without a line end.
  package var line: String {
    let number = code.map { " [\($0.text)]" } ?? ""
    return "ota: \(what): \(why)\(number); \(remedy)"
  }
}

extension ErrorCode {
  /// The number as `Docs/ErrorCodes.md` writes it, and the name.
  package var text: String {
    let digits = String(rawValue, radix: 16, uppercase: true)
    return "0x" + String(repeating: "0", count: 4 - digits.count) + digits + " \(self)"
  }
}
