import OTACore
import OTAPartition

/// `ota trust inspect`: what a set of trust anchors says.
struct TrustInspect: Command {
  static let name = "trust inspect"
  static let abstract = "show a set of trust anchors"
  static let usage = """
    usage: ota trust inspect FILE [--json]

    Shows the keys of a set of trust anchors with their roles, thresholds, scope, date and expiry, and who has
    signed it. Signatures by keys of the set are checked; whether a device would take it is what 'ota trust
    verify' says. FILE may be '-' for standard input.

      --json  the result as JSON
    """
  static let example = ["set2.trust"]

  private let path: String
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    path = try arguments.positional("FILE")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let report = TrustReport(try TrustFile.read(path))
    if isJSON {
      try context.console.printJSON(report)
    } else {
      for line in report.lines { try context.console.print(line) }
    }
    return .done
  }
}
