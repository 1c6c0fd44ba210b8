import OTACore
public import OTACrypto

extension EspressifContainer {
  /// Checks the checksum, the SHA-256, and that a key that is trusted has signed the image.
  ///
  /// Up to three signatures are looked at, in their order, and one that is good is enough. As on the chip, blocks that are
  /// damaged, of another scheme, or of keys that are not trusted are passed over.
  ///
  /// Whether this image may run on this device is not looked at: see ``EspressifHeader/require(_:revision:)`` and
  /// ``EspressifContents/requireSecureVersion(atLeast:)``.
  ///
  /// - Parameters:
  ///   - flash: the device; it is only read, each byte of the image once.
  ///   - hash: SHA-256.
  ///   - signedHash: the hash of the scheme, see ``EspressifSignatureScheme/digestAlgorithm``.
  ///   - verifier: checks the signature.
  ///   - keys: who may sign.
  /// - Returns: the proof.
  /// - Throws: what ``check(on:using:)`` throws; ``EspressifError/signatureMissing``. If no signature is good, what was
  ///   wrong with the one that came nearest to it: ``EspressifError/crypto(_:)``, then
  ///   ``EspressifError/signedDigestMismatch``, ``EspressifError/keyNotTrusted``,
  ///   ``EspressifError/unsupportedHash(_:)`` for a scheme with another hash than `signedHash`,
  ///   ``EspressifError/unsupportedCurve(_:)``, ``EspressifError/signatureDamaged``.
  public func verify<
    Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable, SignedHash: HashFunction & ~Copyable
  >(
    on flash: inout Device, using hash: Hash.Type, signedHash: SignedHash.Type,
    verifier: some EspressifSignatureVerifier, keys: borrowing EspressifKeyDigests
  ) throws(EspressifError) -> VerifiedEspressifImage {
    guard let signatureSector else { throw .signatureMissing }
    let (contents, digest) = try hashForSignature(on: &flash, using: hash, signedHash: signedHash)
    var failure = EspressifError.signatureMissing
    var good: EspressifSignatureBlock?
    for index in 0..<EspressifSignatureBlock.maximumCount where good == nil {
      do throws(EspressifError) {
        guard let block = try flash.signatureBlock(index, in: signatureSector, using: hash) else { continue }
        try block.verify(digest, verifier: verifier, keys: keys)
        good = block
      } catch {
        if case .flash = error { throw error }
        if error.nearness > failure.nearness { failure = error }
      }
    }
    guard let good else { throw failure }
    return VerifiedEspressifImage(container: self, contents: contents, block: good)
  }

  /// Reads one of the signatures.
  ///
  /// - Parameters:
  ///   - index: 0, 1 or 2.
  ///   - flash: the device; it is only read.
  ///   - hash: SHA-256, for the digest of the key.
  /// - Returns: the block, which nobody has verified; `nil` if there is none at this index.
  /// - Throws: what ``EspressifSignatureBlock/init(parsing:using:)`` throws; ``EspressifError/flash(_:)``.
  /// - Precondition: the index is from 0 to ``EspressifSignatureBlock/maximumCount`` - 1.
  public func signatureBlock<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ index: Int, on flash: inout Device, using hash: Hash.Type
  ) throws(EspressifError) -> EspressifSignatureBlock? {
    precondition(index >= 0 && index < EspressifSignatureBlock.maximumCount, "no such signature")
    guard let signatureSector else { return nil }
    return try flash.signatureBlock(index, in: signatureSector, using: hash)
  }

  /// Checks the image, and makes the digest that is signed: over the image, and what is behind it up to the signatures.
  func hashForSignature<
    Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable, SignedHash: HashFunction & ~Copyable
  >(
    on flash: inout Device, using hash: Hash.Type, signedHash: SignedHash.Type
  ) throws(EspressifError) -> (contents: EspressifContents, digest: Digest) {
    guard Hash.algorithm == .sha256 else { throw .unsupportedHash(Hash.algorithm) }
    var first = Hash()
    var second = SignedHash()
    let description = try walk(on: &flash, into: &first, and: &second)
    let contents = EspressifContents(digest: first.finalize(), description: description)
    if let digest = try checkDigest(of: contents, on: &flash) { second.update(digest.bytes) }
    if let signatureSector {
      var rest = end..<signatureSector.lowerBound
      var buffer = InlineArray<512, UInt8>(repeating: 0)
      while !rest.isEmpty {
        let part = try flash.readEspressifPart(&rest, into: &buffer)
        second.update(buffer.span.extracting(part))
      }
    } else {
      // Padding that is not there yet, as `espsecure` writes it.
      let padding = InlineArray<1, UInt8>(repeating: 0xff)
      let unit = EspressifContainer.signatureSectorSize
      for _ in 0..<(unit - size % unit) % unit { second.update(padding.span) }
    }
    return (contents, second.finalize())
  }
}

extension Flash where Self: ~Copyable {
  /// Reads a block of a sector; `nil` if there is none.
  fileprivate mutating func signatureBlock<Hash: HashFunction & ~Copyable>(
    _ index: Int, in sector: Range<UInt32>, using hash: Hash.Type
  ) throws(EspressifError) -> EspressifSignatureBlock? {
    var bytes = InlineArray<1216, UInt8>(repeating: 0)
    var window = bytes.mutableSpan
    try readEspressif(
      into: &window, at: sector.lowerBound + UInt32(index) * UInt32(EspressifSignatureBlock.size))
    guard bytes[0] == EspressifSignatureBlock.magic else { return nil }
    return try EspressifSignatureBlock(parsing: bytes.span, using: hash)
  }
}

extension EspressifSignatureBlock {
  /// Checks the signature over a digest that is the image's.
  fileprivate borrowing func verify(
    _ digest: Digest, verifier: some EspressifSignatureVerifier, keys: borrowing EspressifKeyDigests
  ) throws(EspressifError) {
    let needed = key.scheme.digestAlgorithm
    guard needed == digest.algorithm else { throw .unsupportedHash(needed) }
    guard keys.contains(keyDigest) else { throw .keyNotTrusted }
    guard imageDigest == digest else { throw .signedDigestMismatch }
    do throws(CryptoError) {
      try verifier.verify(signature: signature, of: digest, by: key)
    } catch {
      throw .crypto(error)
    }
  }
}

extension EspressifError {
  /// How near a signature came to a good one.
  fileprivate var nearness: Int {
    switch self {
    case .crypto: 6
    case .signedDigestMismatch: 5
    case .keyNotTrusted: 4
    case .unsupportedHash: 3
    case .unsupportedCurve: 2
    case .signatureDamaged: 1
    case .signatureMissing, .flash, .noImage, .segmentCount, .invalidHeader, .segmentLength, .outOfSlot,
      .checksumMismatch, .digestMismatch, .tooManyKeys, .wrongChip, .wrongRevision, .descriptionMissing,
      .secureVersionTooLow, .tooManySignatures:
      0
    }
  }
}
