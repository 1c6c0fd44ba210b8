public import OTACrypto

/// A public key for key agreement and ``SealedBox``.
///
/// Every 32 bytes are one: those that have no secret in common with anybody are refused when they are used.
///
/// - Note: Source: RFC 7748, section 5.
public struct X25519PublicKey: Equatable, Hashable, Sendable {
  /// The length of a key, in bytes.
  public static var byteCount: Int { 32 }

  /// The key: the u-coordinate, least significant byte first.
  public let bytes: [UInt8]

  /// Copies the bytes of a key.
  ///
  /// - Throws: `CryptoError.invalidKey` if there are not just ``byteCount``.
  public init(copying bytes: Span<UInt8>) throws(CryptoError) {
    guard bytes.count == X25519PublicKey.byteCount else { throw .invalidKey }
    var copy: [UInt8] = []
    copy.reserveCapacity(bytes.count)
    for index in 0..<bytes.count { copy.append(bytes[index]) }
    self.bytes = copy
  }
}
