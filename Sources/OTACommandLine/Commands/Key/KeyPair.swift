import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium

/// A new key pair, in the form that files have.
struct KeyPair: ~Copyable {
  /// PKCS#8 in PEM.
  let privateText: SecretBytes
  /// SubjectPublicKeyInfo in PEM.
  let publicText: [UInt8]
  /// The name of the key in hexadecimal.
  let identifier: String

  /// Generates a pair; RSA takes up to seconds.
  ///
  /// - Throws: `CryptoError.unavailable` if the library of the algorithm does not work.
  static func generate(_ algorithm: KeyGenerate.Algorithm) throws(CryptoError) -> KeyPair {
    switch algorithm {
    case .ed25519: try ed25519()
    case .es256: try openSSL(.p256)
    case .es384: try openSSL(.p384)
    case .rsa2048: try openSSL(.rsa2048)
    case .rsa3072: try openSSL(.rsa3072)
    case .x25519: try openSSL(.x25519)
    }
  }

  private static func ed25519() throws(CryptoError) -> KeyPair {
    let key = try Ed25519PrivateKey.generate()
    return KeyPair(
      privateText: try key.pem(), publicText: try key.publicKey.pem(),
      identifier: String(hexadecimal: KeyIdentifier(of: key.publicKey).bytes))
  }

  private static func openSSL(_ kind: OpenSSLKeyKind) throws(CryptoError) -> KeyPair {
    let key = try OpenSSLPrivateKey.generate(kind)
    return KeyPair(
      privateText: key.withPEM { (text) in SecretBytes(copying: text) },
      publicText: try key.publicKey.pem(),
      identifier: String(hexadecimal: try key.publicKey.keyIdentifier().bytes))
  }
}
