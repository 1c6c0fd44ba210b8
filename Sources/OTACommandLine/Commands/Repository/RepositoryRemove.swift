import OTATUF

/// `ota repository remove`: a target that is published no more.
struct RepositoryRemove: Command {
  static let name = "repository remove"
  static let abstract = "take a file out of a TUF repository"
  static let usage = """
    usage: ota repository remove DIR PATH [--role NAME] [--key KEY.pem...] [--days ROLE=N] [--json]

    Takes a target out of the metadata, as a draft. Its file stays, for clients with older metadata.

      --role NAME    the role that describes it; targets, or the right one of its hash bins, unless given
      --key FILE     a private key that signs; may be repeated
      --days ROLE=N  how long targets metadata is valid; 90 days unless given
      --json         the state as JSON
    """
  static let example = ["releases", "board/app.bin", "--key", "targets.pem"]

  private let options: RepositoryOptions
  private let path: String
  private let role: String?

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    var role: String?
    options = try RepositoryOptions(arguments: &arguments) { (arguments) throws(UsageError) in
      role = try arguments.option("--role")
    }
    self.role = role
    path = try arguments.positional("PATH")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    try await options.edit(path, [], context.console) { (writer) throws(TUFWriterError) in
      let role = try role.map { (name) throws(TUFWriterError) in try TUFRole(named: name) }
      try writer.remove(path, from: role, at: RepositoryOptions.now)
    }
    return .done
  }
}
