import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium

/// A public key of metadata.
///
/// A key of a type that is not known here, or whose value is damaged, is no fault of the metadata: it cannot verify
/// anything, that is all. So a repository may add keys that only newer clients know.
///
/// - Note: Source: TUF specification 1.0, section 4.2.2.
struct TUFKey: Sendable {
  private enum Verifier: Sendable {
    case ed25519(PublicKey)
    case openSSL(OpenSSLPublicKey, OpenSSLSignatureScheme)
  }

  private let verifier: Verifier?
  /// The same for two keys exactly if they are the same key, whatever identifiers they go by.
  let identity: [UInt8]

  /// Reads a key.
  init(_ object: JSONObject) throws(MetadataFault) {
    let type = try object.string("keytype").text
    let scheme = try object.string("scheme").text
    let value = try object.object("keyval").string("public")
    verifier = TUFKey.verifier(type: type, scheme: scheme, value: value)
    switch verifier {
    case .ed25519(let key): identity = key.bytes
    case .openSSL(let key, _):
      identity = (try? key.subjectPublicKeyInfo()) ?? CanonicalJSON.encode(.object(object))
    case nil: identity = CanonicalJSON.encode(.object(object))
    }
  }

  private static func verifier(type: String, scheme: String, value: UTF8Text) -> Verifier? {
    switch (type, scheme) {
    case ("ed25519", "ed25519"):
      guard let bytes = [UInt8](hexadecimal: value.text),
        let key = try? PublicKey(algorithm: .ed25519, bytes: bytes)
      else { return nil }
      return .ed25519(key)
    case ("ecdsa", "ecdsa-sha2-nistp256"), ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"):
      return openSSLVerifier(value, .ecdsaP256SHA256)
    case ("rsa", "rsassa-pss-sha256"):
      return openSSLVerifier(value, .rsaPSSSHA256)
    default:
      return nil
    }
  }

  private static func openSSLVerifier(_ text: UTF8Text, _ scheme: OpenSSLSignatureScheme) -> Verifier? {
    guard let key = try? OpenSSLPublicKey(pem: text.bytes.span), scheme.accepts(key.kind) else { return nil }
    return .openSSL(key, scheme)
  }

  /// Whether a signature over a message is by this key.
  ///
  /// - Throws: ``TUFError/cryptography(_:)`` if a library does not work, which says nothing about the signature.
  func accepts(_ signature: [UInt8], of message: [UInt8]) throws(TUFError) -> Bool {
    do throws(CryptoError) {
      switch verifier {
      case .ed25519(let key):
        try SodiumVerifier().verify(signature: signature.span, of: message.span, by: key)
      case .openSSL(let key, let scheme):
        try key.verify(signature: signature.span, of: message.span, scheme: scheme)
      case nil: return false
      }
      return true
    } catch {
      if case .unavailable = error { throw .cryptography(error) }
      return false
    }
  }
}
