/// A public key, together with the one algorithm that it may be used with; nothing of it is on the heap.
public struct PublicKey: Equatable, Hashable, Sendable {
  /// The length of the longest key, in bytes.
  public static var maximumSize: Int { 96 }

  /// The algorithm.
  public let algorithm: SignatureAlgorithm

  private let size: UInt8
  // Zero behind the key.
  private var storage: InlineArray<96, UInt8>

  /// Takes the bytes of a key.
  ///
  /// - Parameters:
  ///   - algorithm: the algorithm.
  ///   - bytes: for Ed25519 the key of RFC 8032; for ECDSA x and y, one behind the other, most significant byte first,
  ///     both as long as the curve has it; for HSS the key of RFC 8554, section 6.1.
  /// - Throws: ``CryptoError/invalidKey`` if their number is not that of the algorithm. Whether the point is on the
  ///   curve is for the backend to say, at the first use.
  public init(algorithm: SignatureAlgorithm, bytes: [UInt8]) throws(CryptoError) {
    try self.init(algorithm: algorithm, copying: bytes.span)
  }

  /// Copies the bytes of a key, without a heap.
  ///
  /// - Throws: ``CryptoError/invalidKey`` if their number is not that of the algorithm, as above.
  public init(algorithm: SignatureAlgorithm, copying bytes: Span<UInt8>) throws(CryptoError) {
    guard algorithm.hasPublicKeys(ofSize: bytes.count) else { throw .invalidKey }
    self.algorithm = algorithm
    size = UInt8(truncatingIfNeeded: bytes.count)
    storage = InlineArray(repeating: 0)
    for index in 0..<bytes.count { storage[index] = bytes[index] }
  }

  /// The length of the key, in bytes.
  public var count: Int { Int(size) }

  /// The key, in the algorithm's own encoding, as an array on the heap.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    for index in 0..<count { bytes.append(storage[index]) }
    return bytes
  }

  /// The key, in the algorithm's own encoding, where it is.
  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<Int(size)) }
  }

  /// Compares algorithm and bytes; keys are not secret.
  public static func == (left: PublicKey, right: PublicKey) -> Bool {
    guard left.algorithm == right.algorithm, left.size == right.size else { return false }
    for index in 0..<left.count where left.storage[index] != right.storage[index] { return false }
    return true
  }

  /// Feeds the last eight bytes: those of a coordinate or a hash, which are uniformly distributed.
  public func hash(into hasher: inout Hasher) {
    for index in count - 8..<count { hasher.combine(storage[index]) }
  }
}
