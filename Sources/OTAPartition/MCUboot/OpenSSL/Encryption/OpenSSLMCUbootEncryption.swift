public import OTACrypto
public import OTACryptoOpenSSL
public import OTAPartition

/// Encrypts the firmware of images of MCUboot for the devices that have one private key.
public struct OpenSSLMCUbootEncryption: MCUbootImageEncryption {
  /// The length of the keys of contents, in bytes: 16 or 32.
  public let contentKeySize: Int
  /// The type of the TLV that brings the key.
  public let contentKeyType: MCUbootTLVType
  private let recipient: OpenSSLPublicKey

  /// Takes the public key of the devices.
  ///
  /// - Parameters:
  ///   - recipient: for X25519, P-256 or RSA-2048.
  ///   - contentKeySize: 16 for AES-128, 32 for AES-256.
  ///   - usesSHA512: whether key derivation and code are made with SHA-512, which is there for X25519 only.
  /// - Throws: `CryptoError.unsupportedAlgorithm` for a key of another kind, and for SHA-512 where it is not there;
  ///   `CryptoError.invalidKey` for another length.
  public init(
    for recipient: OpenSSLPublicKey, contentKeySize: Int = 16, usesSHA512: Bool = false
  ) throws(CryptoError) {
    guard contentKeySize == 16 || contentKeySize == 32 else { throw .invalidKey }
    guard !usesSHA512 || recipient.kind == .x25519 else { throw .unsupportedAlgorithm }
    switch recipient.kind {
    case .x25519: contentKeyType = usesSHA512 ? .encryptedKeyX25519SHA512 : .encryptedKeyX25519
    case .p256: contentKeyType = .encryptedKeyP256
    case .rsa2048: contentKeyType = .encryptedKeyRSA2048
    case .p384, .rsa3072, .rsa4096: throw .unsupportedAlgorithm
    }
    self.recipient = recipient
    self.contentKeySize = contentKeySize
  }

  /// Encrypts firmware with a new random key.
  ///
  /// - Parameter firmware: the firmware, and then what is to stand in flash.
  /// - Returns: the value of the TLV.
  /// - Throws: `CryptoError.unavailable` if libcrypto refused.
  public func encrypt(_ firmware: inout [UInt8]) throws(CryptoError) -> [UInt8] {
    var random = SystemRandomNumberGenerator()
    var contentKey = (0..<contentKeySize).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    defer { cleanse(&contentKey) }
    let value: [UInt8]
    if let ecies = MCUbootECIES(contentKeyType, contentKeySize: contentKeySize) {
      value = try ecies.seal(contentKey, for: recipient)
    } else {
      value = try recipient.encryptOAEP(contentKey.span)
    }
    let zeros = [UInt8](repeating: 0, count: 16)
    var stream = try OpenSSLAESCTR(key: contentKey.span, counter: zeros.span)
    var span = firmware.mutableSpan
    try stream.apply(&span)
    return value
  }
}
