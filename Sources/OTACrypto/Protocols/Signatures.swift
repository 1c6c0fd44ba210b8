public import OTACore

/// The signature algorithms; the raw value is the algorithm's number in COSE.
///
/// - Note: Source: RFC 9053, section 2.2 (EdDSA, -8); RFC 9864 (Ed25519, -19, is accepted as the same algorithm).
public enum SignatureAlgorithm: Int32, Sendable, CaseIterable {
  /// Ed25519, RFC 8032: 32-byte public keys, 64-byte signatures.
  case ed25519 = -8

  /// The length of a public key, in bytes.
  public var publicKeySize: Int { 32 }
  /// The length of a signature, in bytes.
  public var signatureSize: Int { 64 }
}

/// A public key, together with the one algorithm that it may be used with; nothing of it is on the heap.
public struct PublicKey: Equatable, Hashable, Sendable {
  /// The algorithm.
  public let algorithm: SignatureAlgorithm

  private var storage: InlineArray<32, UInt8>

  /// Takes the bytes of a key.
  ///
  /// - Throws: ``CryptoError/invalidKey`` if their number is not that of the algorithm. Whether the point is on the
  ///   curve is for the backend to say, at the first use.
  public init(algorithm: SignatureAlgorithm, bytes: [UInt8]) throws(CryptoError) {
    try self.init(algorithm: algorithm, copying: bytes.span)
  }

  /// Copies the bytes of a key, without a heap.
  ///
  /// - Throws: ``CryptoError/invalidKey`` if their number is not that of the algorithm, as above.
  public init(algorithm: SignatureAlgorithm, copying bytes: Span<UInt8>) throws(CryptoError) {
    guard bytes.count == algorithm.publicKeySize else { throw .invalidKey }
    self.algorithm = algorithm
    storage = InlineArray(repeating: 0)
    for index in 0..<bytes.count { storage[index] = bytes[index] }
  }

  /// The key, in the algorithm's own encoding, as an array on the heap.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(algorithm.publicKeySize)
    for index in 0..<algorithm.publicKeySize { bytes.append(storage[index]) }
    return bytes
  }

  /// The key, in the algorithm's own encoding, where it is.
  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<algorithm.publicKeySize) }
  }

  /// Compares algorithm and bytes; keys are not secret.
  public static func == (left: PublicKey, right: PublicKey) -> Bool {
    guard left.algorithm == right.algorithm else { return false }
    for index in 0..<32 where left.storage[index] != right.storage[index] { return false }
    return true
  }

  /// Feeds the first eight bytes: a key is uniformly distributed.
  public func hash(into hasher: inout Hasher) {
    for index in 0..<8 { hasher.combine(storage[index]) }
  }
}

/// A backend that checks signatures.
public protocol SignatureVerifier: Sendable {
  /// Checks a signature and returns only if it is good.
  ///
  /// - Throws: ``CryptoError/authenticationFailed`` if it is not, without any detail why;
  ///   ``CryptoError/unsupportedAlgorithm`` if the backend has not the algorithm; ``CryptoError/unavailable`` if the
  ///   backend could not start.
  func verify(signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey) throws(CryptoError)
}

/// Why a cryptographic operation gave no result.
public enum CryptoError: UInt8, Error, Equatable, Sendable {
  /// The backend could not start.
  case unavailable
  /// A signature or tag is wrong. One case, without detail.
  case authenticationFailed
  /// No key with this identifier is trusted.
  case unknownKey
  /// The bytes are not a key of this algorithm.
  case invalidKey
  /// No linked backend has this algorithm.
  case unsupportedAlgorithm
  /// The key is trusted, but not for this.
  case keyNotAuthorized
  /// A trust store holds as many keys as it may.
  case tooManyKeys

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .unavailable: .cryptoUnavailable
    case .authenticationFailed: .authenticationFailed
    case .unknownKey: .unknownKey
    case .invalidKey: .invalidKey
    case .unsupportedAlgorithm: .unsupportedAlgorithm
    case .keyNotAuthorized: .keyNotAuthorized
    case .tooManyKeys: .capacityExceeded
    }
  }
}
