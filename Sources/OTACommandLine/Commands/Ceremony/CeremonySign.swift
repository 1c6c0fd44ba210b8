import OTACore
import OTACrypto
import OTAManifest

/// `ota ceremony sign`: the answer to a request, made where the key is.
struct CeremonySign: Command {
  static let name = "ceremony sign"
  static let abstract = "sign what a request asks for"
  static let usage = """
    usage: ota ceremony sign REQUEST --key KEY --confirm DIGITS --out RESPONSE [--json]

    Signs what REQUEST asks for, after the same checks as 'ota ceremony show'. The one who signs has looked
    at that, and says so with the first digits of what is to be signed.

      --key KEY         a private key: a PEM file, or pkcs11:token=...;object=...?module-path=...&pin-source=FILE
      --confirm DIGITS  at least eight digits, as 'ota ceremony show' gives them behind 'to sign'
      --out FILE        the answer, to be carried back
      --json            the result as JSON
    """
  static let example = [
    "update.request", "--key", "release.pem", "--confirm", "3f2a90c1", "--out", "update.response",
  ]

  private struct Result: Encodable {
    var response: String
    var keyID: String
    var digest: String
  }

  private let path: String
  private let keyName: String
  private let digits: String
  private let output: String
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    keyName = try arguments.requiredOption("--key")
    digits = try arguments.requiredOption("--confirm").lowercased()
    output = try arguments.requiredOption("--out")
    guard digits.utf8.count >= 8, digits.utf8.count <= 64, digits.allSatisfy(\.isHexDigit) else {
      throw .invalidValue(name: "--confirm", value: digits, expected: "8 to 64 hexadecimal digits")
    }
    path = try arguments.positional("REQUEST")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let request = try CeremonyDocument.request(reading: path)
    // Before the key is touched: a token counts what it is asked.
    guard request.messageDigest.description.hasPrefix(digits) else {
      throw CommandFailure(
        path, why: "asks for a signature over other bytes than those that were confirmed",
        remedy: "look at it with 'ota ceremony show'", code: .authenticationFailed, status: .refused)
    }
    let signer = try await SigningKey.signer(from: keyName)
    guard request.keyIdentifier == signer.keyIdentifier else {
      throw CeremonyDocument.failure(path, .otherKey)
    }
    _ = try CeremonySubject(of: request, by: signer.publicKey, path: path)
    let response: SigningResponse
    do throws(CeremonyError) {
      response = try await request.signed(by: signer)
      // What cannot be used there shall not leave here.
      _ = try request.signature(
        from: response, by: signer.publicKey, using: CeremonyDocument.verifier)
    } catch {
      throw CeremonyDocument.failure(path, error)
    }
    try OutputFile.write(response.text.span, to: output)
    if isJSON {
      try context.console.printJSON(
        Result(
          response: output, keyID: response.keyIdentifier.digest.description,
          digest: response.messageDigest.description))
    } else {
      try context.console.print("response: \(output)")
      try context.console.print("signed:   \(response.messageDigest)")
    }
    return .done
  }
}
