import COpenSSL
public import OTACore

/// How something is signed: algorithm, hash function and form of the signature, all of it fixed.
///
/// Nothing of it is read from a key or from a signature, so that nobody can choose a weaker one.
public enum OpenSSLSignatureScheme: UInt8, Sendable, CaseIterable {
  /// ECDSA on P-256 with SHA-256; the signature is the DER form of RFC 3279, section 2.2.3.
  case ecdsaP256SHA256
  /// ECDSA on P-256 with SHA-256; the signature is r and s, 32 bytes each: ES256 of RFC 9053, section 2.1.
  case ecdsaP256SHA256Fixed
  /// ECDSA on P-384 with SHA-384, in the DER form.
  case ecdsaP384SHA384
  /// ECDSA on P-384 with SHA-384; r and s, 48 bytes each.
  case ecdsaP384SHA384Fixed
  /// RSASSA-PKCS1-v1_5 of RFC 8017, section 8.2, with SHA-256.
  case rsaPKCS1SHA256
  /// RSASSA-PKCS1-v1_5 with SHA-384.
  case rsaPKCS1SHA384
  /// RSASSA-PKCS1-v1_5 with SHA-512.
  case rsaPKCS1SHA512
  /// RSASSA-PSS of RFC 8017, section 8.1, with SHA-256 for the message and the mask, and a salt as long as the digest.
  case rsaPSSSHA256
  /// RSASSA-PSS with SHA-384 and a salt of 48 bytes.
  case rsaPSSSHA384
  /// RSASSA-PSS with SHA-512 and a salt of 64 bytes.
  case rsaPSSSHA512

  /// The hash function that the message goes through.
  public var digestAlgorithm: DigestAlgorithm {
    switch self {
    case .ecdsaP256SHA256, .ecdsaP256SHA256Fixed, .rsaPKCS1SHA256, .rsaPSSSHA256: .sha256
    case .ecdsaP384SHA384, .ecdsaP384SHA384Fixed, .rsaPKCS1SHA384, .rsaPSSSHA384: .sha384
    case .rsaPKCS1SHA512, .rsaPSSSHA512: .sha512
    }
  }

  /// Whether a key of this kind signs in this way.
  public func accepts(_ kind: OpenSSLKeyKind) -> Bool {
    switch self {
    case .ecdsaP256SHA256, .ecdsaP256SHA256Fixed: kind == .p256
    case .ecdsaP384SHA384, .ecdsaP384SHA384Fixed: kind == .p384
    case .rsaPKCS1SHA256, .rsaPKCS1SHA384, .rsaPKCS1SHA512, .rsaPSSSHA256, .rsaPSSSHA384, .rsaPSSSHA512:
      kind.modulusBits > 0
    }
  }

  /// The length of r and of s where the signature is just those.
  var fixedCoordinateSize: Int? {
    switch self {
    case .ecdsaP256SHA256Fixed: 32
    case .ecdsaP384SHA384Fixed: 48
    case .ecdsaP256SHA256, .ecdsaP384SHA384, .rsaPKCS1SHA256, .rsaPKCS1SHA384, .rsaPKCS1SHA512, .rsaPSSSHA256,
      .rsaPSSSHA384, .rsaPSSSHA512:
      nil
    }
  }

  /// The padding of RSA, a number of libcrypto.
  var padding: Int32? {
    switch self {
    case .ecdsaP256SHA256, .ecdsaP256SHA256Fixed, .ecdsaP384SHA384, .ecdsaP384SHA384Fixed: nil
    case .rsaPKCS1SHA256, .rsaPKCS1SHA384, .rsaPKCS1SHA512: RSA_PKCS1_PADDING
    case .rsaPSSSHA256, .rsaPSSSHA384, .rsaPSSSHA512: RSA_PKCS1_PSS_PADDING
    }
  }

  var hash: LibraryObject? {
    switch digestAlgorithm {
    case .sha256: OpenSSLLibrary.sha256
    case .sha384: OpenSSLLibrary.sha384
    case .sha512: OpenSSLLibrary.sha512
    case .shake256, .blake2b256, .sha3Bits256, .sha3Bits384, .sha3Bits512: nil
    }
  }

  /// Sets up what signs or checks.
  ///
  /// - Returns: whether libcrypto took it.
  func configure(_ context: OpaquePointer) -> Bool {
    guard let hash = unsafe hash?.pointer else { return false }
    if let padding {
      guard unsafe EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1 else { return false }
    }
    guard unsafe EVP_PKEY_CTX_set_signature_md(context, hash) == 1 else { return false }
    if padding == RSA_PKCS1_PSS_PADDING {
      return unsafe EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash) == 1
        && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1
    }
    return true
  }
}
