public import OTACore

/// The name of a public key: the SHA-256 thumbprint of its COSE_Key.
///
/// Computed from the key alone, so that nobody can give a key the name of another. It stands as the key identifier
/// (label 4) in the headers of everything that is signed.
///
/// - Note: Source: RFC 9679, sections 3 and 4.1: the hash of the deterministic encoding of the required members of a
///   COSE_Key, here `{1: 1, -1: 6, -2: x}` (RFC 9053, section 7.2).
public struct KeyIdentifier: Equatable, Hashable, Sendable {
  /// The length of an identifier, in bytes.
  public static var byteCount: Int { 32 }

  /// The thumbprint.
  public let digest: Digest

  /// Computes the identifier of a key.
  public init(of key: PublicKey) {
    // {1: 1 (octet key pair), -1: 6 (Ed25519), -2: the key}; the head of a string of 32 bytes is 0x58 0x20.
    let head: InlineArray<8, UInt8>
    switch key.algorithm {
    case .ed25519: head = [0xa3, 0x01, 0x01, 0x20, 0x06, 0x21, 0x58, 0x20]
    }
    var hash = SHA256()
    hash.update(head.span)
    hash.update(key.span)
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
