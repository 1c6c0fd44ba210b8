import OTACrypto
import OTACryptoSodium

/// Keys in files, for images.
enum ImageKey {
  /// Reads a private key.
  ///
  /// - Parameter path: a PEM file.
  /// - Returns: what signs with it.
  /// - Throws: what `InputFile` throws; status ``ExitStatus/failed`` if it is no such key, ``ExitStatus/unavailable`` if
  ///   libsodium does not work.
  static func signer(reading path: String) throws(CommandFailure) -> SodiumSigner {
    var text = try InputFile.read(path, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    do throws(CryptoError) {
      return SodiumSigner(try Ed25519PrivateKey(pem: text.span))
    } catch {
      throw failure(path, error, what: "a private", example: "KEY.pem")
    }
  }

  /// Reads a public key, or the public part of a private one.
  ///
  /// - Parameter path: a PEM file.
  /// - Returns: the key.
  /// - Throws: as ``signer(reading:)``.
  static func publicKey(reading path: String) throws(CommandFailure) -> PublicKey {
    var text = try InputFile.read(path, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    if let key = try? PublicKey(pem: text.span) { return key }
    do throws(CryptoError) {
      let key = try Ed25519PrivateKey(pem: text.span)
      return key.publicKey
    } catch {
      throw failure(path, error, what: "an", example: "KEY.pub.pem")
    }
  }

  private static func failure(
    _ path: String, _ error: CryptoError, what: String, example: String
  ) -> CommandFailure {
    guard error != .unavailable else {
      return CommandFailure(
        path, why: "the cryptographic library does not work", remedy: "check that libsodium is intact",
        code: error.code, status: .unavailable)
    }
    return CommandFailure(
      path, why: "not \(what) Ed25519 key in PEM form", remedy: "name a file such as \(example)",
      code: error.code)
  }
}
