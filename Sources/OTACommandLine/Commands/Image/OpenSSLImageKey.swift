import OTACrypto
import OTACryptoOpenSSL

/// Keys for ECDSA and RSA in files, for images.
enum OpenSSLImageKey {
  /// Reads a private key.
  ///
  /// - Parameter path: a PEM file.
  /// - Returns: the key.
  /// - Throws: what `InputFile` throws; status ``ExitStatus/failed`` if it is no such key, ``ExitStatus/unavailable`` if
  ///   libcrypto does not work.
  static func privateKey(reading path: String) throws(CommandFailure) -> OpenSSLPrivateKey {
    var text = try InputFile.read(path, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    do throws(CryptoError) {
      return try OpenSSLPrivateKey(pem: text.span)
    } catch {
      throw failure(path, error, what: "a private key", example: "KEY.pem")
    }
  }

  /// Reads a public key, or the public part of a private one.
  ///
  /// - Parameter path: a PEM file.
  /// - Returns: the key.
  /// - Throws: as ``privateKey(reading:)``.
  static func publicKey(reading path: String) throws(CommandFailure) -> OpenSSLPublicKey {
    var text = try InputFile.read(path, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    if let key = try? OpenSSLPublicKey(pem: text.span) { return key }
    do throws(CryptoError) {
      return try OpenSSLPrivateKey(pem: text.span).publicKey
    } catch {
      throw failure(path, error, what: "a key", example: "KEY.pub.pem")
    }
  }

  private static func failure(
    _ path: String, _ error: CryptoError, what: String, example: String
  ) -> CommandFailure {
    guard error != .unavailable else {
      return CommandFailure(
        path, why: "the cryptographic library does not work", remedy: "check that libcrypto is intact",
        code: error.code, status: .unavailable)
    }
    return CommandFailure(
      path, why: "not \(what) of ECDSA or RSA in PEM form (PKCS #8)",
      remedy:
        "name a file such as \(example); older forms become this one with: openssl pkcs8 -topk8 -nocrypt",
      code: error.code)
  }
}
