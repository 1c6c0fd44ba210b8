public import OTACore

/// A message authentication code with any hash function; nothing of it is on the heap.
///
/// For bare metal, and for hosts where the code is a few bytes: the key stays in the memory of the value, and is not
/// overwritten when it goes.
///
/// - Note: Source: RFC 2104; FIPS 198-1.
public struct HMAC<Hash: HashFunction & ~Copyable>: ~Copyable {
  private var inner: Hash
  // The key, as long as a block, for the outer hash.
  private let key: InlineArray<136, UInt8>

  /// Takes a key, and starts with no bytes.
  ///
  /// - Parameter key: the secret; one that is longer than a block of the hash function is hashed first.
  /// - Precondition: The hash function is one with blocks that HMAC is defined for: not SHAKE256.
  public init(key: Span<UInt8>) {
    let size = HMAC.blockSize
    var block = InlineArray<136, UInt8>(repeating: 0)
    if key.count > size {
      let digest = Hash.digest(of: key)
      for index in 0..<digest.bytes.count { block[index] = digest.bytes[index] }
    } else {
      for index in 0..<key.count { block[index] = key[index] }
    }
    self.key = block
    for index in 0..<size { block[index] ^= 0x36 }
    inner = Hash()
    inner.update(block.span.extracting(0..<size))
  }

  /// Feeds bytes; any division into calls gives the same code.
  public mutating func update(_ bytes: Span<UInt8>) {
    inner.update(bytes)
  }

  /// Ends, and returns the code.
  ///
  /// Whoever compares it with one that came from outside uses ``verify(tag:)`` or ``isEqualInConstantTime(_:_:)``.
  public consuming func finalize() -> Digest {
    var block = key
    let size = HMAC.blockSize
    for index in 0..<size { block[index] ^= 0x5c }
    let digest = inner.finalize()
    var outer = Hash()
    outer.update(block.span.extracting(0..<size))
    outer.update(digest.bytes)
    return outer.finalize()
  }

  /// Ends, and returns only if the code is this one, all of it.
  ///
  /// - Parameter tag: the code that came with the bytes.
  /// - Throws: ``CryptoError/authenticationFailed`` if it is another one, or a part of it.
  public consuming func verify(tag: Span<UInt8>) throws(CryptoError) {
    let code = finalize()
    guard isEqualInConstantTime(code.bytes, tag) else { throw .authenticationFailed }
  }

  /// The code of bytes that are all at hand.
  public static func code(for bytes: Span<UInt8>, key: Span<UInt8>) -> Digest {
    var code = HMAC(key: key)
    code.update(bytes)
    return code.finalize()
  }

  /// The bytes that the function takes at once: FIPS 180-4, section 1; FIPS 202, section 7; RFC 7693, section 2.1.
  private static var blockSize: Int {
    switch Hash.algorithm {
    case .sha256: 64
    case .sha384, .sha512, .blake2b256: 128
    case .sha3Bits256: 136
    case .sha3Bits384: 104
    case .sha3Bits512: 72
    case .shake256: preconditionFailure("there is no HMAC with SHAKE256")
    }
  }
}
