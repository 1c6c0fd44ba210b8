public import OTACore
public import OTACrypto

/// How an image of ESP-IDF is signed.
///
/// - Note: Source: ESP-IDF, `rom/secure_boot.h`; `espsecure`, `sign-data --version 2`.
public enum EspressifSignatureScheme: UInt8, Sendable {
  /// RSASSA-PSS with a modulus of 3072 bits, SHA-256 and a salt of 32 bytes.
  case rsa3072
  /// ECDSA on P-256 with SHA-256.
  case p256
  /// ECDSA on P-384 with SHA-384.
  case p384

  /// The hash that is signed.
  public var digestAlgorithm: DigestAlgorithm {
    switch self {
    case .rsa3072, .p256: .sha256
    case .p384: .sha384
    }
  }

  /// The length of a signature, in bytes; also that of a key, without the exponent of RSA.
  public var signatureSize: Int {
    switch self {
    case .rsa3072: 384
    case .p256: 64
    case .p384: 96
    }
  }

  /// The length of one number of a key or signature, in bytes.
  var numberSize: Int {
    switch self {
    case .rsa3072: 384
    case .p256: 32
    case .p384: 48
    }
  }

  /// Where the key begins in a block: behind four bytes and the digest.
  var keyOffset: Int { 4 + digestAlgorithm.byteCount }

  /// How many bytes of a block are hashed to name the key.
  var keySize: Int {
    switch self {
    // Modulus, exponent, and two numbers that the hardware needs for the modulus.
    case .rsa3072: 384 + 4 + 384 + 4
    // The number of the curve, x and y.
    case .p256, .p384: 1 + signatureSize
    }
  }

  /// The number of the curve; 0 for RSA.
  var curve: UInt8 {
    switch self {
    case .rsa3072: 0
    case .p256: 2
    case .p384: 3
    }
  }
}

/// The key that belongs to a signature, as the block of the signature brings it along.
///
/// Nobody has to believe it: what is trusted is its digest, see ``EspressifKeyDigests``.
public struct EspressifPublicKey: Equatable, Sendable {
  /// The one scheme that it may be used with.
  public let scheme: EspressifSignatureScheme
  /// The exponent of RSA; 0 for ECDSA.
  public let exponent: UInt32
  private var storage = InlineArray<384, UInt8>(repeating: 0)

  /// Takes the numbers of a key; `nil` if there are not as many bytes as the scheme has.
  ///
  /// - Parameters:
  ///   - scheme: the one scheme that it may be used with.
  ///   - bytes: the modulus, or x and y; each number begins with its most significant byte.
  ///   - exponent: the exponent of RSA; 0 for ECDSA.
  public init?(_ scheme: EspressifSignatureScheme, bytes: Span<UInt8>, exponent: UInt32 = 0) {
    guard bytes.count == scheme.signatureSize else { return nil }
    self.scheme = scheme
    self.exponent = exponent
    for index in 0..<bytes.count { storage[index] = bytes[index] }
  }

  /// The modulus, or x and y; each number begins with its most significant byte.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<scheme.signatureSize) }
  }

  /// Compares scheme and numbers; keys are not secret.
  public static func == (left: EspressifPublicKey, right: EspressifPublicKey) -> Bool {
    guard left.scheme == right.scheme, left.exponent == right.exponent else { return false }
    for index in 0..<left.scheme.signatureSize where left.storage[index] != right.storage[index] {
      return false
    }
    return true
  }
}

/// One of up to three signatures behind an image, with its key; well formed, but nobody has verified it.
///
/// - Note: Source: ESP-IDF, `ets_secure_boot_sig_block_t` in `rom/secure_boot.h`; numbers are little endian there.
public struct EspressifSignatureBlock: Sendable {
  /// The first byte.
  public static var magic: UInt8 { 0xe7 }
  /// The length, in bytes.
  public static var size: Int { 1216 }
  /// The most blocks in a sector.
  public static var maximumCount: Int { 3 }
  /// How many bytes the checksum is over.
  static var checkedSize: Int { 1196 }

  /// The digest of the image that was signed.
  public let imageDigest: Digest
  /// The key that comes with the signature.
  public let key: EspressifPublicKey
  /// The SHA-256 of the key as it stands in the block, which is what chips keep in their eFuses.
  public let keyDigest: Digest
  private var storage = InlineArray<384, UInt8>(repeating: 0)

  /// The signature: for RSA one number, for ECDSA r and s, each with its most significant byte first.
  public var signature: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<key.scheme.signatureSize) }
  }

  /// Reads a block.
  ///
  /// - Parameters:
  ///   - bytes: ``size`` bytes.
  ///   - hash: SHA-256, for the digest of the key.
  /// - Throws: ``EspressifError/signatureDamaged`` for another first byte or number of bytes, a wrong checksum, and kinds of
  ///   signatures that are not known; ``EspressifError/unsupportedCurve(_:)`` for a curve that is not one of
  ///   ``EspressifSignatureScheme``; ``EspressifError/unsupportedHash(_:)`` if `hash` is not SHA-256.
  public init<Hash: HashFunction & ~Copyable>(
    parsing bytes: Span<UInt8>, using hash: Hash.Type
  ) throws(EspressifError) {
    guard Hash.algorithm == .sha256 else { throw .unsupportedHash(Hash.algorithm) }
    guard bytes.count == EspressifSignatureBlock.size, bytes[0] == EspressifSignatureBlock.magic else {
      throw .signatureDamaged
    }
    let checked = bytes.extracting(0..<EspressifSignatureBlock.checkedSize)
    let checksum = bytes.littleEndianWord(at: EspressifSignatureBlock.checkedSize)
    guard CRC32.checksum(of: checked) == checksum else { throw .signatureDamaged }
    let scheme: EspressifSignatureScheme
    switch (bytes[1], bytes[2]) {
    // The byte for the hash has no meaning with RSA.
    case (2, _): scheme = .rsa3072
    case (3, 0): scheme = .p256
    case (3, 1): scheme = .p384
    default: throw .signatureDamaged
    }
    let offset = scheme.keyOffset
    let count = scheme.signatureSize
    var numbers = InlineArray<384, UInt8>(repeating: 0)
    let exponent: UInt32
    switch scheme {
    case .rsa3072:
      numbers.setReversed(bytes, at: offset, count: count, each: count)
      exponent = bytes.littleEndianWord(at: offset + count)
    case .p256, .p384:
      guard bytes[offset] == scheme.curve else { throw .unsupportedCurve(bytes[offset]) }
      numbers.setReversed(bytes, at: offset + 1, count: count, each: scheme.numberSize)
      exponent = 0
    }
    guard let key = EspressifPublicKey(scheme, bytes: numbers.span.extracting(0..<count), exponent: exponent)
    else { throw .signatureDamaged }
    do throws(ParseError) {
      imageDigest = try Digest(
        algorithm: scheme.digestAlgorithm, bytes: bytes.extracting(4..<offset))
    } catch {
      throw .signatureDamaged
    }
    self.key = key
    keyDigest = Hash.digest(of: bytes.extracting(offset..<offset + scheme.keySize))
    storage.setReversed(bytes, at: offset + scheme.keySize, count: count, each: scheme.numberSize)
  }
}

extension InlineArray<384, UInt8> {
  /// Takes numbers one after the other, the bytes of each in reverse.
  fileprivate mutating func setReversed(_ bytes: Span<UInt8>, at offset: Int, count: Int, each size: Int) {
    for index in 0..<count {
      let first = index - index % size
      self[index] = bytes[offset + first + size - 1 - index % size]
    }
  }
}
