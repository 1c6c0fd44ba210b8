import OTACore
import OTACrypto

/// What the unprotected TLVs say: the hash, who signed it how, and how the image is encrypted.
///
/// They are the only ones that no signature covers, so nothing else is let in among them. Key and signature are read
/// when they are checked, once: what they are is decided by the check alone.
struct MCUbootSeal {
  private(set) var hashType: MCUbootTLVType?
  private var hash = InlineArray<64, UInt8>(repeating: 0)
  private var hashCount = 0
  private var key: MCUbootTLV?
  private var signature: MCUbootTLV?
  private var isSignatureBeforeKey = false
  private var contentKeyType: MCUbootTLVType?

  /// Walks the area.
  ///
  /// - Parameters:
  ///   - container: the image.
  ///   - flash: where it is.
  ///   - encrypted: whether there must be a key for the contents; otherwise there must be none.
  /// - Throws: an error of the format.
  init<Device: Flash & ~Copyable>(
    of container: borrowing MCUbootContainer, on flash: inout Device, encrypted: Bool
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
        guard key == nil else { throw .duplicate(type) }
        key = tlv
      case .ed25519, .rsa2048, .rsa3072, .ecdsa224, .ecdsa:
        guard signature == nil else { throw .duplicate(type) }
        guard type.canHaveSignature(ofSize: tlv.value.size) else { throw .invalidLength(type) }
        signature = tlv
        isSignatureBeforeKey = key == nil
      case .pureSignature:
        throw .pureSignature
      case .encryptedKeyRSA2048, .encryptedKeyAES, .encryptedKeyP256, .encryptedKeyX25519,
        .encryptedKeyX25519SHA512:
        guard encrypted else { throw .encrypted }
        guard contentKeyType == nil else { throw .duplicate(type) }
        contentKeyType = type
      case .dependency, .securityCounter, .bootRecord, .decompressedSize, .decompressedHash,
        .decompressedSignature, .compressedDecryptedSize, .vendorIdentifier, .classIdentifier:
        throw .misplaced(tlv.rawType)
      }
    }
    guard !encrypted || contentKeyType != nil else { throw .contentKeyMissing }
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

  /// The TLVs of signature and key, if there are both in the right order.
  private func claim() throws(MCUbootError) -> (signature: MCUbootTLV, key: MCUbootTLV) {
    guard let signature else { throw .signatureMissing }
    // MCUboot looks for the key when it meets the TLV that names it, and passes over signatures before that.
    guard let key, !isSignatureBeforeKey else { throw .keyMissing }
    return (signature, key)
  }

  /// Checks a signature of Ed25519 over a digest that is the image's.
  ///
  /// - Returns: the hash of the key.
  func verify<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ digest: Digest, on flash: inout Device, using hash: Hash.Type, verifier: some SignatureVerifier,
    keys: borrowing MCUbootKeys
  ) throws(MCUbootError) -> Digest {
    guard let type = signature?.type else { throw .signatureMissing }
    guard type == .ed25519 else { throw .unsupportedSignature(type) }
    let (signatureTLV, keyTLV) = try claim()
    var name = InlineArray<64, UInt8>(repeating: 0)
    let nameCount = try flash.readValue(of: keyTLV, into: &name)
    let isWholeKey = keyTLV.type == .publicKey
    let signer = try keys.key(
      named: name.span.extracting(0..<nameCount), isWholeKey: isWholeKey, using: hash)
    // The type of the signature and the key must say the same.
    guard signer.algorithm == .ed25519 else { throw .signatureNotOfKey(type) }
    var bytes = InlineArray<64, UInt8>(repeating: 0)
    let count = try flash.readValue(of: signatureTLV, into: &bytes)
    do throws(CryptoError) {
      try verifier.verify(signature: bytes.span.extracting(0..<count), of: digest.bytes, by: signer)
    } catch {
      throw .crypto(error)
    }
    return try Self.keyHash(name.span.extracting(0..<nameCount), isWholeKey: isWholeKey, using: hash)
  }

  /// Has a signature over a digest that is the image's checked.
  ///
  /// - Returns: the hash of the key.
  func verify<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ digest: Digest, on flash: inout Device, using hash: Hash.Type,
    by verifier: some MCUbootSignatureVerifier
  ) throws(MCUbootError) -> Digest {
    let (signature, key) = try claim()
    // Elliptic curves need far less than RSA; where only they are used, so is only the smaller stack frame.
    if signature.value.size <= 160, key.value.size <= 160 {
      return try verify(
        digest, on: &flash, using: hash, by: verifier, signature, key,
        buffer: InlineArray<160, UInt8>(repeating: 0))
    }
    return try verify(
      digest, on: &flash, using: hash, by: verifier, signature, key,
      buffer: InlineArray<512, UInt8>(repeating: 0))
  }

  @inline(never)
  private func verify<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable, let capacity: Int>(
    _ digest: Digest, on flash: inout Device, using hash: Hash.Type,
    by verifier: some MCUbootSignatureVerifier, _ signatureTLV: MCUbootTLV, _ keyTLV: MCUbootTLV,
    buffer: InlineArray<capacity, UInt8>
  ) throws(MCUbootError) -> Digest {
    guard let type = signatureTLV.type, let hashType else { throw .signatureMissing }
    var name = buffer
    let nameCount = try flash.readValue(of: keyTLV, into: &name)
    guard nameCount > 0 else { throw .keyNotTrusted }
    var bytes = buffer
    let count = try flash.readValue(of: signatureTLV, into: &bytes)
    let isWholeKey = keyTLV.type == .publicKey
    let signature = MCUbootSignature(
      type, bytes.span.extracting(0..<count), over: digest, hashType,
      keyName: name.span.extracting(0..<nameCount), isWholeKey: isWholeKey)
    try verifier.verify(signature, using: hash)
    return try Self.keyHash(name.span.extracting(0..<nameCount), isWholeKey: isWholeKey, using: hash)
  }

  /// The hash of the key that a name is found to stand for.
  private static func keyHash<Hash: HashFunction & ~Copyable>(
    _ name: Span<UInt8>, isWholeKey: Bool, using hash: Hash.Type
  ) throws(MCUbootError) -> Digest {
    guard !isWholeKey else { return Hash.digest(of: name) }
    do throws(ParseError) {
      return try Digest(algorithm: Hash.algorithm, bytes: name)
    } catch {
      // A verifier that believes in a name that is no hash.
      throw .keyNotTrusted
    }
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

  /// The function that makes hashes of this type.
  var digestAlgorithm: DigestAlgorithm? {
    switch self {
    case .sha256: .sha256
    case .sha384: .sha384
    case .sha512: .sha512
    default: nil
    }
  }

  /// Whether a signature of this type can have this length.
  fileprivate func canHaveSignature(ofSize size: UInt32) -> Bool {
    switch self {
    case .ed25519: size == 64
    case .rsa2048: size == 256
    case .rsa3072: size == 384
    default: true
    }
  }
}

extension Flash where Self: ~Copyable {
  /// Reads the value of a TLV; of one that is longer than the buffer, nothing, which no key and no signature is.
  ///
  /// - Returns: how many bytes it has in the buffer.
  mutating func readValue<let capacity: Int>(
    of tlv: MCUbootTLV, into buffer: inout InlineArray<capacity, UInt8>
  ) throws(MCUbootError) -> Int {
    guard tlv.value.size <= UInt32(capacity) else { return 0 }
    let count = Int(tlv.value.size)
    var whole = buffer.mutableSpan
    var window = whole.prefix(count)
    try readImage(into: &window, at: tlv.value.lowerBound)
    return count
  }
}
