import OTATUF

/// `ota repository init`: a new TUF repository.
struct RepositoryInit: Command {
  static let name = "repository init"
  static let abstract = "make a TUF repository"
  static let usage = """
    usage: ota repository init DIR --key ROLE=KEY.pem [--key ROLE=KEY.pem...] [--threshold ROLE=N]
             [--days ROLE=N] [--json]

    Makes a repository in a folder: root and targets metadata as drafts, signed with the private keys among
    those that are named. ota repository publish shows them to clients. ROLE is root, timestamp, snapshot or
    targets; each needs a key of its own or one of the others'. A public key will do where the private one
    is kept elsewhere; see ota repository sign.

      --key ROLE=FILE     a key of the role, private or public: Ed25519, P-256 or RSA; may be repeated
      --threshold ROLE=N  how many of the role's keys must sign; 1 unless given
      --days ROLE=N       how long metadata is valid: root 365, targets 90, snapshot 7, timestamp 1
      --json              the state as JSON
    """
  static let example = [
    "releases", "--key", "root=root.pem", "--key", "targets=targets.pem", "--key", "snapshot=online.pem",
    "--key", "timestamp=online.pem",
  ]

  private let options: RepositoryOptions
  private let keys: [(role: String, path: String)]
  private let thresholds: [String: Int]

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    var keys: [(role: String, path: String)] = []
    var thresholds: [String: Int] = [:]
    options = try RepositoryOptions(arguments: &arguments, takesKeys: false) {
      (arguments) throws(UsageError) in
      for text in try arguments.options("--key") {
        let (role, path) = try RepositoryOptions.pair(text, option: "--key", expected: "ROLE=FILE")
        guard Self.roles.contains(role) else {
          throw .invalidValue(
            name: "--key", value: text, expected: "for root, timestamp, snapshot or targets")
        }
        keys.append((role, path))
      }
      for text in try arguments.options("--threshold") {
        let (role, value) = try RepositoryOptions.pair(text, option: "--threshold", expected: "ROLE=N")
        guard Self.roles.contains(role), let number = Int(value), (1...100).contains(number) else {
          throw .invalidValue(
            name: "--threshold", value: text, expected: "ROLE=N, with one of the four roles and 1 to 100")
        }
        thresholds[role] = number
      }
    }
    (self.keys, self.thresholds) = (keys, thresholds)
    try arguments.finish()
    for role in Self.roles where !keys.contains(where: { $0.role == role }) {
      throw .missingOption("--key \(role)=FILE")
    }
  }

  private static let roles = ["root", "timestamp", "snapshot", "targets"]

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    var signers: [any TUFSigner] = []
    var roles: [TUFRole: TUFRoleKeys] = [:]
    for role in [TUFRole.root, .timestamp, .snapshot, .targets] {
      let paths = keys.filter { $0.role == role.description }.map(\.path)
      let (own, more) = try RepositoryKey.read(paths, threshold: thresholds[role.description] ?? 1)
      roles[role] = own
      signers += more
    }
    try await options.finish(try options.create(roles), signers: signers, context.console)
    return .done
  }
}
