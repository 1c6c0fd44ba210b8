import Foundation
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoPKCS11
import OTACryptoSodium
import Synchronization

/// Tokens of SoftHSM in a folder of their own, with keys in them.
///
/// The module reads its configuration when it starts, so there is one folder for all tests of the process.
final class SoftToken: Sendable {
  /// The module, where Debian's package puts it.
  static let module = "/usr/lib/softhsm/libsofthsm2.so"
  private static let tool = "/usr/bin/softhsm2-util"
  static let isInstalled =
    FileManager.default.isExecutableFile(atPath: tool)
    && FileManager.default.fileExists(atPath: module)

  /// The tokens; what went wrong, if they could not be made.
  static let shared = Result { try SoftToken() }

  static let pin = "246813"

  let folder: URL
  /// The private keys by their labels, as they were before they went into the token.
  let keys: [String: OpenSSLPrivateKey]
  let ed25519: PublicKey

  private init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "ota-softhsm-\(UUID().uuidString)")
    let tokens = folder.appending(path: "tokens")
    try FileManager.default.createDirectory(at: tokens, withIntermediateDirectories: true)
    let configuration = folder.appending(path: "softhsm2.conf")
    try Data("directories.tokendir = \(tokens.path)\nobjectstore.backend = file\nlog.level = ERROR\n".utf8)
      .write(to: configuration)
    // Before the module is loaded: it reads this when it starts.
    _ = unsafe setenv("SOFTHSM2_CONF", configuration.path, 1)
    for label in ["release", "twin", "twin", "lost"] {
      try Self.run(["--init-token", "--free", "--label", label, "--pin", Self.pin, "--so-pin", "97531"])
    }

    var keys: [String: OpenSSLPrivateKey] = [:]
    var number = 1
    for (label, kind) in [
      ("p256", OpenSSLKeyKind.p256), ("p384", .p384), ("rsa", .rsa2048), ("same", .p256), ("same", .p256),
      ("alone", .p256),
    ] {
      let key = try OpenSSLPrivateKey.generate(kind)
      let text = key.withPrivateKeyInfo { info in Self.pem(info) }
      try Self.importKey(
        text, "release", label, String(format: "%02x", number), in: folder, withPublic: label != "alone")
      keys[label] = key
      number += 1
    }
    self.keys = keys
    let key = try Ed25519PrivateKey.generate()
    ed25519 = key.publicKey
    let text = try key.pem().withBytes { text in Data(text.indices.map { text[$0] }) }
    try Self.importKey(text, "release", "manifest key; 2026", "a1b2", in: folder)
    try Self.importKey(text, "lost", "manifest", "01", in: folder)
    // Removed when the process ends: nothing else outlives all tests.
    let path = folder.path
    Self.folders.withLock { $0.append(path) }
    atexit {
      for folder in SoftToken.folders.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: folder) }
    }
  }

  /// The folders to remove at the end.
  private static let folders = Mutex<[String]>([])

  private static func pem(_ info: Span<UInt8>) -> Data {
    let text = Data(info.indices.map { info[$0] }).base64EncodedString(options: .lineLength64Characters)
    return Data("-----BEGIN PRIVATE KEY-----\n\(text)\n-----END PRIVATE KEY-----\n".utf8)
  }

  private static func importKey(
    _ text: Data, _ token: String, _ label: String, _ identifier: String, in folder: URL,
    withPublic: Bool = true
  ) throws {
    let file = folder.appending(path: "key.pem")
    try text.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    try run(
      [
        "--import", file.path, "--token", token, "--pin", pin, "--label", label, "--id", identifier,
        "--force",
      ] + (withPublic ? [] : ["--no-public-key"]))
  }

  private static let pkcs11Tool = "/usr/bin/pkcs11-tool"
  static let hasPkcs11Tool = FileManager.default.isExecutableFile(atPath: pkcs11Tool)

  /// Makes a key that wants the PIN again for each signature; the module need not run yet.
  static func generateCautiousKey(label: String, identifier: String) throws {
    try run(
      [
        "--module", module, "--token-label", "release", "--login", "--pin", pin, "--keypairgen",
        "--key-type", "EC:prime256v1", "--always-auth", "--label", label, "--id", identifier,
      ], pkcs11Tool)
  }

  private static func run(_ arguments: [String], _ tool: String = SoftToken.tool) throws {
    let process = Process()
    process.executableURL = URL(filePath: tool)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw ToolFailure(text: String(decoding: text, as: UTF8.self))
    }
  }

  struct ToolFailure: Error {
    var text: String
  }

  /// Takes a token away, as if it were pulled out.
  func remove(label: String) throws {
    let tokens = folder.appending(path: "tokens")
    for name in try FileManager.default.contentsOfDirectory(atPath: tokens.path) {
      let token = tokens.appending(path: name)
      let description = try Data(contentsOf: token.appending(path: "token.object"))
      if description.range(of: Data(label.utf8)) != nil { try FileManager.default.removeItem(at: token) }
    }
  }

  /// Opens a key.
  func open(
    _ name: String, pin: String = SoftToken.pin, publicKey: PKCS11PublicKey? = nil
  ) async throws -> PKCS11Key {
    let uri = try PKCS11URI("pkcs11:\(name)?module-path=\(Self.module)")
    return try await PKCS11Key.open(
      uri, pin: SecretBytes(copying: Array(pin.utf8).span), publicKey: publicKey)
  }
}
