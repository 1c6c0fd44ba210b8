import OTATUF

/// `ota repository renew`: the same for longer.
struct RepositoryRenew: Command {
  static let name = "repository renew"
  static let abstract = "make a role of a TUF repository valid for longer"
  static let usage = """
    usage: ota repository renew DIR ROLE [--key KEY.pem...] [--days ROLE=N] [--json]

    Makes a next version of a role that says the same and expires later, as a draft. Timestamp and snapshot are
    renewed by ota repository publish.

      --key FILE     a private key that signs; may be repeated
      --days ROLE=N  how long it is valid: root 365, targets 90
      --json         the state as JSON
    """
  static let example = ["releases", "targets", "--key", "targets.pem"]

  private let options: RepositoryOptions
  private let role: String

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    options = try RepositoryOptions(arguments: &arguments) { (_) throws(UsageError) in }
    role = try arguments.positional("ROLE")
    try arguments.finish()
    if ["timestamp", "snapshot"].contains(role) {
      throw .invalidValue(name: "ROLE", value: role, expected: "root, targets or a delegated role")
    }
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    try await options.edit(role, [], context.console) { (writer) throws(TUFWriterError) in
      try writer.renew(try TUFRole(named: role), at: RepositoryOptions.now)
    }
    return .done
  }
}
