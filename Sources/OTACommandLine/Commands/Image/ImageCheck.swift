import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAMCUbootOpenSSL
import OTAPartition

/// How the firmware of an image lies in its file.
enum ImageStorage: Sendable {
  /// The image is not to be encrypted.
  case plain
  /// It is, and is decrypted with this key.
  case encrypted(OpenSSLPrivateKey)
  /// It is, and lies there decrypted.
  case clear
}

extension MCUbootContainer {
  /// Checks the hash with the function that the image names, and the signature if there is a verifier.
  ///
  /// - Parameters:
  ///   - flash: the file.
  ///   - storage: how the firmware lies there.
  ///   - verifier: decides about the signature; `nil` leaves it unchecked.
  /// - Returns: what the image says.
  /// - Throws: what is wrong with it.
  func check(
    on flash: inout ImageBytes, _ storage: ImageStorage, by verifier: ImageVerifier?
  ) throws(MCUbootError) -> MCUbootContents {
    switch try hashType(on: &flash) {
    case .sha384: try check(on: &flash, storage, using: OpenSSLSHA384.self, by: verifier)
    case .sha512: try check(on: &flash, storage, using: OpenSSLSHA512.self, by: verifier)
    default: try check(on: &flash, storage, using: OpenSSLSHA256.self, by: verifier)
    }
  }

  private func check<Hash: HashFunction & ~Copyable>(
    on flash: inout ImageBytes, _ storage: ImageStorage, using hash: Hash.Type, by verifier: ImageVerifier?
  ) throws(MCUbootError) -> MCUbootContents {
    switch storage {
    case .plain:
      guard let verifier else { return try digest(on: &flash, using: hash) }
      return try verify(on: &flash, using: hash, by: verifier).contents
    case .clear:
      guard let verifier else { return try digestDecrypted(on: &flash, using: hash) }
      return try verifyDecrypted(on: &flash, using: hash, by: verifier).contents
    case .encrypted(let key):
      var cipher = try OpenSSLMCUbootCipher.opening(self, on: &flash, with: key)
      guard let verifier else {
        return try digestEncrypted(on: &flash, using: hash, decrypting: &cipher)
      }
      return try verifyEncrypted(on: &flash, using: hash, by: verifier, decrypting: &cipher).contents
    }
  }
}
