import OTACore
import OTACrypto
import OTAPartition

/// `ota trust create`: a set of trust anchors from a description in JSON.
struct TrustCreate: Command {
  static let name = "trust create"
  static let abstract = "make a set of trust anchors from a description"
  static let usage = """
    usage: ota trust create DESCRIPTION.json --out FILE [--after SET] [--json]

    Makes a set of trust anchors: which keys devices trust for what, how many of them it takes, and until when.
    The first set needs no signature: the factory writes it to the devices. Every other one does: see 'ota trust
    sign'. What the description may say is in Docs/KeyLifecycle.md. Paths in it start from its folder. '-' is
    standard input, and paths start from here.

      --out FILE   where the set goes
      --after SET  the set before it, which says number and scope where the description does not
      --json       the result as JSON
    """
  static let example = ["set2.json", "--after", "set1.trust", "--out", "set2.trust"]

  private struct Result: Encodable {
    var file: String
    var set: TrustReport
  }

  private let path: String
  private let outputPath: String
  private let previousPath: String?
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    outputPath = try arguments.requiredOption("--out")
    previousPath = try arguments.option("--after")
    path = try arguments.positional("DESCRIPTION.json")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    var previous: TrustAnchors?
    if let previousPath { previous = try TrustFile.read(previousPath).anchors }
    let bytes = try InputFile.read(path, limit: 1 << 20)
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let anchors = try TrustDescription(path: path, folder: folder, previous: previous).read(bytes)
    let set = SignedTrustAnchors(anchors)
    try TrustFile.write(set, to: outputPath)
    if isJSON {
      try context.console.printJSON(Result(file: outputPath, set: TrustReport(set)))
      return .done
    }
    try context.console.print("file:      \(outputPath)")
    for line in TrustReport(set).lines { try context.console.print(line) }
    if let previous {
      context.console.note(
        """
        to be signed by \(previous.thresholds.root) of the root keys of set \(previous.number), by \
        \(anchors.thresholds.root) of its own, and by each key that is new for manifests or images; use 'ota trust sign'
        """)
    } else if anchors.number > 1 {
      context.console.note("the set is not signed; use 'ota trust sign'")
    }
    return .done
  }
}
