import OTACore
import OTACrypto
import OTAPartition

/// `ota trust sign`: signatures under a set of trust anchors.
struct TrustSign: Command {
  static let name = "trust sign"
  static let abstract = "add signatures to a set of trust anchors"
  static let usage = """
    usage: ota trust sign FILE --key KEY... [--out OUT] [--json]

    Adds signatures to the set of trust anchors FILE, behind those that it has, up to 16; one by a key that has
    signed before takes the place of the old one. Give --key once for each signer, and look at FILE with 'ota
    trust inspect' before. A key that is on another machine signs with 'ota ceremony'. FILE may be '-' for
    standard input.

      --key KEY   \(SigningKey.usage)
      --out FILE  where the signed set goes (FILE itself)
      --json      the result as JSON
    """
  static let example = ["set2.trust", "--key", "root1.pem", "--key", "root2.pem"]

  private struct Result: Encodable {
    var file: String
    var number: UInt64
    var signers: [String]
    var signatures: Int
  }

  private let path: String
  private let keys: [String]
  private let outputPath: String
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    keys = try arguments.options("--key")
    guard !keys.isEmpty else { throw .missingOption("--key") }
    let output = try arguments.option("--out")
    path = try arguments.positional("FILE")
    guard let output = output ?? (path == "-" ? nil : path) else { throw .missingOption("--out") }
    outputPath = output
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    var set = try TrustFile.read(path)
    guard set.anchors.number > 1 else {
      throw CommandFailure(
        path, why: "is the first set, which no device asks signatures of",
        remedy: "give it to the factory as it is", code: .invalidValue)
    }
    var signers: [String] = []
    for name in keys {
      let signer = try await SigningKey.signer(from: name)
      try await sign(&set, by: signer, name)
      signers.append(signer.keyIdentifier.digest.description)
      if set.anchors.roles(of: signer.publicKey).isEmpty {
        context.console.note(
          "\(name) is not in this set: it counts if it is a root key of the set before")
      }
    }
    try TrustFile.write(set, to: outputPath)
    if isJSON {
      try context.console.printJSON(
        Result(
          file: outputPath, number: set.anchors.number, signers: signers, signatures: set.signatures.count))
    } else {
      try context.console.print("file:       \(outputPath)")
      try context.console.print("set:        \(set.anchors.number)")
      for signer in signers { try context.console.print("signed by:  \(signer)") }
      try context.console.print("signatures: \(set.signatures.count)")
    }
    return .done
  }

  private func sign(
    _ set: inout SignedTrustAnchors, by signer: any Signer, _ name: String
  ) async throws(CommandFailure) {
    let signature: [UInt8]
    do throws(TrustAnchorError) {
      let input = try set.anchors.signatureInput
      do throws(CryptoError) {
        signature = try await signer.signature(for: input)
      } catch {
        throw .crypto(error)
      }
      // What no device would count shall not be written.
      guard TrustFile.isGood(signature, under: set.anchors, by: signer.publicKey) else {
        throw .crypto(.authenticationFailed)
      }
      try set.add(signature, by: signer.keyIdentifier)
    } catch {
      switch error {
      case .crypto(let failure):
        throw CommandFailure(
          name, why: failure.description, remedy: "check the key", code: failure.code,
          status: failure == .unavailable ? .unavailable : .failed)
      default:
        throw CommandFailure(
          path, why: "it has as many signatures as devices look at",
          remedy: "begin from the set that nobody has signed", code: error.code)
      }
    }
  }
}
