import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest

/// `ota manifest inspect`: what is in a SUIT envelope.
struct ManifestInspect: Command {
  static let name = "manifest inspect"
  static let abstract = "show what is in a manifest"
  static let usage = """
    usage: ota manifest inspect FILE [--key KEY.pub.pem] [--json]

    Shows what the SUIT envelope FILE offers, and to which devices. The digest of the manifest is always checked,
    its signature only with --key: without it, anybody may have written what is shown. FILE may be '-' for
    standard input.

      --key FILE  the public key that must have signed it; otherwise the exit code is 2
      --json      the result as JSON
    """
  static let example = ["update.suit", "--key", "release.pub.pem"]

  private let path: String
  private let keyPath: String?
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    keyPath = try arguments.option("--key")
    path = try arguments.positional("FILE")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let limits = Limits(imageSize: .max, payloadSize: .max, decoderMemory: .max)
    let envelope = try InputFile.read(path, limit: limits.envelopeSize)
    let key = try keyPath.map { (path) throws(CommandFailure) in try Self.publicKey(reading: path) }
    let manifest: Manifest
    let signer: KeyIdentifier?
    do throws(ManifestError) {
      if let key {
        let verifier = ManifestVerifier(verifier: SodiumVerifier(), hash: SodiumSHA256.self)
        let opened = try verifier.open(
          envelope.span, trustStore: TrustStore(key, for: .manifest), limits: limits)
        (manifest, signer) = (opened.manifest, opened.signer)
      } else {
        let parsed = try SUITEnvelope(parsing: envelope.span, limits: limits)
        let suit = try SUITManifest(parsed, of: envelope.span, limits: limits, hash: SodiumSHA256.self)
        (manifest, signer) = (try Manifest(suit, limits: limits), nil)
      }
    } catch {
      throw failure(error)
    }
    let updateID = SodiumSHA256.digest(of: envelope.span)
    if isJSON {
      try context.console.printJSON(ManifestDocument(manifest, updateID: updateID, signer: signer))
    } else {
      try context.console.print("update \(updateID)")
      try context.console.print(ManifestSummary(manifest, signer: signer).description)
      if signer == nil { context.console.note("the signature was not checked; use --key KEY.pub.pem") }
    }
    return .done
  }

  private static func publicKey(reading path: String) throws(CommandFailure) -> PublicKey {
    let text = try InputFile.read(path, limit: PEM.maximumTextSize)
    do throws(CryptoError) {
      return try PublicKey(pem: text.span)
    } catch {
      throw CommandFailure(
        path, why: "not a public Ed25519 key in PEM form", remedy: "name a file such as KEY.pub.pem",
        code: error.code)
    }
  }

  /// What was checked and is wrong is a refusal; what cannot be read at all is a failure.
  private func failure(_ error: ManifestError) -> CommandFailure {
    let (status, remedy): (ExitStatus, String) =
      switch error {
      case .crypto(.unavailable): (.unavailable, "check that libsodium is intact")
      case .crypto, .thresholdNotMet, .digestMismatch: (.refused, "do not use it unless you know who made it")
      default: (.failed, "check that it is a manifest for one component; see Docs/ManifestFormat.md")
      }
    return CommandFailure(path, why: error.description, remedy: remedy, code: error.code, status: status)
  }
}
