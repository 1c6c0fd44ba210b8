import OTACore
import OTACrypto
import OTAManifest

/// `ota manifest sign`: one more signature on a SUIT envelope.
struct ManifestSign: Command {
  static let name = "manifest sign"
  static let abstract = "add a signature to a manifest"
  static let usage = """
    usage: ota manifest sign FILE --key KEY [--out OUT] [--json]

    Adds a signature to the SUIT envelope FILE, behind those that it has, up to eight. The digests in it are
    checked before. The algorithm is that of the key: Ed25519, ES256 or ES384. FILE may be '-' for standard input.

      --key KEY   \(SigningKey.usage)
      --out FILE  where the signed envelope goes (FILE itself)
      --json      the result as JSON
    """
  static let example = ["update.suit", "--key", "release.pem"]

  private let path: String
  private let key: String
  private let outputPath: String
  private let isJSON: Bool

  private struct Result: Encodable {
    var envelope: String
    var keyID: String
    var algorithm: Int32
    var signatures: Int
  }

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    key = try arguments.requiredOption("--key")
    let output = try arguments.option("--out")
    path = try arguments.positional("FILE")
    guard let output = output ?? (path == "-" ? nil : path) else { throw .missingOption("--out") }
    outputPath = output
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let envelope = try ManifestFile.read(path)
    let document = try ManifestFile.decode(envelope, path)
    let signer = try await SigningKey.signer(from: key)
    let publicKey = signer.publicKey
    let signed: [UInt8]
    do throws(ManifestError) {
      let unsigned = try EnvelopeSignature(addingTo: envelope, for: publicKey, limits: ManifestFile.limits)
      let signature: [UInt8]
      do throws(CryptoError) {
        signature = try await signer.signature(for: unsigned.signedBytes)
      } catch {
        throw .crypto(error)
      }
      signed = try unsigned.envelope(signature: signature)
    } catch {
      throw failure(error, count: document.authenticationBlocks.count)
    }
    try OutputFile.write(signed.span, to: outputPath)
    let result = Result(
      envelope: outputPath, keyID: KeyIdentifier(of: publicKey).digest.description,
      algorithm: publicKey.algorithm.rawValue, signatures: document.authenticationBlocks.count + 1)
    if isJSON {
      try context.console.printJSON(result)
    } else {
      try context.console.print("envelope:   \(result.envelope)")
      try context.console.print("key id:     \(result.keyID)")
      try context.console.print("signatures: \(result.signatures)")
    }
    return .done
  }

  private func failure(_ error: ManifestError, count: Int) -> CommandFailure {
    switch error {
    case .limitExceeded where count >= SUITEnvelope.maximumBlockCount:
      CommandFailure(
        path, why: "it has \(count) signatures, and devices look at no more",
        remedy: "begin from the unsigned envelope", code: error.code)
    case .crypto(let failure):
      CommandFailure(
        key, why: failure.description, remedy: "check the key", code: failure.code,
        status: failure == .unavailable ? .unavailable : .failed)
    default: ManifestFile.failure(path, error)
    }
  }
}
