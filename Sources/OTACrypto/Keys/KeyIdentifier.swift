public import OTACore

/// The name of a public key: the SHA-256 thumbprint of its COSE_Key.
///
/// Computed from the key alone, so that nobody can give a key the name of another. It stands as the key identifier
/// (label 4) in the headers of everything that is signed.
///
/// - Note: Source: RFC 9679, sections 3 and 4: the hash of the deterministic encoding of the required members of a
///   COSE_Key: `{1: 1, -1: 6, -2: x}` for Ed25519 and `{1: 2, -1: curve, -2: x, -3: y}` for ECDSA (RFC 9053, section 7),
///   `{1: 5, -1: key}` for HSS (RFC 8778, section 3).
public struct KeyIdentifier: Equatable, Hashable, Sendable {
  /// The length of an identifier, in bytes.
  public static var byteCount: Int { 32 }

  /// The thumbprint.
  public let digest: Digest

  /// Computes the identifier of a key.
  public init(of key: PublicKey) {
    var hash = SHA256()
    switch key.algorithm {
    case .ed25519:
      // The head of a string of 32 bytes is 0x58 0x20; -1, -2 and -3 are 0x20, 0x21 and 0x22.
      let head: InlineArray<8, UInt8> = [0xa3, 0x01, 0x01, 0x20, 0x06, 0x21, 0x58, 0x20]
      hash.update(head.span)
      hash.update(key.span)
    case .es256, .es384:
      let size = key.count / 2
      let curve: UInt8 = key.algorithm == .es256 ? 1 : 2
      let length = UInt8(truncatingIfNeeded: size)
      let head: InlineArray<8, UInt8> = [0xa4, 0x01, 0x02, 0x20, curve, 0x21, 0x58, length]
      hash.update(head.span)
      hash.update(key.span.extracting(0..<size))
      let middle: InlineArray<3, UInt8> = [0x22, 0x58, length]
      hash.update(middle.span)
      hash.update(key.span.extracting(size..<key.count))
    case .hssLMS:
      let head: InlineArray<6, UInt8> = [
        0xa2, 0x01, 0x05, 0x20, 0x58, UInt8(truncatingIfNeeded: key.count),
      ]
      hash.update(head.span)
      hash.update(key.span)
    }
    self.digest = hash.finalize()
  }

  /// Takes the bytes of an identifier.
  ///
  /// - Throws: kind `ParseError.Kind.invalidValue` if there are not just ``byteCount``.
  public init(bytes: Span<UInt8>) throws(ParseError) {
    self.digest = try Digest(algorithm: .sha256, bytes: bytes)
  }

  /// The bytes, ``byteCount`` of them.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { digest.bytes }
  }
}
