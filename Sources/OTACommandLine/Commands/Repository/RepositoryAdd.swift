import OTACore
import OTATUF

/// `ota repository add`: a target.
struct RepositoryAdd: Command {
  static let name = "repository add"
  static let abstract = "add a file to a TUF repository, or change it"
  static let usage = """
    usage: ota repository add DIR FILE [--as PATH] [--role NAME] [--custom FILE.json] [--key KEY.pem...]
             [--days ROLE=N] [--json]
           ota repository add DIR --as PATH --sha256 HEX --length N [--role NAME] [--custom FILE.json]
             [--key KEY.pem...] [--days ROLE=N] [--json]

    Adds a target, or puts another file in the place of one. The new metadata is a draft, signed with the keys
    that are named. The second form is for a file that is served from elsewhere.

      --as PATH           its path in the repository; the name of the file unless given
      --sha256 HEX        SHA-256 of a file that is not here
      --length N          the length of a file that is not here, in bytes
      --role NAME         the role that describes it; targets, or the right one of its hash bins, unless given
      --custom FILE.json  a JSON object that clients get with the description
      --key FILE          a private key that signs; may be repeated
      --days ROLE=N       how long targets metadata is valid; 90 days unless given
      --json              the state as JSON
    """
  static let example = ["releases", "app.bin", "--as", "board/app.bin", "--key", "targets.pem"]

  private enum Source: Sendable {
    case file(String)
    case description(Digest, Int64)
  }

  private let options: RepositoryOptions
  private let source: Source
  private let path: String
  private let role: String?
  private let custom: String?

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    var (path, role, custom, digest): (String?, String?, String?, String?)
    var length: Int?
    options = try RepositoryOptions(arguments: &arguments) { (arguments) throws(UsageError) in
      path = try arguments.option("--as")
      role = try arguments.option("--role")
      custom = try arguments.option("--custom")
      digest = try arguments.option("--sha256")
      length = try arguments.integerOption("--length", in: 0...Int.max)
    }
    (self.role, self.custom) = (role, custom)
    if let digest {
      guard let bytes = [UInt8](hexadecimal: digest),
        let value = try? Digest(algorithm: .sha256, bytes: bytes.span)
      else { throw .invalidValue(name: "--sha256", value: digest, expected: "64 hexadecimal digits") }
      guard let path else { throw .missingOption("--as") }
      guard let length else { throw .missingOption("--length") }
      source = .description(value, Int64(length))
      self.path = path
    } else {
      let file = try arguments.positional("FILE")
      source = .file(file)
      self.path =
        path ?? String(file[(file.lastIndex(of: "/").map { file.index(after: $0) } ?? file.startIndex)...])
    }
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    var customBytes: [UInt8]?
    if let custom { customBytes = try InputFile.read(custom, limit: 1 << 20) }
    var contents: [UInt8] = []
    if case .file(let file) = source { contents = try InputFile.read(file, limit: 1 << 30) }
    try await options.edit(path, [], context.console) { (writer) throws(TUFWriterError) in
      let role = try role.map { (name) throws(TUFWriterError) in try TUFRole(named: name) }
      let time = RepositoryOptions.now
      switch source {
      case .description(let digest, let length):
        try writer.add(path, length: length, digest: digest, custom: customBytes, to: role, at: time)
      case .file:
        try writer.add(path, contents: contents, custom: customBytes, to: role, at: time)
      }
    }
    return .done
  }
}
