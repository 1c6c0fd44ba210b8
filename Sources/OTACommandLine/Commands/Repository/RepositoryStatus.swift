/// `ota repository status`: what is published, and what is missing.
struct RepositoryStatus: Command {
  static let name = "repository status"
  static let abstract = "show what a TUF repository publishes, and its drafts"
  static let usage = """
    usage: ota repository status DIR [--json]

    Verifies what is published in the folder and shows its versions, and the drafts with the signatures that
    they still need.

      --json  the state as JSON, with the identifiers of keys
    """
  static let example = ["releases"]

  private let options: RepositoryOptions

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    options = try RepositoryOptions(arguments: &arguments, takesKeys: false, takesDays: false) {
      (_) throws(UsageError) in
    }
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    try RepositoryReport.print(try options.open(), of: options, to: context.console)
    return .done
  }
}
