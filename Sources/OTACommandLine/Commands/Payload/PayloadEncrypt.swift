import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAManifest

/// `ota payload encrypt`: a payload that only its recipients read.
struct PayloadEncrypt: Command {
  static let name = "payload encrypt"
  static let abstract = "encrypt a payload for devices"
  static let usage = """
    usage: ota payload encrypt FILE --out ENCRYPTED --recipient KEY.pub.pem... [--chunk-size N] [--json]
           ota payload encrypt FILE --out ENCRYPTED --info INFO [--algorithm NAME] [--recipient KEY.pub.pem...]
                               [--shared-key NAME=FILE...] [--json]

    Encrypts FILE, an image or a patch, with a key of its own that only the recipients can open. Without --info it
    becomes a container of chunks, each authenticated by itself, which devices open as it comes. With --info it
    becomes one message, and what devices need to open it goes to INFO: the SUIT_Encryption_Info for parameter
    19 of a manifest. Either way the manifest names the digest of FILE itself. FILE may be '-' for standard input.

      --out FILE               where the encrypted payload goes
      --recipient FILE         the public key of a device or of many, may be repeated: X25519 for a container,
                               P-256 with --info
      --chunk-size N           bytes of a chunk, 1024 to 1048576 (65536): a device holds two in memory
      --info FILE              where the SUIT_Encryption_Info goes
      --algorithm NAME         with --info: A128GCM (the default), A256GCM, ChaCha20/Poly1305, A128CTR, A192CTR
                               or A256CTR; CTR needs no memory, and the digests in the manifest protect it
      --shared-key NAME=FILE   with --info: a key that devices have too, 16, 24 or 32 bytes in hexadecimal, and
                               its name; may be repeated
      --json                   the result as JSON
    """
  static let example = [
    "app.bin", "--out", "app.enc", "--recipient", "device.pub.pem", "--recipient", "lab.pub.pem",
  ]

  private struct Result: Encodable {
    var encrypted: String
    var form: String
    var size: Int
    var sha256: String
    var payloadSize: Int
    var payloadSHA256: String
    var chunkSize: Int?
    var algorithm: String?
    var info: String?
    /// The names of the keys, in hexadecimal.
    var recipients: [String]
  }

  private let path: String
  private let outputPath: String
  private let recipients: [String]
  private let chunkSize: Int
  private let infoPath: String?
  private let algorithm: ContentEncryption
  private let sharedKeys: [PayloadFiles.SharedKeyOption]
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    outputPath = try arguments.requiredOption("--out")
    recipients = try arguments.options("--recipient")
    let chunkSize = try arguments.integerOption("--chunk-size", in: EncryptedRelease.chunkSizes)
    infoPath = try arguments.option("--info")
    let algorithm = try arguments.option("--algorithm")
    var sharedKeys: [PayloadFiles.SharedKeyOption] = []
    for value in try arguments.options("--shared-key") {
      sharedKeys.append(try PayloadFiles.SharedKeyOption(value))
    }
    let names = PayloadFiles.algorithms.map(\.name)
    guard let number = names.firstIndex(of: algorithm ?? names[0]) else {
      throw .invalidValue(name: "--algorithm", value: algorithm ?? "", expected: "one of \(namesOf(names))")
    }
    if infoPath == nil {
      if let algorithm {
        throw .invalidValue(name: "--algorithm", value: algorithm, expected: "given with --info")
      }
      if let key = sharedKeys.first {
        throw .invalidValue(name: "--shared-key", value: key.path, expected: "given with --info")
      }
    } else if let chunkSize {
      throw .invalidValue(name: "--chunk-size", value: "\(chunkSize)", expected: "given without --info")
    }
    let limit =
      infoPath == nil ? EncryptedRelease.maximumRecipientCount : SUITEncryptionInfo.maximumRecipientCount
    guard !recipients.isEmpty || !sharedKeys.isEmpty else { throw .missingOption("--recipient") }
    guard recipients.count + sharedKeys.count <= limit else {
      throw .invalidValue(
        name: "--recipient", value: "\(recipients.count + sharedKeys.count) keys",
        expected: "at most \(limit) keys")
    }
    self.chunkSize = chunkSize ?? 64 << 10
    self.algorithm = PayloadFiles.algorithms[number].value
    self.sharedKeys = sharedKeys
    path = try arguments.positional("FILE")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let payload = try InputFile.read(path, limit: PayloadFiles.limit)
    guard !payload.isEmpty else {
      throw CommandFailure(
        path, why: "empty", remedy: "name an image or a patch", code: .invalidValue)
    }
    let result: Result =
      if let infoPath { try message(payload, infoPath) } else { try container(payload) }
    if isJSON {
      try context.console.printJSON(result)
    } else {
      try context.console.print("encrypted: \(result.encrypted), \(result.size) bytes, \(result.sha256)")
      try context.console.print("payload:   \(result.payloadSize) bytes, \(result.payloadSHA256)")
      if let info = result.info, let algorithm = result.algorithm {
        try context.console.print("info:      \(info), \(algorithm)")
      }
      if let size = result.chunkSize { try context.console.print("chunks:    \(size) bytes") }
      for recipient in result.recipients { try context.console.print("for:       \(recipient)") }
    }
    return .done
  }

  private func result(_ payload: [UInt8], _ encrypted: [UInt8], _ form: String, _ names: [[UInt8]]) -> Result
  {
    Result(
      encrypted: outputPath, form: form, size: encrypted.count,
      sha256: SodiumSHA256.digest(of: encrypted.span).description, payloadSize: payload.count,
      payloadSHA256: SodiumSHA256.digest(of: payload.span).description,
      recipients: names.map { hexadecimal($0) })
  }

  private func container(_ payload: [UInt8]) throws(CommandFailure) -> Result {
    var keys: [X25519PublicKey] = []
    for recipient in recipients { keys.append(try PayloadFiles.releaseRecipient(reading: recipient)) }
    let encrypted: [UInt8]
    do throws(CryptoError) {
      encrypted = try EncryptedRelease.seal(payload.span, for: keys, chunkSize: chunkSize)
    } catch {
      throw PayloadFiles.failure(path, error)
    }
    try OutputFile.write(encrypted.span, to: outputPath)
    var result = result(
      payload, encrypted, "container",
      keys.map { key in
        let name = EncryptedRelease.name(of: key)
        return (0..<32).map { name.bytes[$0] }
      })
    result.chunkSize = chunkSize
    return result
  }

  private func message(_ payload: [UInt8], _ infoPath: String) throws(CommandFailure) -> Result {
    var all: [EncryptionRecipient] = []
    for path in recipients {
      let key = try PayloadFiles.agreementKey(reading: path)
      let name = try PayloadFiles.identifier(of: key, path)
      do throws(CryptoError) {
        all.append(try EncryptionRecipient(publicKey: key.point ?? [], keyIdentifier: name))
      } catch {
        throw PayloadFiles.keyFailure(path, error, "a key on P-256", algorithm: "es256")
      }
    }
    for option in sharedKeys {
      var key = try option.read()
      defer { for index in key.indices { key[index] = 0 } }
      do throws(CryptoError) {
        all.append(try EncryptionRecipient(sharedKey: key, keyIdentifier: option.name))
      } catch {
        throw PayloadFiles.failure(option.path, error)
      }
    }
    var encrypted = payload
    let info: [UInt8]
    do throws(ManifestError) {
      info = try SUITEncryptionInfo.seal(
        &encrypted, by: algorithm, for: all, using: OpenSSLPayloadSealer())
    } catch {
      throw CommandFailure(
        path, why: error.description, remedy: "check the keys of the recipients", code: error.code)
    }
    // Neither is of use without the other: both are complete before one has its name.
    let encryptedFile = try OutputFile.stage(encrypted.span, for: outputPath)
    let infoFile = try OutputFile.stage(info.span, for: infoPath)
    try encryptedFile.commit()
    try infoFile.commit()
    var result = result(payload, encrypted, "encryption-info", all.map(\.keyIdentifier))
    result.algorithm = PayloadFiles.name(of: algorithm)
    result.info = infoPath
    return result
  }
}
