import COpenSSL
import OTACore
public import OTACrypto

/// The keys of a device for encrypted payloads, with the algorithms of libcrypto.
public final class OpenSSLPayloadKeys: PayloadKeys, Sendable {
  /// A key that both sides have.
  private struct Shared: Sendable {
    var identifier: [UInt8]
    var key: SharedKey
  }

  /// A key pair of this device.
  private struct Pair: Sendable {
    var identifier: [UInt8]
    var key: OpenSSLPrivateKey
  }

  private let shared: [Shared]
  private let pairs: [Pair]

  /// Has no key.
  public convenience init() {
    self.init(shared: [], pairs: [])
  }

  private init(shared: [Shared], pairs: [Pair]) {
    self.shared = shared
    self.pairs = pairs
  }

  /// The same keys and one that both sides have.
  ///
  /// - Parameters:
  ///   - key: 16, 24 or 32 bytes; the caller zeroes his own.
  ///   - identifier: its name.
  /// - Returns: the keys.
  /// - Throws: `CryptoError.invalidKey` for another length.
  public func adding(sharedKey key: Span<UInt8>, identifier: [UInt8]) throws(CryptoError)
    -> OpenSSLPayloadKeys
  {
    guard [16, 24, 32].contains(key.count) else { throw .invalidKey }
    return OpenSSLPayloadKeys(
      shared: shared + [Shared(identifier: identifier, key: SharedKey(key))], pairs: pairs)
  }

  /// The same keys and a key pair of this device.
  ///
  /// - Parameters:
  ///   - key: a private key on P-256.
  ///   - identifier: its name.
  /// - Returns: the keys.
  /// - Throws: `CryptoError.unsupportedAlgorithm` for another kind of key.
  public func adding(
    privateKey key: OpenSSLPrivateKey, identifier: [UInt8]
  ) throws(CryptoError) -> OpenSSLPayloadKeys {
    guard key.publicKey.kind == .p256 else { throw .unsupportedAlgorithm }
    return OpenSSLPayloadKeys(shared: shared, pairs: pairs + [Pair(identifier: identifier, key: key)])
  }

  /// Unwraps a key that was wrapped in one which both sides have.
  ///
  /// - Parameters:
  ///   - wrapped: the wrapped key.
  ///   - wrapping: how.
  ///   - identifier: the name of the key; if it is empty, all of the right length are tried.
  ///   - key: takes the key; the caller zeroes it.
  /// - Throws: as `PayloadKeys`.
  public func unwrap(
    _ wrapped: Span<UInt8>, by wrapping: KeyWrapping, keyIdentifier identifier: Span<UInt8>,
    into key: inout MutableSpan<UInt8>
  ) throws(CryptoError) {
    var refusal = CryptoError.unknownKey
    for candidate in shared
    where candidate.key.count == wrapping.keySize && isName(identifier, candidate.identifier) {
      do throws(CryptoError) {
        try candidate.key.withBytes { (bytes) throws(CryptoError) in
          try OpenSSLAESKeyWrap.unwrap(wrapped, with: bytes, into: &key)
        }
        return
      } catch {
        refusal = error
      }
    }
    throw refusal
  }

  /// Unwraps a key that was wrapped in one which comes from ECDH on P-256.
  ///
  /// - Parameters:
  ///   - wrapped: the wrapped key.
  ///   - wrapping: how.
  ///   - identifier: the name of this device's key; if it is empty, all are tried.
  ///   - point: the ephemeral public key of the sender.
  ///   - salt: the salt of HKDF.
  ///   - info: the context of HKDF.
  ///   - key: takes the key; the caller zeroes it.
  /// - Throws: as `PayloadKeys`.
  public func unwrap(
    _ wrapped: Span<UInt8>, by wrapping: KeyWrapping, keyIdentifier identifier: Span<UInt8>,
    ephemeralKey point: Span<UInt8>, salt: Span<UInt8>, info: Span<UInt8>, into key: inout MutableSpan<UInt8>
  ) throws(CryptoError) {
    var refusal = CryptoError.unknownKey
    for pair in pairs where isName(identifier, pair.identifier) {
      do throws(CryptoError) {
        let sender = try OpenSSLPublicKey(.p256, point: point)
        var secret = [UInt8](repeating: 0, count: 32)
        var wrappingKey = [UInt8](repeating: 0, count: wrapping.keySize)
        defer {
          unsafe OPENSSL_cleanse(&secret, secret.count)
          unsafe OPENSSL_cleanse(&wrappingKey, wrappingKey.count)
        }
        var secretSpan = secret.mutableSpan
        try pair.key.sharedSecret(with: sender, into: &secretSpan)
        var keySpan = wrappingKey.mutableSpan
        try OpenSSLHKDF.derive(.sha256, secret: secret.span, salt: salt, info: info, into: &keySpan)
        try OpenSSLAESKeyWrap.unwrap(wrapped, with: wrappingKey.span, into: &key)
        return
      } catch {
        refusal = error
      }
    }
    throw refusal
  }

  /// Decrypts a payload in the caller's buffer.
  ///
  /// - Parameters:
  ///   - message: the ciphertext; then the plaintext.
  ///   - tag: the tag; empty if the algorithm has none.
  ///   - algorithm: how it was encrypted.
  ///   - key: the key.
  ///   - nonce: the nonce or the first counter block.
  ///   - associatedData: what is authenticated beside it.
  /// - Throws: as `PayloadKeys`.
  public func open(
    _ message: inout MutableSpan<UInt8>, tag: Span<UInt8>, by algorithm: ContentEncryption, key: Span<UInt8>,
    nonce: Span<UInt8>, associatedData: Span<UInt8>
  ) throws(CryptoError) {
    switch algorithm {
    case .aes128GCM:
      let cipher = try OpenSSLAES128GCM(key: key)
      try cipher.open(&message, tag: tag, nonce: nonce, associatedData: associatedData)
    case .aes256GCM:
      let cipher = try OpenSSLAES256GCM(key: key)
      try cipher.open(&message, tag: tag, nonce: nonce, associatedData: associatedData)
    case .chaCha20Poly1305:
      let cipher = try OpenSSLChaCha20Poly1305(key: key)
      try cipher.open(&message, tag: tag, nonce: nonce, associatedData: associatedData)
    case .aes128CTR, .aes192CTR, .aes256CTR:
      var cipher = try OpenSSLAESCTR(key: key, counter: nonce)
      try cipher.apply(&message)
    }
  }

  private func isName(_ wanted: Span<UInt8>, _ name: [UInt8]) -> Bool {
    guard !wanted.isEmpty else { return true }
    guard wanted.count == name.count else { return false }
    for index in name.indices where wanted[index] != name[index] { return false }
    return true
  }
}
