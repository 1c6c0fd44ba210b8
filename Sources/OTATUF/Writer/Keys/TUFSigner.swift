public import OTACrypto
public import OTACryptoOpenSSL
import OTACryptoSodium

/// A key that signs metadata.
///
/// Asynchronous, so that the key can live elsewhere. One that lives where no program reaches it signs bytes that are
/// exported: ``TUFRepositoryWriter/bytesToSign(for:)``.
public protocol TUFSigner: Sendable {
  /// The public part.
  var publicKey: TUFPublicKey { get }

  /// Signs bytes: Ed25519 as 64 bytes, ECDSA in DER, RSA-PSS with SHA-256 and a salt of 32 bytes.
  ///
  /// - Throws: a `CryptoError`; `unavailable` if the key cannot be reached now.
  func signature(for message: [UInt8]) async throws(CryptoError) -> [UInt8]
}

/// A key that signs metadata, in this process or behind a `Signer`.
public struct TUFKeySigner: TUFSigner {
  private enum Secret: Sendable {
    case signer(any Signer)
    case openSSL(OpenSSLPrivateKey, OpenSSLSignatureScheme)
  }

  /// The public part.
  public let publicKey: TUFPublicKey
  private let secret: Secret

  /// Takes an Ed25519 key, wherever it lives.
  ///
  /// - Throws: ``TUFWriterError/signing(_:)`` with `unsupportedAlgorithm` for keys of another algorithm.
  public init(_ signer: any Signer) throws(TUFWriterError) {
    publicKey = try TUFPublicKey(signer.publicKey)
    secret = .signer(signer)
  }

  /// Takes an ECDSA key on P-256, or an RSA key.
  ///
  /// - Throws: ``TUFWriterError/signing(_:)`` with `unsupportedAlgorithm` for keys on other curves.
  public init(_ key: OpenSSLPrivateKey) throws(TUFWriterError) {
    publicKey = try TUFPublicKey(key.publicKey)
    secret = .openSSL(key, publicKey.kind == .rsa ? .rsaPSSSHA256 : .ecdsaP256SHA256)
  }

  /// Reads a private key in PEM form (PKCS#8), of any type that repositories here are signed with.
  ///
  /// - Throws: ``TUFWriterError/signing(_:)`` with `invalidKey` or `unsupportedAlgorithm`.
  public init(pem text: Span<UInt8>) throws(TUFWriterError) {
    if let signer = TUFKeySigner.ed25519(text) {
      try self.init(signer)
      return
    }
    let key: OpenSSLPrivateKey
    do throws(CryptoError) {
      key = try OpenSSLPrivateKey(pem: text)
    } catch {
      throw .signing(error)
    }
    try self.init(key)
  }

  private static func ed25519(_ text: Span<UInt8>) -> SodiumSigner? {
    guard let key = try? Ed25519PrivateKey(pem: text) else { return nil }
    return SodiumSigner(key)
  }

  /// Signs bytes.
  public func signature(for message: [UInt8]) async throws(CryptoError) -> [UInt8] {
    switch secret {
    case .signer(let signer): try await signer.signature(for: message)
    case .openSSL(let key, let scheme): try key.signature(for: message.span, scheme: scheme)
    }
  }
}
