public import OTACore
public import OTACrypto
public import OTACryptoOpenSSL
public import OTAPartition

/// Signs images of MCUboot with a key for ECDSA or RSA in memory.
public struct OpenSSLMCUbootSigner: MCUbootImageSigner {
  /// The public part of the key as DER, as images name it.
  public let encodedPublicKey: [UInt8]
  private let key: OpenSSLPrivateKey
  private let use: MCUbootKeyUse
  private let isPadded: Bool

  /// Takes a key.
  ///
  /// - Parameters:
  ///   - key: for P-256, P-384, RSA-2048 or RSA-3072.
  ///   - isPadded: whether zeros are put behind signatures of ECDSA, as boot loaders before 1.5 want it.
  /// - Throws: `CryptoError.unsupportedAlgorithm` for a key of another kind.
  public init(_ key: OpenSSLPrivateKey, isPadded: Bool = false) throws(CryptoError) {
    guard let use = MCUbootKeyUse(key.publicKey.kind) else { throw .unsupportedAlgorithm }
    self.encodedPublicKey = try key.publicKey.mcubootEncoding()
    self.key = key
    self.use = use
    self.isPadded = isPadded
  }

  /// The type of its signatures.
  public var signatureType: MCUbootTLVType { use.signatureType }

  /// Whether it is the one function that keys of this kind are used with.
  public func signs(_ algorithm: DigestAlgorithm) -> Bool { algorithm == use.scheme.digestAlgorithm }

  /// Signs the hash of an image.
  ///
  /// - Throws: `CryptoError.unsupportedAlgorithm` for a hash of another function, `CryptoError.unavailable` if libcrypto
  ///   refused.
  public func signature(over digest: Digest, of image: [UInt8]) async throws(CryptoError) -> [UInt8] {
    var signature = try key.signature(forDigest: digest, scheme: use.scheme)
    if isPadded, let size = key.publicKey.kind.paddedSignatureSize, signature.count < size {
      signature += [UInt8](repeating: 0, count: size - signature.count)
    }
    return signature
  }
}
