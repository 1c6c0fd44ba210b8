import COpenSSL
import OTACore
public import OTACrypto

/// Encrypts payloads with the algorithms of libcrypto.
public struct OpenSSLPayloadSealer: PayloadSealing {
  /// Has no state.
  public init() {}

  /// Fills a buffer with random numbers of libcrypto.
  ///
  /// - Parameter bytes: takes them.
  /// - Throws: `CryptoError.unavailable` without libcrypto, or if the system has no random numbers.
  public func fillWithRandomBytes(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
    let library = unsafe try OpenSSLLibrary.start()
    defer { ERR_clear_error() }
    let status = unsafe bytes.withUnsafeMutableBufferPointer { bytes in
      unsafe RAND_priv_bytes_ex(library, bytes.baseAddress, bytes.count, 0)
    }
    guard status == 1 else { throw .unavailable }
  }

  /// Wraps a key in one that both sides have.
  ///
  /// - Parameters:
  ///   - key: the key.
  ///   - wrapping: how.
  ///   - wrappingKey: the key that both sides have.
  /// - Returns: the wrapped key.
  /// - Throws: as `PayloadSealing`.
  public func wrap(
    _ key: Span<UInt8>, by wrapping: KeyWrapping, with wrappingKey: Span<UInt8>
  ) throws(CryptoError) -> [UInt8] {
    guard wrappingKey.count == wrapping.keySize else { throw .invalidKey }
    var wrapped = [UInt8](repeating: 0, count: key.count + OpenSSLAESKeyWrap.overhead)
    var span = wrapped.mutableSpan
    try OpenSSLAESKeyWrap.wrap(key, with: wrappingKey, into: &span)
    return wrapped
  }

  /// Wraps a key in one that comes from ECDH on P-256 with a new key pair.
  ///
  /// - Parameters:
  ///   - key: the key.
  ///   - wrapping: how.
  ///   - recipient: the public key of the recipient.
  ///   - info: the context of HKDF.
  /// - Returns: the wrapped key, and the public part of the new pair.
  /// - Throws: as `PayloadSealing`.
  public func wrap(
    _ key: Span<UInt8>, by wrapping: KeyWrapping, for recipient: Span<UInt8>, info: Span<UInt8>
  ) throws(CryptoError) -> (wrapped: [UInt8], ephemeralKey: [UInt8]) {
    let peer = try OpenSSLPublicKey(.p256, point: recipient)
    let pair = try OpenSSLPrivateKey.generate(.p256)
    guard let point = pair.publicKey.point else { throw .unavailable }
    var secret = [UInt8](repeating: 0, count: 32)
    var wrappingKey = [UInt8](repeating: 0, count: wrapping.keySize)
    defer {
      unsafe OPENSSL_cleanse(&secret, secret.count)
      unsafe OPENSSL_cleanse(&wrappingKey, wrappingKey.count)
    }
    var secretSpan = secret.mutableSpan
    try pair.sharedSecret(with: peer, into: &secretSpan)
    let noSalt: [UInt8] = []
    var keySpan = wrappingKey.mutableSpan
    try OpenSSLHKDF.derive(.sha256, secret: secret.span, salt: noSalt.span, info: info, into: &keySpan)
    return (try wrap(key, by: wrapping, with: wrappingKey.span), point)
  }

  /// Encrypts a payload in the caller's buffer.
  ///
  /// - Parameters:
  ///   - message: the plaintext; then the ciphertext.
  ///   - algorithm: how.
  ///   - key: the key.
  ///   - nonce: the nonce or the first counter block.
  ///   - associatedData: what is authenticated beside it.
  /// - Returns: the tag.
  /// - Throws: as `PayloadSealing`; `CryptoError.invalidKey` for a key of another length.
  public func seal(
    _ message: inout MutableSpan<UInt8>, by algorithm: ContentEncryption, key: Span<UInt8>,
    nonce: Span<UInt8>, associatedData: Span<UInt8>
  ) throws(CryptoError) -> [UInt8] {
    guard key.count == algorithm.keySize, nonce.count == algorithm.nonceSize else { throw .invalidKey }
    var tag = [UInt8](repeating: 0, count: algorithm.tagSize)
    var tagSpan = tag.mutableSpan
    switch algorithm {
    case .aes128GCM:
      let cipher = try OpenSSLAES128GCM(key: key)
      try cipher.seal(&message, tag: &tagSpan, nonce: nonce, associatedData: associatedData)
    case .aes256GCM:
      let cipher = try OpenSSLAES256GCM(key: key)
      try cipher.seal(&message, tag: &tagSpan, nonce: nonce, associatedData: associatedData)
    case .chaCha20Poly1305:
      let cipher = try OpenSSLChaCha20Poly1305(key: key)
      try cipher.seal(&message, tag: &tagSpan, nonce: nonce, associatedData: associatedData)
    case .aes128CTR, .aes192CTR, .aes256CTR:
      var cipher = try OpenSSLAESCTR(key: key, counter: nonce)
      try cipher.apply(&message)
    }
    return tag
  }
}
