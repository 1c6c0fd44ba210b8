import Glibc
import OTACore
import OTACrypto
import OTATUF

/// What the commands for repositories have in common: the folder, keys in files, lifetimes.
struct RepositoryOptions: Sendable {
  let folder: String
  let keyFiles: [String]
  let isJSON: Bool
  private let lifetimes: TUFLifetimes

  /// Takes the flags and options, those of the command in `body`, and the folder.
  init(
    arguments: inout ArgumentCursor, takesKeys: Bool = true, takesDays: Bool = true,
    body: (inout ArgumentCursor) throws(UsageError) -> Void
  ) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    keyFiles = takesKeys ? try arguments.options("--key") : []
    var lifetimes = TUFLifetimes()
    let days = takesDays ? try arguments.options("--days") : []
    for text in days {
      let (role, value) = try Self.pair(text, option: "--days", expected: "ROLE=NUMBER")
      guard let number = Int64(value), (1...36_500).contains(number) else {
        throw .invalidValue(name: "--days", value: text, expected: "ROLE=NUMBER, 1 to 36500 days")
      }
      switch role {
      case "root": lifetimes.root = number * 86_400
      case "timestamp": lifetimes.timestamp = number * 86_400
      case "snapshot": lifetimes.snapshot = number * 86_400
      case "targets": lifetimes.targets = number * 86_400
      default:
        throw .invalidValue(
          name: "--days", value: text, expected: "for root, timestamp, snapshot or targets")
      }
    }
    self.lifetimes = lifetimes
    try body(&arguments)
    folder = try arguments.positional("DIR")
  }

  /// Divides `NAME=VALUE`.
  static func pair(
    _ text: String, option: String, expected: String
  ) throws(UsageError) -> (name: String, value: String) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw .invalidValue(name: option, value: text, expected: expected)
    }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }

  /// The time of the C library.
  static var now: Int64 { Int64(time(nil)) }

  /// Makes the repository.
  func create(_ keys: [TUFRole: TUFRoleKeys]) throws(CommandFailure) -> TUFRepositoryWriter {
    try explaining(folder) { () throws(TUFWriterError) in
      try TUFRepositoryWriter(creating: folder, keys: keys, at: Self.now, lifetimes: lifetimes)
    }
  }

  /// Opens the repository.
  func open() throws(CommandFailure) -> TUFRepositoryWriter {
    try explaining(folder) { () throws(TUFWriterError) in
      try TUFRepositoryWriter(opening: folder, lifetimes: lifetimes)
    }
  }

  /// The private keys that were named.
  func signers() throws(CommandFailure) -> [any TUFSigner] {
    var signers: [any TUFSigner] = []
    for path in keyFiles {
      guard let signer = try RepositoryKey.signer(reading: path) else {
        throw CommandFailure(
          path, why: "a public key, which cannot sign", remedy: "name the private key", code: .invalidKey)
      }
      signers.append(signer)
    }
    return signers
  }

  /// Opens the repository, changes it, and finishes.
  func edit(
    _ what: String, _ others: [any TUFSigner], _ console: Console,
    _ change: (inout TUFRepositoryWriter) throws(TUFWriterError) -> Void
  ) async throws(CommandFailure) {
    // Before anything is changed: a wrong key is found at once.
    let signers = try signers() + others
    var writer = try open()
    do throws(TUFWriterError) {
      try change(&writer)
    } catch {
      throw repositoryFailure(what, error)
    }
    try await finish(writer, signers: signers, console)
  }

  /// Signs the drafts with the keys that were named, keeps them, and says what there is.
  func finish(
    _ writer: consuming TUFRepositoryWriter, signers: [any TUFSigner], _ console: Console
  ) async throws(CommandFailure) {
    do throws(TUFWriterError) {
      try await writer.sign(with: signers)
      try writer.save()
    } catch {
      throw repositoryFailure(folder, error)
    }
    try RepositoryReport.print(writer, of: self, to: console)
  }
}

/// Keys in files, for repositories.
enum RepositoryKey {
  /// Reads a private key; `nil` if the file holds a public one.
  static func signer(reading path: String) throws(CommandFailure) -> TUFKeySigner? {
    var text = try InputFile.read(path, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    if let signer = try? TUFKeySigner(pem: text.span) { return signer }
    guard (try? TUFPublicKey(pem: text.span)) == nil else { return nil }
    throw CommandFailure(
      path, why: "not a key in PEM form that signs metadata",
      remedy: "name an Ed25519, P-256 or RSA key such as KEY.pem", code: .invalidKey)
  }

  /// Reads the keys of a role, and signs with those that are private.
  static func read(
    _ paths: [String], threshold: Int
  ) throws(CommandFailure) -> (TUFRoleKeys, [any TUFSigner]) {
    var keys: [TUFPublicKey] = []
    var signers: [any TUFSigner] = []
    for path in paths {
      if let signer = try signer(reading: path) {
        signers.append(signer)
        keys.append(signer.publicKey)
      } else {
        keys.append(try publicKey(reading: path))
      }
    }
    return (TUFRoleKeys(keys, threshold: threshold), signers)
  }

  /// Reads a public key, or the public part of a private one.
  static func publicKey(reading path: String) throws(CommandFailure) -> TUFPublicKey {
    if let signer = try signer(reading: path) { return signer.publicKey }
    let text = try InputFile.read(path, limit: PEM.maximumTextSize)
    return try explaining(path) { () throws(TUFWriterError) in try TUFPublicKey(pem: text.span) }
  }
}

/// Runs a part of the work, and puts its error into words.
func explaining<Value>(
  _ what: String, _ body: () throws(TUFWriterError) -> Value
) throws(CommandFailure) -> Value {
  do throws(TUFWriterError) {
    return try body()
  } catch {
    throw repositoryFailure(what, error)
  }
}

/// The error of a writer, in the words that its user reads.
func repositoryFailure(_ what: String, _ error: TUFWriterError) -> CommandFailure {
  let (remedy, status): (String, ExitStatus) =
    switch error {
    case .exists: ("choose another folder", .failed)
    case .repository(.storage): ("check the folder", .inputOutput)
    case .repository(.folderInUse): ("wait for the other command", .failed)
    case .repository(.noTrustedRoot): ("make one with ota repository init", .failed)
    case .repository: ("take the folder from a backup: somebody has changed it", .refused)
    case .unknownRole: ("see ota repository status", .failed)
    case .unusableName: ("take letters, digits, dots, dashes and underscores, a letter first", .failed)
    case .unusablePath: ("take a relative path without '.', '..' and empty parts", .failed)
    case .unknownTarget: ("check the path and --role", .failed)
    case .delegationConflict: ("delegate from another role with --from", .failed)
    case .unusableBins: ("take 1 to 14", .failed)
    case .impossibleThreshold: ("name each key once, and at least as many as the threshold", .failed)
    case .malformedCustom: ("check the file of --custom", .failed)
    case .outOfRange: ("take fewer days", .failed)
    case .incomplete: ("sign with ota repository sign, then publish again", .failed)
    case .nothingToSign: ("see ota repository status", .failed)
    case .keyNotAuthorized: ("see ota repository status for the keys that may sign", .refused)
    case .signatureRefused: ("sign the bytes of --export once more, with this key", .refused)
    case .signing: ("check the key", .unavailable)
    case .transport: ("check the address and the server, then publish again", .unavailable)
    }
  return CommandFailure(what, why: error.description, remedy: remedy, code: error.code, status: status)
}
