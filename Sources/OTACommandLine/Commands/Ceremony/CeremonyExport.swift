import OTACore
import OTACrypto
import OTAManifest
import OTAPartition

/// `ota ceremony export`: what has to be signed, as a file to carry to the key.
struct CeremonyExport: Command {
  static let name = "ceremony export"
  static let abstract = "write what a key elsewhere shall sign"
  static let usage = """
    usage: ota ceremony export FILE --key KEY.pub.pem --out REQUEST [--kind KIND] [--note TEXT] [--json]

    Writes a request for a signature, to be carried to a key that is not on this machine: the bytes to sign,
    the document that they come from, and the name of the key. Nothing in it is secret. FILE is a SUIT
    envelope or a set of trust anchors, signed by others or not yet, and stays as it is.

      --key FILE   the public part of the key that shall sign
      --out FILE   the request; see Docs/KeyCeremony.md for its form
      --kind KIND  suit-manifest (the default); trust-anchors; or bytes: FILE itself is signed, up to 64 KiB
      --note TEXT  a line for the one who signs; may be repeated, and nobody checks it
      --json       the result as JSON
    """
  static let example = ["update.suit", "--key", "release.pub.pem", "--out", "update.request"]

  private struct Result: Encodable {
    var request: String
    var keyID: String
    var digest: String
  }

  private let path: String
  private let keyPath: String
  private let output: String
  private let kind: SigningRequest.Kind
  private let notes: [String]
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    keyPath = try arguments.requiredOption("--key")
    output = try arguments.requiredOption("--out")
    notes = try arguments.options("--note")
    let name = try arguments.option("--kind") ?? SigningRequest.Kind.suitManifest.rawValue
    guard let kind = SigningRequest.Kind(rawValue: name) else {
      throw .invalidValue(
        name: "--kind", value: name,
        expected: "one of \(namesOf(SigningRequest.Kind.allCases.map(\.rawValue)))")
    }
    self.kind = kind
    path = try arguments.positional("FILE")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let key = try SigningKey.publicKey(reading: keyPath)
    let request = try request(for: key)
    try OutputFile.write(request.text.span, to: output)
    if isJSON {
      try context.console.printJSON(
        Result(
          request: output, keyID: request.keyIdentifier.digest.description,
          digest: request.messageDigest.description))
    } else {
      try context.console.print("request: \(output)")
      try context.console.print("key id:  \(request.keyIdentifier.digest)")
      try context.console.print("to sign: \(request.messageDigest)")
    }
    return .done
  }

  private func request(for key: PublicKey) throws(CommandFailure) -> SigningRequest {
    let limit =
      switch kind {
      case .bytes: SigningRequest.maximumMessageSize
      case .suitManifest: CeremonyDocument.limits.envelopeSize
      case .trustAnchors: TrustAnchors.maximumUpdateSize
      }
    let file = try InputFile.read(path, limit: limit)
    let message = try CeremonySubject.subject(kind, file, key, path).message
    let document = kind == .bytes ? [] : file
    do throws(CeremonyError) {
      let request = try SigningRequest(kind, for: key, message: message, document: document, notes: notes)
      return request
    } catch {
      throw CommandFailure(
        path, why: "empty, or with notes that are too long or have control characters",
        remedy: "use at most \(SigningRequest.maximumNoteCount) lines of 200 characters", code: error.code)
    }
  }
}
