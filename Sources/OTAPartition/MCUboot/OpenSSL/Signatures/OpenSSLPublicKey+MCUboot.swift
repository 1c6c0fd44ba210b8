import OTACore
public import OTACrypto
public import OTACryptoOpenSSL
import OTAPartition

/// What a kind of key signs images of MCUboot with; nothing of it is chosen by an image.
struct MCUbootKeyUse {
  /// The type of its signatures.
  let signatureType: MCUbootTLVType
  /// How it signs the hash of an image.
  let scheme: OpenSSLSignatureScheme
  /// The type of the one hash that it signs.
  let hashType: MCUbootTLVType

  /// Finds the use of a kind.
  ///
  /// - Returns: `nil` for kinds that sign no images.
  /// - Note: Source: `imgtool`, `ALLOWED_KEY_SHA`, and PSS with a salt as long as the digest.
  init?(_ kind: OpenSSLKeyKind) {
    switch kind {
    case .p256: (signatureType, scheme, hashType) = (.ecdsa, .ecdsaP256SHA256, .sha256)
    case .p384: (signatureType, scheme, hashType) = (.ecdsa, .ecdsaP384SHA384, .sha384)
    case .rsa2048: (signatureType, scheme, hashType) = (.rsa2048, .rsaPSSSHA256, .sha256)
    case .rsa3072: (signatureType, scheme, hashType) = (.rsa3072, .rsaPSSSHA256, .sha256)
    case .rsa4096, .x25519: return nil
    }
  }
}

extension OpenSSLPublicKey {
  /// The key as images of MCUboot name it: the SubjectPublicKeyInfo, but of RSA the RSAPublicKey in it.
  ///
  /// - Throws: `CryptoError.unavailable` if there is no memory.
  /// - Note: Source: `imgtool`, `get_public_bytes`.
  public func mcubootEncoding() throws(CryptoError) -> [UInt8] {
    let info = try subjectPublicKeyInfo()
    switch kind {
    case .p256, .p384, .x25519:
      return info
    case .rsa2048, .rsa3072, .rsa4096:
      // Both lengths take two bytes for every modulus of at least 2048 bits, and the parameters of rsaEncryption are NULL
      // in DER: SEQUENCE (4), SEQUENCE (2 + 11 + 2), BIT STRING (4), no unused bits (1).
      guard info.count > 24, info[19] == 0x03, info[20] == 0x82, info[23] == 0, info[24] == 0x30 else {
        throw .unavailable
      }
      return Array(info.dropFirst(24))
    }
  }
}
