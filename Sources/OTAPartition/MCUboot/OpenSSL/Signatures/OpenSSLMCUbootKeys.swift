import OTACore
public import OTACrypto
public import OTACryptoOpenSSL
public import OTAPartition

/// Keys for ECDSA (P-256, P-384) and RSA (2048, 3072) whose signatures under images of MCUboot are believed.
///
/// Each key signs in one way, with one hash function: P-384 with SHA-384, all others with SHA-256. An image that has
/// another one is refused, whatever its signature is.
public struct OpenSSLMCUbootKeys: MCUbootSignatureVerifier, Sendable {
  /// The most keys that a set holds.
  public static let capacity = MCUbootKeys.capacity

  private struct Entry: Sendable {
    let key: OpenSSLPublicKey
    let encoding: [UInt8]
    let use: MCUbootKeyUse
  }

  private var entries: [Entry] = []

  /// Trusts nobody.
  public init() {}

  /// How many keys are trusted.
  public var count: Int { entries.count }

  /// Trusts one more key.
  ///
  /// Adding a key twice is not an error.
  ///
  /// - Throws: ``OTAPartition/MCUbootError/tooManyKeys`` if the set already holds ``capacity`` other keys,
  ///   ``OTAPartition/MCUbootError/crypto(_:)`` with `CryptoError.unsupportedAlgorithm` for a kind that signs no images.
  public mutating func add(_ key: OpenSSLPublicKey) throws(MCUbootError) {
    guard let use = MCUbootKeyUse(key.kind) else { throw .crypto(.unsupportedAlgorithm) }
    let encoding: [UInt8]
    do throws(CryptoError) {
      encoding = try key.mcubootEncoding()
    } catch {
      throw .crypto(error)
    }
    guard !entries.contains(where: { $0.encoding == encoding }) else { return }
    guard entries.count < OpenSSLMCUbootKeys.capacity else { throw .tooManyKeys }
    entries.append(Entry(key: key, encoding: encoding, use: use))
  }

  /// Returns only if one of the keys is named, and this is its signature over the hash.
  ///
  /// Zeros behind a signature of ECDSA are allowed where it has the length to which boot loaders before 1.5 wanted it
  /// padded.
  public func verify<Hash: HashFunction & ~Copyable>(
    _ signature: borrowing MCUbootSignature, using hash: Hash.Type
  ) throws(MCUbootError) {
    switch signature.type {
    case .ecdsa, .rsa2048, .rsa3072: break
    default: throw .unsupportedSignature(signature.type)
    }
    var named: Entry?
    for entry in entries where signature.names(entry.encoding.span, using: Hash.self) { named = entry }
    guard let named else { throw .keyNotTrusted }
    guard named.use.signatureType == signature.type else { throw .signatureNotOfKey(signature.type) }
    guard named.use.hashType == signature.hashType else { throw .hashNotOfKey(signature.hashType) }
    let bytes = signature.bytes
    let count = Self.countWithoutPadding(bytes, named.key.kind)
    do throws(CryptoError) {
      try named.key.verify(
        signature: bytes.extracting(0..<count), ofDigest: signature.digest, scheme: named.use.scheme)
    } catch {
      throw .crypto(error)
    }
  }

  /// The length of a signature without the zeros behind it.
  ///
  /// - Note: Source: `imgtool`, `sig_len`; the longest signature of P-256 has 72 bytes, that of P-384 104, and `imgtool`
  ///   pads the latter to 103.
  private static func countWithoutPadding(_ signature: Span<UInt8>, _ kind: OpenSSLKeyKind) -> Int {
    guard let size = kind.paddedSignatureSize, signature.count == size else { return signature.count }
    let count = Int(signature[1]) + 2
    guard count < size else { return size }
    for index in count..<size where signature[index] != 0 { return size }
    return count
  }
}

extension OpenSSLKeyKind {
  /// The length to which signatures were padded once; `nil` where they were not.
  var paddedSignatureSize: Int? {
    switch self {
    case .p256: 72
    case .p384: 103
    case .rsa2048, .rsa3072, .rsa4096, .x25519: nil
    }
  }
}
