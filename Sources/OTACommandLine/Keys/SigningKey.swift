import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoPKCS11
import OTACryptoSodium

/// Private keys that the command line names: a PEM file, or a key on a token by its PKCS #11 URI.
enum SigningKey {
  /// What usage texts say about the value of `--key`.
  static let usage =
    "a private key: a PEM file, or pkcs11:token=...;object=...?module-path=...&pin-source=FILE"

  /// Opens a key.
  ///
  /// - Parameter name: what stands on the command line.
  /// - Returns: what signs with it.
  /// - Throws: what `InputFile` throws; status ``ExitStatus/failed`` if it is no such key, or there is none of this name;
  ///   ``ExitStatus/usage`` for a name that is none; ``ExitStatus/unavailable`` if a library or the token does not work.
  static func signer(from name: String) async throws(CommandFailure) -> any Signer {
    guard PKCS11URI.isScheme(of: name) else { return try signer(reading: name) }
    let key = try await token(name)
    do throws(PKCS11Error) {
      return try signer(with: key)
    } catch {
      throw failure(error)
    }
  }

  /// Opens a key on a token.
  ///
  /// - Parameter name: a PKCS #11 URI.
  /// - Returns: the key, of any kind.
  /// - Throws: as ``signer(from:)``.
  static func token(_ name: String) async throws(CommandFailure) -> PKCS11Key {
    let uri: PKCS11URI
    do throws(PKCS11URI.Problem) {
      uri = try PKCS11URI(name)
    } catch {
      throw CommandFailure(
        "--key", why: error.description,
        remedy: "see 'Keys on tokens' in Docs/Crypto.md", code: .invalidKey, status: .usage)
    }
    let pin = try pin(for: uri)
    do throws(PKCS11Error) {
      return try await PKCS11Key.open(uri, pin: pin)
    } catch {
      throw failure(error)
    }
  }

  /// A key in a PEM file.
  private static func signer(reading path: String) throws(CommandFailure) -> any Signer {
    var text = try InputFile.read(path, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    if let key = try? Ed25519PrivateKey(pem: text.span) { return SodiumSigner(key) }
    do throws(CryptoError) {
      return try OpenSSLSigner(OpenSSLPrivateKey(pem: text.span))
    } catch {
      throw failure(path, error, what: "a private", example: "KEY.pem")
    }
  }

  /// Reads a public key, or the public part of a private one.
  ///
  /// - Parameter path: a PEM file.
  /// - Returns: the key.
  /// - Throws: what `InputFile` throws; status ``ExitStatus/failed`` if it is no such key, ``ExitStatus/unavailable`` if
  ///   a library does not work.
  static func publicKey(reading path: String) throws(CommandFailure) -> PublicKey {
    var text = try InputFile.read(path, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    if let key = try? PublicKey(pem: text.span) { return key }
    if let key = try? Ed25519PrivateKey(pem: text.span) {
      let publicKey = key.publicKey
      return publicKey
    }
    do throws(CryptoError) {
      let key = try OpenSSLPrivateKey(pem: text.span)
      return try PublicKey(key.publicKey)
    } catch {
      throw failure(path, error, what: "an", example: "KEY.pub.pem")
    }
  }

  private static func failure(
    _ path: String, _ error: CryptoError, what: String, example: String
  ) -> CommandFailure {
    guard error != .unavailable else {
      return CommandFailure(
        path, why: "the cryptographic library does not work",
        remedy: "check that libsodium and libcrypto are intact", code: error.code, status: .unavailable)
    }
    return CommandFailure(
      path, why: "not \(what) Ed25519, P-256 or P-384 key in PEM form",
      remedy: "name a file such as \(example)", code: error.code)
  }

  private static func signer(with key: PKCS11Key) throws(PKCS11Error) -> PKCS11Signer {
    do throws(CryptoError) {
      return try PKCS11Signer(key)
    } catch {
      throw .unsupportedKey
    }
  }

  /// The PIN in the file that the name says, without the line end behind it; empty if it says none.
  private static func pin(for uri: PKCS11URI) throws(CommandFailure) -> SecretBytes {
    guard let path = uri.pinPath else {
      let nothing: [UInt8] = []
      return SecretBytes(copying: nothing.span)
    }
    var text = try InputFile.read(path, limit: 1024)
    defer { for index in text.indices { text[index] = 0 } }
    var count = text.count
    if count > 0, text[count - 1] == UInt8(ascii: "\n") { count -= 1 }
    if count > 0, text[count - 1] == UInt8(ascii: "\r") { count -= 1 }
    return SecretBytes(copying: text.span.extracting(0..<count))
  }

  private static func failure(_ error: PKCS11Error) -> CommandFailure {
    let (status, remedy): (ExitStatus, String) =
      switch error {
      case .moduleUnavailable: (.unavailable, "name the module of the token with module-path")
      case .tokenMissing: (.unavailable, "check the name, and that the token is there")
      case .tokenAmbiguous, .keyAmbiguous: (.failed, "name it more closely, with serial or id")
      case .pinRefused: (.failed, "check the PIN before the token locks itself")
      case .pinLocked: (.failed, "ask who manages the token")
      case .pinMissing: (.failed, "name a file with pin-source")
      case .keyMissing: (.failed, "check the name of the key")
      case .publicKeyMissing: (.failed, "store the public key on the token too")
      case .unsupportedKey: (.failed, "use a key of another kind")
      case .tokenFailed: (.unavailable, "check that the token is there and works")
      }
    return CommandFailure(
      "--key", why: error.description, remedy: remedy, code: error.code, status: status)
  }
}
