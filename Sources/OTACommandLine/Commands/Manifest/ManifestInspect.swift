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

    Shows the SUIT envelope FILE, whoever made it: components, commands, text, payloads. If it is an update that
    the agent installs, also what it offers, and to which devices. The digests in it are always checked, its
    signature only with --key: without it, anybody may have written what is shown. FILE may be '-' for standard
    input.

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

  /// The envelope, and what the agent would make of it.
  private struct Result: Encodable {
    var envelope: EnvelopeReport
    var updateID: String
    var signer: String?
    /// Absent if it is no update that the agent installs.
    var update: ManifestDocument?

    enum CodingKeys: String, CodingKey {
      case envelope, updateID, signer
    }

    func encode(to encoder: any Encoder) throws {
      // Its members stand beside the envelope.
      try update?.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(envelope, forKey: .envelope)
      try container.encode(updateID, forKey: .updateID)
      try container.encodeIfPresent(signer, forKey: .signer)
    }
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let envelope = try ManifestFile.read(path)
    let key = try keyPath.map { (path) throws(CommandFailure) in try SigningKey.publicKey(reading: path) }
    var signer: KeyIdentifier?
    if let key {
      let authority = SUITAuthority(
        verifier: ManifestFile.verifier, hash: SodiumSHA256.self, trustStore: TrustStore(key, for: .manifest),
        limits: ManifestFile.limits)
      do throws(ManifestError) {
        signer = try authority.signer(of: envelope)
      } catch {
        throw ManifestFile.failure(path, error)
      }
    }
    let document = try ManifestFile.decode(envelope, path)
    let update = Self.update(in: envelope)
    let updateID = SodiumSHA256.digest(of: envelope.span)
    let report = EnvelopeReport(document)
    if isJSON {
      try context.console.printJSON(
        Result(
          envelope: report, updateID: updateID.description, signer: signer?.digest.description,
          update: update.map { ManifestDocument($0, updateID: updateID, signer: signer) }))
    } else {
      try context.console.print("update \(updateID)")
      if let update {
        try context.console.print(ManifestSummary(update, signer: signer).description)
        try context.console.print()
      } else if let signer {
        try context.console.print("signed by: \(signer.digest)")
      }
      for line in EnvelopeLines(report).lines { try context.console.print(line) }
      if signer == nil { context.console.note("the signature was not checked; use --key KEY.pub.pem") }
    }
    return .done
  }

  /// What the agent would install; `nil` if the envelope is for others.
  private static func update(in envelope: [UInt8]) -> Manifest? {
    guard let parsed = try? SUITEnvelope(parsing: envelope.span, limits: ManifestFile.limits),
      let suit = try? SUITManifest(
        parsed, of: envelope.span, limits: ManifestFile.limits, hash: SodiumSHA256.self)
    else { return nil }
    return try? Manifest(suit, limits: ManifestFile.limits)
  }
}

extension SUITAuthority where Hash: ~Copyable {
  /// Who signed an envelope, however old it is.
  func signer(of envelope: [UInt8]) throws(ManifestError) -> KeyIdentifier? {
    let verified = try authenticate(envelope.span, atLeast: SequenceNumber(0))
    return verified.signers.first
  }
}
