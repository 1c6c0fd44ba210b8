import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAPartition

/// The keys that encrypt the key of one image: from what an ephemeral key and the key of the device have in common.
///
/// - Note: Source: MCUboot, docs/encrypted_images.md, "ECIES encryption": HKDF without a salt, of which the first bytes
///   encrypt the key with AES in counter mode, and the others authenticate what comes out.
struct MCUbootECIES {
  /// The curve.
  let kind: OpenSSLKeyKind
  /// The hash function of HKDF and HMAC.
  let algorithm: DigestAlgorithm
  /// The length of the key of the contents.
  let contentKeySize: Int

  /// The length of an ephemeral public key.
  var publicKeySize: Int { kind == .p256 ? 65 : 32 }
  /// The length of the TLV's value: the ephemeral key, a code, and the encrypted key.
  var size: Int { publicKeySize + algorithm.byteCount + contentKeySize }

  /// Finds the way of a type; `nil` for types that are none of ECIES.
  init?(_ type: MCUbootTLVType, contentKeySize: Int) {
    switch type {
    case .encryptedKeyP256: (kind, algorithm) = (.p256, .sha256)
    case .encryptedKeyX25519: (kind, algorithm) = (.x25519, .sha256)
    case .encryptedKeyX25519SHA512: (kind, algorithm) = (.x25519, .sha512)
    default: return nil
    }
    self.contentKeySize = contentKeySize
  }

  /// Encrypts a key with a new ephemeral one.
  func seal(_ contentKey: [UInt8], for recipient: OpenSSLPublicKey) throws(CryptoError) -> [UInt8] {
    let ephemeral = try OpenSSLPrivateKey.generate(kind)
    var keys = try derive(ephemeral, recipient)
    defer { cleanse(&keys) }
    guard let point = ephemeral.publicKey.point else { throw .unavailable }
    var encrypted = contentKey
    try encrypt(&encrypted, with: keys)
    var code = [UInt8](repeating: 0, count: algorithm.byteCount)
    var codeSpan = code.mutableSpan
    try authenticator(of: encrypted, with: keys).finalize(into: &codeSpan)
    return point + code + encrypted
  }

  /// Decrypts a key, if it was encrypted for this one.
  ///
  /// - Parameters:
  ///   - value: of the TLV, ``size`` bytes.
  ///   - key: the key of the device.
  /// - Returns: the key of the contents.
  /// - Throws: `CryptoError.authenticationFailed` for whatever is wrong with it.
  func open(_ value: [UInt8], with key: OpenSSLPrivateKey) throws(CryptoError) -> [UInt8] {
    // The highest bit of a point of X25519 is passed over (RFC 7748, section 5): only one of the two forms is right here.
    guard value.count == size, kind != .x25519 || value[31] < 0x80 else { throw .authenticationFailed }
    var keys: [UInt8]
    do throws(CryptoError) {
      keys = try derive(key, OpenSSLPublicKey(kind, point: value.span.extracting(0..<publicKeySize)))
    } catch {
      throw error == .unavailable ? error : .authenticationFailed
    }
    defer { cleanse(&keys) }
    var contentKey = Array(value.suffix(contentKeySize))
    let code = Array(value[publicKeySize..<publicKeySize + algorithm.byteCount])
    try authenticator(of: contentKey, with: keys).verify(tag: code.span)
    try encrypt(&contentKey, with: keys)
    return contentKey
  }

  private func derive(_ key: OpenSSLPrivateKey, _ peer: OpenSSLPublicKey) throws(CryptoError) -> [UInt8] {
    var secret = [UInt8](repeating: 0, count: 32)
    defer { cleanse(&secret) }
    var secretSpan = secret.mutableSpan
    try key.sharedSecret(with: peer, into: &secretSpan)
    var keys = [UInt8](repeating: 0, count: contentKeySize + algorithm.byteCount)
    var span = keys.mutableSpan
    try OpenSSLHKDF.derive(
      algorithm, secret: secret.span, salt: [UInt8]().span, info: Array("MCUBoot_ECIES_v1".utf8).span,
      into: &span)
    return keys
  }

  private func encrypt(_ bytes: inout [UInt8], with keys: [UInt8]) throws(CryptoError) {
    let zeros = [UInt8](repeating: 0, count: 16)
    var stream = try OpenSSLAESCTR(key: keys.span.extracting(0..<contentKeySize), counter: zeros.span)
    var span = bytes.mutableSpan
    try stream.apply(&span)
  }

  private func authenticator(of bytes: [UInt8], with keys: [UInt8]) throws(CryptoError) -> OpenSSLHMAC {
    var code = try OpenSSLHMAC(algorithm, key: keys.span.extracting(contentKeySize..<keys.count))
    code.update(bytes.span)
    return code
  }
}
