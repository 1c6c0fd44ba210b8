/// The hash functions that digests may come from; the raw value is the algorithm's number in COSE.
///
/// - Note: Source: RFC 9054, section 2.1 (SHA-256 is -16, SHA-384 is -43, SHA-512 is -44,
///   SHAKE256 is -45). BLAKE2b-256 and SHA-3 have no
///   COSE numbers and use some of the private range: project decision, Docs/Crypto.md.
public enum DigestAlgorithm: Int32, Sendable, CaseIterable {
  /// SHA-256, 32 bytes.
  case sha256 = -16
  /// SHA-384, 48 bytes.
  case sha384 = -43
  /// SHAKE256 with 64 bytes of output.
  case shake256 = -45
  /// SHA-512, 64 bytes.
  case sha512 = -44
  /// BLAKE2b with 32 bytes of output and no key.
  case blake2b256 = -65_601
  /// SHA3-256, 32 bytes.
  case sha3Bits256 = -65_602
  /// SHA3-384, 48 bytes.
  case sha3Bits384 = -65_603
  /// SHA3-512, 64 bytes.
  case sha3Bits512 = -65_604

  /// The length of the digest, in bytes.
  public var byteCount: Int {
    switch self {
    case .sha256, .blake2b256, .sha3Bits256: 32
    case .sha384, .sha3Bits384: 48
    case .sha512, .shake256, .sha3Bits512: 64
    }
  }
}

/// The output of a hash function, together with which function it was.
///
/// `==` takes the same time wherever two digests of one algorithm differ.
public struct Digest: Equatable, Hashable, Sendable {
  /// The function that made it.
  public let algorithm: DigestAlgorithm

  private var storage: InlineArray<64, UInt8>

  /// Takes the bytes of a digest.
  ///
  /// - Throws: kind ``ParseError/Kind/invalidValue`` at offset 0 if the number of bytes is not that of the algorithm.
  public init(algorithm: DigestAlgorithm, bytes: Span<UInt8>) throws(ParseError) {
    guard bytes.count == algorithm.byteCount else { throw ParseError(.invalidValue, at: 0) }
    self.algorithm = algorithm
    self.storage = InlineArray(repeating: 0)
    for index in 0..<bytes.count { storage[index] = bytes[index] }
  }

  /// The bytes, as many as ``DigestAlgorithm/byteCount``.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<algorithm.byteCount) }
  }

  /// Compares all bytes, without an early exit.
  public static func == (left: Digest, right: Digest) -> Bool {
    guard left.algorithm == right.algorithm else { return false }
    var difference: UInt8 = 0
    for index in 0..<64 { difference |= left.storage[index] ^ right.storage[index] }
    return difference == 0
  }

  /// Feeds the first eight bytes: a digest is uniformly distributed.
  public func hash(into hasher: inout Hasher) {
    for index in 0..<8 { hasher.combine(storage[index]) }
  }
}
