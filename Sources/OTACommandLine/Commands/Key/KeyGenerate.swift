import OTACore
import OTACrypto
import OTACryptoSodium

/// `ota key generate`: a new key pair in two PEM files.
struct KeyGenerate: Command {
  static let name = "key generate"
  static let abstract = "generate a key pair"
  static let usage = """
    usage: ota key generate --algorithm NAME --out KEY.pem [--force] [--json]

    Generates a key pair. The private key goes to KEY.pem (PKCS#8, readable by its owner only), the public
    key to KEY.pub.pem (SubjectPublicKeyInfo). Keep KEY.pem offline: who has it can update every device.

      --algorithm NAME  ed25519, es256 and es384 for manifests and receipts; rsa2048 and rsa3072 for images of
                        MCUboot; x25519, and es256 too, for encrypted payloads
      --out FILE        where the private key goes
      --force           replace files that are there
      --json            the result as JSON
    """
  static let example = ["--algorithm", "ed25519", "--out", "release.pem"]

  /// The names of the algorithms.
  enum Algorithm: String, CaseIterable, Sendable {
    case ed25519, es256, es384, rsa2048, rsa3072, x25519
  }

  private struct Result: Encodable {
    var algorithm: String
    var keyID: String
    var privateKey: String
    var publicKey: String
  }

  private let algorithm: Algorithm
  private let path: String
  private let mayReplace: Bool
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    mayReplace = try arguments.flag("--force")
    let name = try arguments.requiredOption("--algorithm")
    path = try arguments.requiredOption("--out")
    guard let algorithm = Algorithm(rawValue: name) else {
      throw .invalidValue(
        name: "--algorithm", value: name, expected: "one of \(namesOf(Algorithm.allCases.map(\.rawValue)))")
    }
    self.algorithm = algorithm
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let publicPath = Self.publicPath(for: path)
    let key: KeyPair
    do throws(CryptoError) {
      key = try KeyPair.generate(algorithm)
    } catch {
      throw CommandFailure(
        "key generate", why: "the cryptographic library does not work",
        remedy: "check that libsodium and libcrypto are intact", code: error.code, status: .unavailable)
    }

    let existing: OutputFile.Existing = mayReplace ? .replace : .refuse
    // Both are complete on the disk before either has its name. The public one first: without its private part it
    // is of no use, while a private key without its public part would look finished.
    let publicFile = try OutputFile.stage(key.publicText.span, for: publicPath, existing: existing)
    let privateFile = try key.privateText.withBytes { (bytes) throws(CommandFailure) in
      try OutputFile.stage(bytes, for: path, mode: 0o600, existing: existing)
    }
    try publicFile.commit()
    try privateFile.commit()

    if isJSON {
      try context.console.printJSON(
        Result(algorithm: algorithm.rawValue, keyID: key.identifier, privateKey: path, publicKey: publicPath))
    } else {
      try context.console.print("private key: \(path)")
      try context.console.print("public key:  \(publicPath)")
      try context.console.print("key id:      \(key.identifier)")
    }
    return .done
  }

  /// `KEY.pub.pem` for `KEY.pem`.
  static func publicPath(for path: String) -> String {
    (path.hasSuffix(".pem") ? String(path.dropLast(4)) : path) + ".pub.pem"
  }
}
