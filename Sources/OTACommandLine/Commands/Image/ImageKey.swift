import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoPKCS11
import OTACryptoSodium
import OTAMCUbootOpenSSL
import OTAPartition

/// Keys in files, for images.
enum ImageKey {
  /// What signs images, and the name of its key.
  struct Signing: Sendable {
    var signer: any MCUbootImageSigner
    var identifier: String
  }

  /// What verifies images with one key, and the name of this key.
  struct Verification: Sendable {
    var verifier: ImageVerifier
    var identifier: String
  }

  /// Opens a private key.
  ///
  /// - Parameters:
  ///   - name: a PEM file, or a key on a token.
  ///   - isPadded: whether zeros are put behind signatures of ECDSA.
  /// - Returns: what signs with it.
  /// - Throws: as ``signer(reading:isPadded:)``, and what ``SigningKey/token(_:)`` and ``TokenImageSigner`` throw.
  static func signer(from name: String, isPadded: Bool) async throws(CommandFailure) -> Signing {
    guard PKCS11URI.isScheme(of: name) else { return try signer(reading: name, isPadded: isPadded) }
    let signer = try TokenImageSigner(try await SigningKey.token(name), isPadded: isPadded)
    return Signing(signer: signer, identifier: signer.identifier)
  }

  /// Reads a private key.
  ///
  /// - Parameters:
  ///   - path: a PEM file.
  ///   - isPadded: whether zeros are put behind signatures of ECDSA.
  /// - Returns: what signs with it.
  /// - Throws: what `InputFile` throws; status ``ExitStatus/failed`` if it is no such key, ``ExitStatus/unavailable`` if
  ///   the cryptographic library does not work.
  private static func signer(reading path: String, isPadded: Bool) throws(CommandFailure) -> Signing {
    var text = try InputFile.read(path, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    do throws(CryptoError) {
      if let signing = try ed25519Signing(text) { return signing }
      return try openSSLSigning(text, isPadded: isPadded)
    } catch {
      throw failure(path, error, what: "a private key that signs images", example: "KEY.pem")
    }
  }

  private static func ed25519Signing(_ text: [UInt8]) throws(CryptoError) -> Signing? {
    guard let signer = try ed25519Signer(text) else { return nil }
    return Signing(
      signer: MCUbootMessageSigner(signer),
      identifier: KeyIdentifier(of: signer.publicKey).digest.description)
  }

  private static func ed25519Signer(_ text: [UInt8]) throws(CryptoError) -> SodiumSigner? {
    do throws(CryptoError) {
      return SodiumSigner(try Ed25519PrivateKey(pem: text.span))
    } catch {
      guard error == .invalidKey else { throw error }
      return nil
    }
  }

  private static func openSSLSigning(_ text: [UInt8], isPadded: Bool) throws(CryptoError) -> Signing {
    let key = try OpenSSLPrivateKey(pem: text.span)
    return Signing(
      signer: try OpenSSLMCUbootSigner(key, isPadded: isPadded),
      identifier: try key.publicKey.keyIdentifier().digest.description)
  }

  /// Reads a public key, or the public part of a private one.
  ///
  /// - Parameter path: a PEM file.
  /// - Returns: what verifies with it.
  /// - Throws: as ``signer(reading:isPadded:)``.
  static func verification(reading path: String) throws(CommandFailure) -> Verification {
    var text = try InputFile.read(path, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    do throws(CryptoError) {
      if let key = try ed25519Key(text) {
        let verifier = TrustedMCUbootKeys(MCUbootKeys(key), verifier: SodiumVerifier())
        return Verification(
          verifier: .ed25519(verifier), identifier: KeyIdentifier(of: key).digest.description)
      }
      return try openSSLVerification(publicPart(of: text))
    } catch {
      throw failure(path, error, what: "a key that signs images", example: "KEY.pub.pem")
    }
  }

  private static func ed25519Key(_ text: [UInt8]) throws(CryptoError) -> PublicKey? {
    if let key = try? PublicKey(pem: text.span) { return key.algorithm == .ed25519 ? key : nil }
    return try ed25519Signer(text)?.publicKey
  }

  private static func openSSLVerification(_ key: OpenSSLPublicKey) throws(CryptoError) -> Verification {
    var keys = OpenSSLMCUbootKeys()
    do throws(MCUbootError) {
      try keys.add(key)
    } catch {
      throw .unsupportedAlgorithm
    }
    return Verification(
      verifier: .openSSL(keys), identifier: try key.keyIdentifier().digest.description)
  }

  private static func publicPart(of text: [UInt8]) throws(CryptoError) -> OpenSSLPublicKey {
    if let key = try? OpenSSLPublicKey(pem: text.span) { return key }
    return try OpenSSLPrivateKey(pem: text.span).publicKey
  }

  /// Reads the key of the devices that firmware is encrypted for.
  ///
  /// - Parameters:
  ///   - path: a PEM file, with the public or the private part.
  ///   - contentKeySize: the length of the key of the contents, in bytes.
  ///   - usesSHA512: whether its TLV is made with SHA-512.
  /// - Returns: what encrypts for them.
  /// - Throws: as ``signer(reading:isPadded:)``.
  static func encryption(
    reading path: String, contentKeySize: Int, usesSHA512: Bool
  ) throws(CommandFailure) -> OpenSSLMCUbootEncryption {
    var text = try InputFile.read(path, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    do throws(CryptoError) {
      return try OpenSSLMCUbootEncryption(
        for: publicPart(of: text), contentKeySize: contentKeySize, usesSHA512: usesSHA512)
    } catch {
      let kinds = usesSHA512 ? "X25519" : "X25519, P-256 or RSA-2048"
      throw failure(path, error, what: "a key for \(kinds)", example: "DEVICE.pub.pem")
    }
  }

  /// Reads the private key of a device.
  ///
  /// - Parameter path: a PEM file.
  /// - Returns: the key.
  /// - Throws: as ``signer(reading:isPadded:)``.
  static func decryptionKey(reading path: String) throws(CommandFailure) -> OpenSSLPrivateKey {
    var text = try InputFile.read(path, limit: PEM.maximumTextSize)
    defer { for index in text.indices { text[index] = 0 } }
    do throws(CryptoError) {
      return try OpenSSLPrivateKey(pem: text.span)
    } catch {
      throw failure(
        path, error, what: "a private key for X25519, P-256 or RSA-2048", example: "DEVICE.pem")
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
      path, why: "not \(what), in PEM form", remedy: "name a file such as \(example)", code: error.code)
  }
}

/// Verifies images with one key of any kind.
enum ImageVerifier: MCUbootSignatureVerifier, Sendable {
  case ed25519(TrustedMCUbootKeys<SodiumVerifier>)
  case openSSL(OpenSSLMCUbootKeys)

  func verify<Hash: HashFunction & ~Copyable>(
    _ signature: borrowing MCUbootSignature, using hash: Hash.Type
  ) throws(MCUbootError) {
    do throws(MCUbootError) {
      switch self {
      case .ed25519(let keys): try keys.verify(signature, using: hash)
      case .openSSL(let keys): try keys.verify(signature, using: hash)
      }
    } catch {
      // Whose set of keys it is not, that does not trust its key either.
      switch error {
      case .unsupportedSignature(let type) where type != .ecdsa224: throw .keyNotTrusted
      default: throw error
      }
    }
  }
}
