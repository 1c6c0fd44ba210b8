import CSodium
import OTACore
public import OTACrypto

/// A private key for Ed25519, held in ``SecretBytes``.
///
/// - Note: Source: RFC 8032, section 5.1.
public struct Ed25519PrivateKey: ~Copyable, Sendable {
  /// The length of a seed, in bytes.
  public static let seedSize = Ed25519KeyEncoding.seedSize

  /// The public part.
  public let publicKey: PublicKey

  /// The seed and behind it the public key, as libsodium keeps them.
  private let secret: SecretBytes

  private init(secret: consuming SecretBytes) throws(CryptoError) {
    let bytes = secret.withBytes { (bytes) in
      var key: [UInt8] = []
      for index in 32..<64 { key.append(bytes[index]) }
      return key
    }
    self.publicKey = try PublicKey(algorithm: .ed25519, bytes: bytes)
    self.secret = secret
  }

  /// Generates a key from the random numbers of the system.
  ///
  /// - Returns: a new key.
  /// - Throws: `CryptoError.unavailable` if the backend could not start.
  public static func generate() throws(CryptoError) -> Ed25519PrivateKey {
    try Sodium.start()
    let seed = SecretBytes(count: seedSize) { span in
      unsafe span.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return }
        unsafe randombytes_buf(start, buffer.count)
      }
    }
    return try Ed25519PrivateKey(seed: seed)
  }

  /// Derives the key from its seed.
  ///
  /// - Parameter seed: the private key in the sense of RFC 8032, ``seedSize`` bytes.
  /// - Throws: `CryptoError.invalidKey` if the length is another, `CryptoError.unavailable` if the backend could
  ///   not start.
  public init(seed: borrowing SecretBytes) throws(CryptoError) {
    try Sodium.start()
    guard seed.count == Ed25519PrivateKey.seedSize else { throw .invalidKey }
    var publicKey = [UInt8](repeating: 0, count: 32)
    let secret = SecretBytes(count: 64) { span in
      seed.withBytes { seed in
        unsafe span.withUnsafeMutableBufferPointer { output in
          unsafe seed.withUnsafeBufferPointer { input in
            guard let output = output.baseAddress, let input = input.baseAddress else { return }
            _ = unsafe crypto_sign_seed_keypair(&publicKey, output, input)
          }
        }
      }
    }
    try self.init(secret: secret)
  }

  /// Reads the key from its PEM text.
  ///
  /// - Parameter text: one block with the label `PRIVATE KEY` (PKCS#8); the caller zeroes it.
  /// - Throws: `CryptoError.invalidKey` for anything but one Ed25519 key in strict form,
  ///   `CryptoError.unavailable` if the backend could not start.
  public init(pem text: Span<UInt8>) throws(CryptoError) {
    let seed: SecretBytes
    do throws(ParseError) {
      let der = try SecretBytes(capacity: Ed25519KeyEncoding.privateKeySize) { (writer) throws(ParseError) in
        try PEM.decode(text, label: PEM.privateKeyLabel, into: &writer)
      }
      seed = try SecretBytes(capacity: Ed25519PrivateKey.seedSize) { (writer) throws(ParseError) in
        try der.withBytes { (bytes) throws(ParseError) in
          try writer.write(Ed25519KeyEncoding.seed(inPrivateKeyInfo: bytes))
        }
      }
    } catch {
      throw .invalidKey
    }
    try self.init(seed: seed)
  }

  /// Writes the PEM text, with the label `PRIVATE KEY`.
  ///
  /// - Returns: the text, secret as the key is.
  public borrowing func pem() throws(CryptoError) -> SecretBytes {
    do throws(ParseError) {
      let der = try SecretBytes(capacity: Ed25519KeyEncoding.privateKeySize) { (writer) throws(ParseError) in
        try secret.withBytes { (bytes) throws(ParseError) in
          try Ed25519KeyEncoding.writePrivateKeyInfo(seed: bytes.extracting(0..<32), into: &writer)
        }
      }
      return try SecretBytes(capacity: 256) { (writer) throws(ParseError) in
        try der.withBytes { (bytes) throws(ParseError) in
          try PEM.encode(bytes, label: PEM.privateKeyLabel, into: &writer)
        }
      }
    } catch {
      throw .invalidKey
    }
  }

  /// Signs bytes.
  ///
  /// - Parameter message: the bytes to sign.
  /// - Returns: 64 bytes.
  /// - Throws: `CryptoError.unavailable` if the backend refused to sign.
  public borrowing func signature(for message: Span<UInt8>) throws(CryptoError) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: 64)
    let status = secret.withBytes { key in
      unsafe key.withUnsafeBufferPointer { key in
        unsafe message.withUnsafeBufferPointer { message in
          guard let key = key.baseAddress else { return Int32(-1) }
          return unsafe crypto_sign_detached(
            &signature, nil, message.baseAddress, UInt64(message.count), key)
        }
      }
    }
    guard status == 0 else { throw .unavailable }
    return signature
  }
}
