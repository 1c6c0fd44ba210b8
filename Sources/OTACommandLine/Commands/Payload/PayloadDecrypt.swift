import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAManifest

/// `ota payload decrypt`: what a device makes of an encrypted payload.
struct PayloadDecrypt: Command {
  static let name = "payload decrypt"
  static let abstract = "decrypt a payload as a device does"
  static let usage = """
    usage: ota payload decrypt ENCRYPTED --out FILE --key KEY.pem [--json]
           ota payload decrypt ENCRYPTED --out FILE --info INFO --sha256 HEX [--key KEY.pem]
                               [--shared-key NAME=FILE] [--json]

    Opens what 'ota payload encrypt' made, or another maker's payload with its SUIT_Encryption_Info. FILE is
    written only if all of ENCRYPTED is what was encrypted; otherwise the exit code is 2. That it is a good
    release is said by nobody but the signed manifest. ENCRYPTED may be '-' for standard input.

      --out FILE               where the payload goes
      --key FILE               the private key of a recipient: X25519 for a container, P-256 with --info
      --info FILE              the SUIT_Encryption_Info
      --sha256 HEX             with --info: the digest of the payload, as the manifest has it
      --shared-key NAME=FILE   with --info: a key that both sides have, in hexadecimal, and its name
      --json                   the result as JSON
    """
  static let example = ["app.enc", "--out", "app.bin", "--key", "device.pem"]

  private struct Result: Encodable {
    var payload: String
    var size: Int
    var sha256: String
  }

  private let path: String
  private let outputPath: String
  private let keyPath: String?
  private let infoPath: String?
  private let digest: Digest?
  private let sharedKey: PayloadFiles.SharedKeyOption?
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    outputPath = try arguments.requiredOption("--out")
    keyPath = try arguments.option("--key")
    infoPath = try arguments.option("--info")
    let digest = try arguments.option("--sha256")
    sharedKey = try arguments.option("--shared-key").map { (value) throws(UsageError) in
      try PayloadFiles.SharedKeyOption(value)
    }
    self.digest = try digest.map { (text) throws(UsageError) in
      guard let bytes = [UInt8](hexadecimal: text),
        let digest = try? Digest(algorithm: .sha256, bytes: bytes.span)
      else { throw .invalidValue(name: "--sha256", value: text, expected: "64 hexadecimal digits") }
      return digest
    }
    if infoPath == nil {
      if let digest {
        throw .invalidValue(name: "--sha256", value: digest, expected: "given with --info")
      }
      if let sharedKey {
        throw .invalidValue(name: "--shared-key", value: sharedKey.path, expected: "given with --info")
      }
    } else if digest == nil {
      throw .invalidValue(name: "--info", value: infoPath ?? "", expected: "given with --sha256")
    }
    guard keyPath != nil || sharedKey != nil else { throw .missingOption("--key") }
    path = try arguments.positional("ENCRYPTED")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let encrypted = try InputFile.read(path, limit: PayloadFiles.limit)
    let payload = try infoPath == nil ? container(encrypted) : message(encrypted)
    try OutputFile.write(payload.span, to: outputPath)
    let result = Result(
      payload: outputPath, size: payload.count, sha256: SodiumSHA256.digest(of: payload.span).description)
    if isJSON {
      try context.console.printJSON(result)
    } else {
      try context.console.print("payload: \(result.payload), \(result.size) bytes, \(result.sha256)")
    }
    return .done
  }

  private func container(_ encrypted: [UInt8]) throws(CommandFailure) -> [UInt8] {
    guard let keyPath else { return [] }
    var text = try InputFile.read(keyPath, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    var reader = EncryptedReleaseReader(keys: [try ReleaseKey.read(text, keyPath)])
    var payload: [UInt8] = []
    payload.reserveCapacity(encrypted.count)
    do throws(CryptoError) {
      try reader.append(encrypted.span) { (chunk) throws(CryptoError) in
        for index in 0..<chunk.count { payload.append(chunk[index]) }
      }
      try reader.finish { (chunk) throws(CryptoError) in
        for index in 0..<chunk.count { payload.append(chunk[index]) }
      }
    } catch {
      throw PayloadFiles.failure(path, error)
    }
    return payload
  }

  private func message(_ encrypted: [UInt8]) throws(CommandFailure) -> [UInt8] {
    guard let infoPath, let digest else { return [] }
    let document = try InputFile.read(infoPath, limit: SUITEncryptionInfo.maximumSize)
    let keys = try payloadKeys()
    var payload = encrypted
    do throws(ManifestError) {
      let info = try SUITEncryptionInfo(parsing: document.span)
      let count: Int
      do {
        var span = payload.mutableSpan
        count = try info.open(
          &span, expecting: digest, of: document.span, with: keys, hash: SodiumSHA256.self)
      }
      payload.removeLast(payload.count - count)
    } catch {
      if case .crypto(let error) = error { throw PayloadFiles.failure(path, error) }
      throw CommandFailure(
        infoPath, why: error.description, remedy: "check that it is a SUIT_Encryption_Info", code: error.code)
    }
    return payload
  }

  private func payloadKeys() throws(CommandFailure) -> OpenSSLPayloadKeys {
    var keys = OpenSSLPayloadKeys()
    if let sharedKey {
      var key = try sharedKey.read()
      defer { for index in key.indices { key[index] = 0 } }
      do throws(CryptoError) {
        keys = try keys.adding(sharedKey: key.span, identifier: sharedKey.name)
      } catch {
        throw PayloadFiles.failure(sharedKey.path, error)
      }
    }
    if let keyPath {
      var text = try InputFile.read(keyPath, limit: PEM.maximumTextSize)
      defer { for index in text.indices { text[index] = 0 } }
      do throws(CryptoError) {
        let key = try OpenSSLPrivateKey(pem: text.span)
        let name = try key.publicKey.keyIdentifier().digest.bytes
        keys = try keys.adding(privateKey: key, identifier: (0..<name.count).map { name[$0] })
      } catch {
        throw PayloadFiles.keyFailure(
          keyPath, error, "a private key on P-256, which --info needs", algorithm: "es256")
      }
    }
    return keys
  }
}
