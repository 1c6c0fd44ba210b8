import OTACore
import OTACrypto
import OTACryptoSodium

/// `ota key generate`: a new key pair in two PEM files.
struct KeyGenerate: Command {
  static let name = "key generate"
  static let abstract = "generate a key pair for signing"
  static let usage = """
    usage: ota key generate --algorithm ed25519 --out KEY.pem [--force] [--json]

    Generates a key pair. The private key goes to KEY.pem (PKCS#8, readable by its owner only), the public
    key to KEY.pub.pem (SubjectPublicKeyInfo). Keep KEY.pem offline: who has it can update every device.

      --algorithm NAME  ed25519; es256, es384, rsa2048 and rsa3072 need a backend that this build has not
      --out FILE        where the private key goes
      --force           replace files that are there
      --json            the result as JSON
    """
  static let example = ["--algorithm", "ed25519", "--out", "release.pem"]

  /// The names of the algorithms; all but the first belong to backends that may be missing.
  enum Algorithm: String, CaseIterable, Sendable {
    case ed25519, es256, es384, rsa2048, rsa3072
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
    guard algorithm == .ed25519 else {
      throw CommandFailure(
        "key generate", why: "this build has no backend for \(algorithm.rawValue)", remedy: "use ed25519",
        code: .unsupportedAlgorithm, status: .usage)
    }
    let publicPath = Self.publicPath(for: path)
    let key = try Self.backend { () throws(CryptoError) in try Ed25519PrivateKey.generate() }
    let privateText = try Self.backend { () throws(CryptoError) in try key.pem() }
    let publicText = try Self.backend { () throws(CryptoError) in try key.publicKey.pem() }
    let keyID = String(hexadecimal: KeyIdentifier(of: key.publicKey).bytes)

    let existing: OutputFile.Existing = mayReplace ? .replace : .refuse
    // Both are complete on the disk before either has its name. The public one first: without its private part it
    // is of no use, while a private key without its public part would look finished.
    let publicFile = try OutputFile.stage(publicText.span, for: publicPath, existing: existing)
    let privateFile = try privateText.withBytes { (bytes) throws(CommandFailure) in
      try OutputFile.stage(bytes, for: path, mode: 0o600, existing: existing)
    }
    try publicFile.commit()
    try privateFile.commit()

    if isJSON {
      try context.console.printJSON(
        Result(algorithm: algorithm.rawValue, keyID: keyID, privateKey: path, publicKey: publicPath))
    } else {
      try context.console.print("private key: \(path)")
      try context.console.print("public key:  \(publicPath)")
      try context.console.print("key id:      \(keyID)")
    }
    return .done
  }

  /// `KEY.pub.pem` for `KEY.pem`.
  static func publicPath(for path: String) -> String {
    (path.hasSuffix(".pem") ? String(path.dropLast(4)) : path) + ".pub.pem"
  }

  /// Runs a function of the backend; its errors here are all that it cannot work.
  private static func backend<Value: ~Copyable>(
    _ body: () throws(CryptoError) -> Value
  ) throws(CommandFailure) -> Value {
    do throws(CryptoError) {
      return try body()
    } catch {
      throw CommandFailure(
        "key generate", why: "the cryptographic library does not work",
        remedy: "check that libsodium is intact", code: error.code, status: .unavailable)
    }
  }
}
