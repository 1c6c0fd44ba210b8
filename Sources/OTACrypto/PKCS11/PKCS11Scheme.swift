import CP11Kit
import OTACore
import OTACrypto
public import OTACryptoOpenSSL

/// How a key on a token signs.
public enum PKCS11Scheme: UInt8, Sendable, CaseIterable {
  /// Ed25519, RFC 8032: 64 bytes.
  case ed25519
  /// ECDSA on P-256 with SHA-256: r and s, 32 bytes each.
  case ecdsaP256SHA256
  /// ECDSA on P-384 with SHA-384: r and s, 48 bytes each.
  case ecdsaP384SHA384
  /// RSASSA-PKCS1-v1_5 with SHA-256.
  case rsaPKCS1SHA256
  /// RSASSA-PSS with SHA-256 for the message and the mask, and a salt of 32 bytes.
  case rsaPSSSHA256

  /// The same scheme of libcrypto, which hashes the message and checks what the token made; `nil` for Ed25519, which
  /// libsodium checks.
  public var openSSL: OpenSSLSignatureScheme? {
    switch self {
    case .ed25519: nil
    case .ecdsaP256SHA256: .ecdsaP256SHA256Fixed
    case .ecdsaP384SHA384: .ecdsaP384SHA384Fixed
    case .rsaPKCS1SHA256: .rsaPKCS1SHA256
    case .rsaPSSSHA256: .rsaPSSSHA256
    }
  }

  /// The mechanism of the token.
  var mechanism: UInt {
    switch self {
    case .ed25519: CKM_EDDSA
    case .ecdsaP256SHA256, .ecdsaP384SHA384: CKM_ECDSA
    case .rsaPKCS1SHA256: CKM_RSA_PKCS
    case .rsaPSSSHA256: CKM_RSA_PKCS_PSS
    }
  }

  /// What the token is given to sign.
  ///
  /// - Note: Source: PKCS #11 2.40, sections 2.3.6 (ECDSA), 2.1.8 (RSA: the DigestInfo) and 2.1.10 (PSS: the digest);
  ///   PKCS #11 3.0, section 2.3.14 (EdDSA: the message); RFC 8017, section 9.2, note 1 for the DigestInfo.
  func input(for message: [UInt8]) -> [UInt8] {
    switch self {
    case .ed25519: message
    case .ecdsaP256SHA256, .rsaPSSSHA256: PKCS11Scheme.bytes(OpenSSLSHA256.digest(of: message.span).bytes)
    case .ecdsaP384SHA384: PKCS11Scheme.bytes(OpenSSLSHA384.digest(of: message.span).bytes)
    case .rsaPKCS1SHA256:
      [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
        0x04, 0x20,
      ] + PKCS11Scheme.bytes(OpenSSLSHA256.digest(of: message.span).bytes)
    }
  }

  private static func bytes(_ span: Span<UInt8>) -> [UInt8] {
    span.indices.map { span[$0] }
  }
}
