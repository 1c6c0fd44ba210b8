import OTACore
import OTACrypto
import OTAManifest

/// `ota manifest create`: a SUIT envelope from a description in JSON.
struct ManifestCreate: Command {
  static let name = "manifest create"
  static let abstract = "make a manifest from a description in JSON"
  static let usage = """
    usage: ota manifest create DESCRIPTION.json --out FILE [--payload NAME=FILE]... [--json]

    Makes a SUIT envelope from DESCRIPTION.json: components, where their contents come from and in which order
    they are installed, checked and run, dependencies, text. It is not signed: see 'ota manifest sign'. What the
    description may say is in Docs/ManifestFormat.md, section 9. Paths in it start from its folder. '-' is
    standard input, and paths start from here.

      --out FILE           where the envelope goes
      --payload NAME=FILE  the payload of a component, instead of the one in the description; once for each
      --json               the result as JSON
    """
  static let example = ["update.json", "--out", "update.suit", "--payload", "app=build/app.bin"]

  private let path: String
  private let outputPath: String
  private let payloads: [String: String]
  private let isJSON: Bool

  private struct Result: Encodable {
    var envelope: String
    var size: Int
    var digest: String
    var components: [String]
  }

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    outputPath = try arguments.requiredOption("--out")
    var payloads: [String: String] = [:]
    for value in try arguments.options("--payload") {
      let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw .invalidValue(
          name: "--payload", value: value, expected: "a component and a file, such as app=app.bin")
      }
      guard payloads.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
        throw .invalidValue(name: "--payload", value: value, expected: "given once for each component")
      }
    }
    self.payloads = payloads
    path = try arguments.positional("DESCRIPTION.json")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let bytes = try InputFile.read(path, limit: 16 << 20)
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let reader = DescriptionReader(path: path, folder: folder, payloads: payloads)
    let document = ManifestComposer.document(try reader.read(bytes))
    let envelope = document.encoded
    guard envelope.count <= ManifestFile.limits.envelopeSize else {
      throw ManifestFile.failure(outputPath, .limitExceeded(.envelope))
    }
    try OutputFile.write(envelope.span, to: outputPath)
    let result = Result(
      envelope: outputPath, size: envelope.count, digest: hexadecimal(document.digest.bytes),
      components: document.manifest.components.map { componentName($0) })
    if isJSON {
      try context.console.printJSON(result)
    } else {
      try context.console.print("envelope: \(result.envelope)")
      try context.console.print("size:     \(result.size) bytes")
      try context.console.print("digest:   \(result.digest)")
      context.console.note("the envelope is not signed; use 'ota manifest sign'")
    }
    return .done
  }
}
