import OTACore
import OTACrypto
import OTAManifest

/// `ota ceremony import`: the signature that was made elsewhere, put where it belongs.
struct CeremonyImport: Command {
  static let name = "ceremony import"
  static let abstract = "take a signature that was made elsewhere"
  static let usage = """
    usage: ota ceremony import REQUEST RESPONSE --key KEY.pub.pem --out FILE [--json]

    Checks that RESPONSE is the answer to REQUEST and that its signature is good, and writes the envelope or
    the set of the request with the signature in it; for a request of kind 'bytes', the signature alone.

      --key FILE  the public key that must have signed; otherwise the exit code is 2
      --out FILE  the signed envelope or set, or the signature
      --json      the result as JSON
    """
  static let example = [
    "update.request", "update.response", "--key", "release.pub.pem", "--out", "update.suit",
  ]

  private struct Result: Encodable {
    var file: String
    var keyID: String
  }

  private let requestPath: String
  private let responsePath: String
  private let keyPath: String
  private let output: String
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    keyPath = try arguments.requiredOption("--key")
    output = try arguments.requiredOption("--out")
    requestPath = try arguments.positional("REQUEST")
    responsePath = try arguments.positional("RESPONSE")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let key = try SigningKey.publicKey(reading: keyPath)
    let request = try CeremonyDocument.request(reading: requestPath)
    let text = try InputFile.read(responsePath, limit: CeremonyDocument.fileLimit)
    let signature: [UInt8]
    do throws(CeremonyError) {
      let response = try SigningResponse(text: text)
      signature = try request.signature(from: response, by: key, using: CeremonyDocument.verifier)
    } catch {
      throw CeremonyDocument.failure(responsePath, error)
    }
    let subject = try CeremonySubject(of: request, by: key, path: requestPath)
    let result = try subject.signed(signature, by: key, path: requestPath)
    try OutputFile.write(result.span, to: output)
    if isJSON {
      try context.console.printJSON(
        Result(file: output, keyID: request.keyIdentifier.digest.description))
    } else {
      try context.console.print("\(subject.nameWhenSigned): \(output)")
    }
    return .done
  }
}
