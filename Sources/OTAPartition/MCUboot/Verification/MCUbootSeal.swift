import OTACore
import OTACrypto

/// What the unprotected TLVs say: the hash, and who signed it how.
///
/// They are the only ones that no signature covers, so nothing else is let in among them.
struct MCUbootSeal {
  private(set) var hashType: MCUbootTLVType?
  private(set) var keyType: MCUbootTLVType?
  private(set) var signatureType: MCUbootTLVType?
  private var hash = InlineArray<64, UInt8>(repeating: 0)
  private var hashCount = 0
  private var key = InlineArray<64, UInt8>(repeating: 0)
  private var keyCount = 0
  private var signature = InlineArray<64, UInt8>(repeating: 0)
  private var signatureCount = 0
  private var isSignatureBeforeKey = false

  /// Walks the area, each TLV read once.
  init<Device: Flash & ~Copyable>(
    of container: borrowing MCUbootContainer, on flash: inout Device
  ) throws(MCUbootError) {
    var walk = container.tlvs(in: .unprotected)
    while let tlv = try walk.next(reading: &flash) {
      guard let type = tlv.type else { throw .misplaced(tlv.rawType) }
      switch type {
      case .sha256, .sha384, .sha512:
        guard hashType == nil else { throw .duplicate(type) }
        guard tlv.value.size == type.hashSize else { throw .invalidLength(type) }
        hashType = type
        hashCount = try flash.readValue(of: tlv, into: &hash)
      case .keyHash, .publicKey:
        guard keyType == nil else { throw .duplicate(type) }
        keyType = type
        keyCount = try flash.readValue(of: tlv, into: &key)
      case .ed25519, .rsa2048, .rsa3072, .ecdsa224, .ecdsa:
        guard signatureType == nil else { throw .duplicate(type) }
        guard type != .ed25519 || tlv.value.size == 64 else { throw .invalidLength(type) }
        signatureType = type
        isSignatureBeforeKey = keyType == nil
        signatureCount = try flash.readValue(of: tlv, into: &signature)
      case .pureSignature:
        throw .pureSignature
      case .encryptedKeyRSA2048, .encryptedKeyAES, .encryptedKeyP256, .encryptedKeyX25519,
        .encryptedKeyX25519SHA512:
        throw .encrypted
      case .dependency, .securityCounter, .bootRecord, .decompressedSize, .decompressedHash,
        .decompressedSignature, .compressedDecryptedSize, .vendorIdentifier, .classIdentifier:
        throw .misplaced(tlv.rawType)
      }
    }
  }

  /// The hash that stands in the image.
  func digest(_ algorithm: DigestAlgorithm) throws(MCUbootError) -> Digest {
    guard let hashType else { throw .hashMissing }
    guard hashType.digestAlgorithm == algorithm else { throw .unsupportedHash(hashType) }
    do throws(ParseError) {
      return try Digest(algorithm: algorithm, bytes: hash.span.extracting(0..<hashCount))
    } catch {
      throw .invalidLength(hashType)
    }
  }

  /// Checks the signature over a digest that is the image's.
  ///
  /// - Returns: whose it is.
  func verify<Hash: HashFunction & ~Copyable>(
    _ digest: Digest, using hash: Hash.Type, verifier: some SignatureVerifier, keys: borrowing MCUbootKeys
  ) throws(MCUbootError) -> PublicKey {
    guard let signatureType else { throw .signatureMissing }
    guard signatureType == .ed25519 else { throw .unsupportedSignature(signatureType) }
    // MCUboot looks for the key when it meets the TLV that names it, and passes over signatures before that.
    guard let keyType, !isSignatureBeforeKey else { throw .keyMissing }
    let signer = try keys.key(named: key.span.extracting(0..<keyCount), by: keyType, using: hash)
    // The type of the signature and the key must say the same.
    guard signer.algorithm == .ed25519 else { throw .unsupportedSignature(signatureType) }
    do throws(CryptoError) {
      try verifier.verify(
        signature: signature.span.extracting(0..<signatureCount), of: digest.bytes, by: signer)
    } catch {
      throw .crypto(error)
    }
    return signer
  }
}

extension MCUbootTLVType {
  /// The length of a hash of this type.
  var hashSize: UInt32 {
    switch self {
    case .sha384: 48
    case .sha512: 64
    default: 32
    }
  }

  /// The function that makes hashes of this type, if this project knows it.
  var digestAlgorithm: DigestAlgorithm? {
    switch self {
    case .sha256: .sha256
    case .sha512: .sha512
    default: nil
    }
  }
}

extension Flash where Self: ~Copyable {
  /// Reads the value of a TLV; of one that is longer than the buffer, nothing, which no key and no signature is.
  ///
  /// - Returns: how many bytes it has in the buffer.
  fileprivate mutating func readValue(
    of tlv: MCUbootTLV, into buffer: inout InlineArray<64, UInt8>
  ) throws(MCUbootError) -> Int {
    guard tlv.value.size <= 64 else { return 0 }
    let count = Int(tlv.value.size)
    var whole = buffer.mutableSpan
    var window = whole.prefix(count)
    try readImage(into: &window, at: tlv.value.lowerBound)
    return count
  }
}
