import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAManifest

/// What the commands for encrypted payloads share.
enum PayloadFiles {
  /// The longest payload that is read.
  static let limit = 1 << 30

  /// The names of the algorithms, as the registry of COSE has them.
  static let algorithms: [(name: String, value: ContentEncryption)] = [
    ("A128GCM", .aes128GCM), ("A256GCM", .aes256GCM), ("ChaCha20/Poly1305", .chaCha20Poly1305),
    ("A128CTR", .aes128CTR), ("A192CTR", .aes192CTR), ("A256CTR", .aes256CTR),
  ]

  static func name(of algorithm: ContentEncryption) -> String {
    algorithms.first { $0.value == algorithm }?.name ?? "\(algorithm.rawValue)"
  }

  /// A key that both sides have: its name, and the file with the key in hexadecimal.
  struct SharedKeyOption: Sendable {
    var name: [UInt8]
    var path: String

    init(_ value: String) throws(UsageError) {
      let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw .invalidValue(
          name: "--shared-key", value: value, expected: "a name and a file, such as line-7=line-7.hex")
      }
      name = Array(parts[0].utf8)
      path = String(parts[1])
    }

    /// Reads the key; the caller zeroes it.
    func read() throws(CommandFailure) -> [UInt8] {
      var text = try InputFile.read(path, limit: 256)
      defer { for index in text.indices { text[index] = 0 } }
      while let last = text.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
        text.removeLast()
      }
      guard let key = [UInt8](hexadecimal: String(decoding: text, as: UTF8.self)),
        [16, 24, 32].contains(key.count)
      else {
        throw CommandFailure(
          path, why: "not a key of 16, 24 or 32 bytes in hexadecimal",
          remedy: "make one with: openssl rand -hex 16", code: .invalidKey)
      }
      return key
    }
  }

  /// Reads a public key of X25519, or the public part of a private one.
  static func releaseRecipient(reading path: String) throws(CommandFailure) -> X25519PublicKey {
    var text = try InputFile.read(path, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    if let key = try? X25519PublicKey(pem: text.span) { return key }
    return try X25519PublicKey.ofPrivateKey(text, path)
  }

  /// Reads a public key on P-256, or the public part of a private one.
  static func agreementKey(reading path: String) throws(CommandFailure) -> OpenSSLPublicKey {
    var text = try InputFile.read(path, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    var key = try? OpenSSLPublicKey(pem: text.span)
    if key == nil { key = try? OpenSSLPrivateKey(pem: text.span).publicKey }
    guard let key, key.kind == .p256 else {
      throw keyFailure(path, .invalidKey, "a key on P-256, which --info needs", algorithm: "es256")
    }
    return key
  }

  /// The name of a key on P-256: its thumbprint.
  static func identifier(of key: OpenSSLPublicKey, _ path: String) throws(CommandFailure) -> [UInt8] {
    do throws(CryptoError) {
      let bytes = try key.keyIdentifier().digest.bytes
      return (0..<bytes.count).map { bytes[$0] }
    } catch {
      throw keyFailure(path, error, "a key on P-256", algorithm: "es256")
    }
  }

  static func keyFailure(
    _ path: String, _ error: CryptoError, _ what: String, algorithm: String
  ) -> CommandFailure {
    guard error != .unavailable else {
      return CommandFailure(
        path, why: "the cryptographic library does not work",
        remedy: "check that libsodium and libcrypto are intact", code: error.code, status: .unavailable)
    }
    return CommandFailure(
      path, why: "not \(what), in PEM form",
      remedy: "make one with: ota key generate --algorithm \(algorithm)",
      code: error.code)
  }

  /// What is not authentic is refused; without the key nothing was checked.
  static func failure(_ path: String, _ error: CryptoError) -> CommandFailure {
    let (why, remedy): (String, String) =
      switch error {
      case .unknownKey: ("not encrypted for this key", "use the key of a recipient")
      case .authenticationFailed:
        ("not what was encrypted for this key", "do not use it; find out who changed it")
      case .unsupportedAlgorithm: ("encrypted in a way that is not supported", "encrypt it again")
      case .invalidKey, .keyNotAuthorized, .unavailable, .tooManyKeys:
        (error.description, "check the keys, and that libsodium and libcrypto are intact")
      }
    return CommandFailure(
      path, why: why, remedy: remedy, code: error == .unknownKey ? .payloadKeyMissing : error.code,
      status: error == .unavailable ? .unavailable : .refused)
  }
}

extension X25519PublicKey {
  fileprivate static func ofPrivateKey(_ text: [UInt8], _ path: String) throws(CommandFailure)
    -> X25519PublicKey
  {
    try ReleaseKey.read(text, path).publicKey
  }
}

extension ReleaseKey {
  /// Takes a private key of X25519 from its text.
  static func read(_ text: [UInt8], _ path: String) throws(CommandFailure) -> ReleaseKey {
    do throws(CryptoError) {
      return try make(text)
    } catch {
      throw PayloadFiles.keyFailure(
        path, error, "a key of X25519, which a container needs", algorithm: "x25519")
    }
  }

  private static func make(_ text: [UInt8]) throws(CryptoError) -> ReleaseKey {
    ReleaseKey(try X25519PrivateKey(pem: text.span))
  }
}
