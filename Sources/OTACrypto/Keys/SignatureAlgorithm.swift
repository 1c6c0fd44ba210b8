/// The signature algorithms; the raw value is the number in COSE that is written.
///
/// Each names one curve and one hash function, so that a key of it can be used in one way only.
///
/// - Note: Source: RFC 9864 (ESP256, ESP384); RFC 9053, section 2.2 (EdDSA); RFC 8778 (HSS-LMS). That Ed25519 is written
///   as -8: project decision, Docs/ManifestFormat.md.
public enum SignatureAlgorithm: Int32, Sendable, CaseIterable {
  /// Ed25519, RFC 8032: public keys of 32 bytes, signatures of 64.
  case ed25519 = -8
  /// ECDSA on P-256 with SHA-256: public keys x and y, signatures r and s, 32 bytes each.
  case es256 = -9
  /// ECDSA on P-384 with SHA-384: public keys x and y, signatures r and s, 48 bytes each.
  case es384 = -51
  /// HSS over LMS, RFC 8554: public keys of 60 bytes, or of 52 for the sets with 192 bits; signatures of any length up to
  /// that of eight of the largest trees.
  case hssLMS = -46

  /// Finds an algorithm by its number in COSE, or by another one that stands for the same.
  ///
  /// -19 (Ed25519) is -8 (EdDSA), -7 (ES256) is -9, and -35 (ES384) is -51: the old numbers leave the curve open, and here it
  /// is the one of the new number.
  ///
  /// - Returns: `nil` for every number that is not known.
  public init?(coseNumber number: Int64) {
    switch number {
    case -8, -19: self = .ed25519
    case -9, -7: self = .es256
    case -51, -35: self = .es384
    case -46: self = .hssLMS
    default: return nil
    }
  }

  /// The length of the shortest and the longest public key, in bytes; see also ``hasPublicKeys(ofSize:)``.
  public var publicKeySizes: ClosedRange<Int> {
    switch self {
    case .ed25519: 32...32
    case .es256: 64...64
    case .es384: 96...96
    case .hssLMS: 52...60
    }
  }

  /// Whether there are public keys with so many bytes.
  public func hasPublicKeys(ofSize size: Int) -> Bool {
    size == publicKeySizes.lowerBound || size == publicKeySizes.upperBound
  }

  /// The length of every signature, in bytes; `nil` where keys of one algorithm have signatures of several lengths.
  public var signatureSize: Int? {
    switch self {
    case .ed25519, .es256: 64
    case .es384: 96
    case .hssLMS: nil
    }
  }

  /// The length of the longest signature, in bytes.
  public var maximumSignatureSize: Int {
    switch self {
    case .ed25519, .es256: 64
    case .es384: 96
    // Seven signed keys of 56 bytes below the top, eight trees of height 25, one-time signatures with one bit a chain.
    case .hssLMS: 4 + 8 * (4 + 8516 + 4 + 25 * 32) + 7 * 56
    }
  }

  /// Whether a signature may have so many bytes.
  public func hasSignatures(ofSize size: Int) -> Bool {
    guard let signatureSize else { return size > 0 && size <= maximumSignatureSize }
    return size == signatureSize
  }

  /// Whether no quantum computer is known to forge its signatures, because it is nothing but hashes.
  public var isHashBased: Bool {
    switch self {
    case .ed25519, .es256, .es384: false
    case .hssLMS: true
    }
  }
}
