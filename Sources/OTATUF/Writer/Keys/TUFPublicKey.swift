import OTACore
public import OTACrypto
public import OTACryptoOpenSSL

/// A public key, as metadata of a repository names it.
///
/// - Note: Source: TUF specification 1.0, section 4.2.2.
public struct TUFPublicKey: Hashable, Sendable {
  /// The type and the scheme of a key.
  enum Kind: UInt8, Sendable {
    case ed25519, ecdsa, rsa
  }

  let kind: Kind
  /// Hexadecimal for Ed25519, PEM for the others.
  let value: String
  /// The identifier: SHA-256 over the canonical JSON of the key, in hexadecimal.
  public let keyID: String

  /// Takes an Ed25519 key.
  ///
  /// - Throws: ``TUFWriterError/signing(_:)`` with `unsupportedAlgorithm` for keys of another algorithm.
  public init(_ key: PublicKey) throws(TUFWriterError) {
    guard key.algorithm == .ed25519 else { throw .signing(.unsupportedAlgorithm) }
    try self.init(.ed25519, value: String(hexadecimal: key.bytes.span))
  }

  /// Takes an ECDSA key on P-256, or an RSA key for PSS.
  ///
  /// - Throws: ``TUFWriterError/signing(_:)`` with `unsupportedAlgorithm` for keys on other curves.
  public init(_ key: OpenSSLPublicKey) throws(TUFWriterError) {
    let kind: Kind
    switch key.kind {
    case .p256: kind = .ecdsa
    case .rsa2048, .rsa3072, .rsa4096: kind = .rsa
    case .p384, .x25519: throw .signing(.unsupportedAlgorithm)
    }
    let text: [UInt8]
    do throws(CryptoError) {
      let info = try key.subjectPublicKeyInfo()
      text = try TUFPublicKey.pem(info)
    } catch {
      throw .signing(error)
    }
    try self.init(kind, value: String(decoding: text, as: UTF8.self))
  }

  /// Reads a public key in PEM form, of any type that repositories here are signed with.
  ///
  /// - Throws: ``TUFWriterError/signing(_:)`` with `invalidKey` or `unsupportedAlgorithm`.
  public init(pem text: Span<UInt8>) throws(TUFWriterError) {
    if let key = try? PublicKey(pem: text) {
      try self.init(key)
      return
    }
    let key: OpenSSLPublicKey
    do throws(CryptoError) {
      key = try OpenSSLPublicKey(pem: text)
    } catch {
      throw .signing(error)
    }
    try self.init(key)
  }

  private init(_ kind: Kind, value: String) throws(TUFWriterError) {
    self.kind = kind
    self.value = value
    let json = TUFPublicKey.json(kind, value)
    do throws(TUFError) {
      keyID = try Hashing.digest(.sha256, of: CanonicalJSON.encode(json)).description
    } catch {
      throw .repository(error)
    }
  }

  /// The key object.
  var json: JSONValue { TUFPublicKey.json(kind, value) }

  private static func json(_ kind: Kind, _ value: String) -> JSONValue {
    let (type, scheme): (UTF8Text, UTF8Text) =
      switch kind {
      case .ed25519: ("ed25519", "ed25519")
      case .ecdsa: ("ecdsa", "ecdsa-sha2-nistp256")
      case .rsa: ("rsa", "rsassa-pss-sha256")
      }
    let values = JSONObject(replacing: [("public", .string(UTF8Text(value)))])
    return .object(
      JSONObject(replacing: [
        ("keytype", .string(type)), ("scheme", .string(scheme)), ("keyval", .object(values)),
      ]))
  }

  private static func pem(_ info: [UInt8]) throws(CryptoError) -> [UInt8] {
    do throws(ParseError) {
      return try [UInt8](capacity: PEM.maximumTextSize) { (writer) throws(ParseError) in
        try PEM.encode(info.span, label: PEM.publicKeyLabel, into: &writer)
      }
    } catch {
      throw .invalidKey
    }
  }
}
