import OTATUF

/// `ota repository delegate`: other people's keys for some targets.
struct RepositoryDelegate: Command {
  static let name = "repository delegate"
  static let abstract = "let other keys sign for some targets"
  static let usage = """
    usage: ota repository delegate DIR NAME --path PATTERN [--path PATTERN...] --role-key KEY.pem [--role-key
             KEY.pem...] [--threshold N] [--terminating] [--from ROLE] [--key KEY.pem...] [--days ROLE=N] [--json]
           ota repository delegate DIR NAME --bins BITS --role-key KEY.pem [--threshold N] [--from ROLE]
             [--key KEY.pem...] [--days ROLE=N] [--json]

    Lets a role of this name answer for the targets whose paths match, or changes what it answers for and who
    signs for it. The second form shares all targets out to hash bins with one set of keys, named NAME-0,
    NAME-1 and so on. Drafts are signed with all keys that are named and private.

      --path PATTERN   its targets: * stands for any characters up to the next /, ? for one; may be repeated
      --bins BITS      2 to the power of this is the number of bins; 1 to 14
      --role-key FILE  a key of the role, private or public; may be repeated
      --threshold N    how many of them must sign; 1 unless given
      --terminating    nobody that comes behind the role is asked for its targets
      --from ROLE      the role that delegates; targets unless given
      --key FILE       a private key of the role that delegates; may be repeated
      --days ROLE=N    how long targets metadata is valid; 90 days unless given
      --json           the state as JSON
    """
  static let example = [
    "releases", "apps", "--path", "apps/*", "--role-key", "apps.pub.pem", "--key", "targets.pem",
  ]

  private let options: RepositoryOptions
  private let name: String
  private let paths: [String]
  private let bits: Int?
  private let roleKeys: [String]
  private let threshold: Int
  private let isTerminating: Bool
  private let parent: String

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    var (paths, roleKeys): ([String], [String]) = ([], [])
    var (bits, threshold): (Int?, Int) = (nil, 1)
    var (isTerminating, parent) = (false, "targets")
    options = try RepositoryOptions(arguments: &arguments) { (arguments) throws(UsageError) in
      paths = try arguments.options("--path")
      bits = try arguments.integerOption("--bins", in: 1...14)
      roleKeys = try arguments.options("--role-key")
      threshold = try arguments.integerOption("--threshold", in: 1...100) ?? 1
      isTerminating = try arguments.flag("--terminating")
      parent = try arguments.option("--from") ?? "targets"
    }
    (self.paths, self.bits, self.roleKeys, self.threshold) = (paths, bits, roleKeys, threshold)
    (self.isTerminating, self.parent) = (isTerminating, parent)
    name = try arguments.positional("NAME")
    try arguments.finish()
    if roleKeys.isEmpty { throw .missingOption("--role-key") }
    if paths.isEmpty == (bits == nil) {
      guard paths.isEmpty else {
        throw .invalidValue(name: "--bins", value: "\(bits ?? 0)", expected: "given without --path")
      }
      throw .missingOption("--path")
    }
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let (keys, signers) = try RepositoryKey.read(roleKeys, threshold: threshold)
    try await options.edit(name, signers, context.console) { (writer) throws(TUFWriterError) in
      let parent = try TUFRole(named: parent)
      let time = RepositoryOptions.now
      if let bits {
        try writer.delegate(toBins: name, bits: bits, from: parent, keys: keys, at: time)
      } else {
        try writer.delegate(
          to: try TUFRole(delegated: name), from: parent, paths: paths, isTerminating: isTerminating,
          keys: keys, at: time)
      }
    }
    return .done
  }
}
