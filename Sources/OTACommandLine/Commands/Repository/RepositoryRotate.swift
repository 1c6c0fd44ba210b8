import OTATUF

/// `ota repository rotate`: other keys for a role.
struct RepositoryRotate: Command {
  static let name = "repository rotate"
  static let abstract = "give a role of a TUF repository other keys"
  static let usage = """
    usage: ota repository rotate DIR ROLE --role-key KEY.pem [--role-key KEY.pem...] [--threshold N]
             [--key KEY.pem...] [--days ROLE=N] [--json]

    Gives a role these keys from now on; those that it had and that are missing here are revoked. The new root
    is a draft, to be signed by enough of its old keys and, if they are those that change, of the new ones.
    Let the old keys of timestamp, snapshot and targets sign once more when it is published, if they are not
    lost: clients then notice nothing.

      --role-key FILE  a key of the role, private or public; may be repeated
      --threshold N    how many of them must sign; 1 unless given
      --key FILE       another private key that signs drafts, such as those of the root; may be repeated
      --days ROLE=N    how long new metadata is valid: root 365, targets 90
      --json           the state as JSON
    """
  static let example = ["releases", "timestamp", "--role-key", "new.pem", "--key", "root.pem"]

  private let options: RepositoryOptions
  private let role: String
  private let roleKeys: [String]
  private let threshold: Int

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    var (roleKeys, threshold): ([String], Int) = ([], 1)
    options = try RepositoryOptions(arguments: &arguments) { (arguments) throws(UsageError) in
      roleKeys = try arguments.options("--role-key")
      threshold = try arguments.integerOption("--threshold", in: 1...100) ?? 1
    }
    (self.roleKeys, self.threshold) = (roleKeys, threshold)
    role = try arguments.positional("ROLE")
    try arguments.finish()
    if roleKeys.isEmpty { throw .missingOption("--role-key") }
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let (keys, signers) = try RepositoryKey.read(roleKeys, threshold: threshold)
    try await options.edit(role, signers, context.console) { (writer) throws(TUFWriterError) in
      try writer.rotate(try TUFRole(named: role), to: keys, at: RepositoryOptions.now)
    }
    return .done
  }
}
