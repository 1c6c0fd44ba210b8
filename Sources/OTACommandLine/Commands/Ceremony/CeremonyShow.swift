import OTACore
import OTACrypto
import OTAManifest

/// `ota ceremony show`: what a request asks to be signed.
struct CeremonyShow: Command {
  static let name = "ceremony show"
  static let abstract = "show what a request asks to be signed"
  static let usage = """
    usage: ota ceremony show REQUEST --key KEY.pub.pem [--json]

    Shows what is signed by whoever answers REQUEST. It is read from the document in the request, and the
    bytes to sign are computed from it again; a request whose bytes are others is refused. Only notes are
    shown as they are.

      --key FILE  the public or private key that shall sign; a request for another one is refused
      --json      the result as JSON
    """
  static let example = ["update.request", "--key", "release.pub.pem"]

  private struct Result: Encodable {
    var kind: String
    var keyID: String
    var digest: String
    var isDocumentChecked: Bool
    var notes: [String]
  }

  private let path: String
  private let keyPath: String
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    keyPath = try arguments.requiredOption("--key")
    path = try arguments.positional("REQUEST")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let key = try SigningKey.publicKey(reading: keyPath)
    let request = try CeremonyDocument.request(reading: path)
    guard request.keyIdentifier == KeyIdentifier(of: key) else {
      throw CeremonyDocument.failure(path, .otherKey)
    }
    let subject = try CeremonySubject(of: request, by: key, path: path)
    if isJSON {
      try context.console.printJSON(
        Result(
          kind: request.kind.rawValue, keyID: request.keyIdentifier.digest.description,
          digest: request.messageDigest.description, isDocumentChecked: request.kind != .bytes,
          notes: request.notes))
      return .done
    }
    try context.console.print("key id:  \(request.keyIdentifier.digest)")
    try context.console.print("to sign: \(request.messageDigest)")
    for note in request.notes { try context.console.print("note:    \(note)") }
    if let lines = subject.lines {
      for line in lines { try context.console.print(line) }
    } else if request.kind == .bytes {
      context.console.note("these are just bytes: nobody can say what they mean")
    } else {
      context.console.note(
        "the manifest says more than is shown here; look at it with 'ota manifest inspect'")
    }
    return .done
  }
}
