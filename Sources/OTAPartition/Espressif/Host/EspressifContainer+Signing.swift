#if !hasFeature(Embedded)
public import OTACore
public import OTACrypto

/// Something that signs images of ESP-IDF with one private key, wherever that is.
public protocol EspressifSigner: Sendable {
  /// The public part of the key.
  var publicKey: EspressifPublicKey { get }

  /// Signs a digest.
  ///
  /// - Parameter digest: of the function that the scheme of the key says; it is not hashed again.
  /// - Returns: the signature, each number with its most significant byte first, as long as the scheme says.
  /// - Throws: a `CryptoError`; `CryptoError.unavailable` if the key can not be reached now.
  func signature(for digest: Digest) async throws(CryptoError) -> [UInt8]
}

extension EspressifContainer {
  /// Signs the image.
  ///
  /// What is behind the image up to the signatures is signed too. If there are none yet it is what `espsecure` writes:
  /// bytes of 0xff up to the next multiple of 4096 from the start of the image.
  ///
  /// - Parameters:
  ///   - flash: where the image is; it is only read.
  ///   - signer: signs; the key goes into the image.
  ///   - keepsOthers: whether signatures that are there stay before the new one. Nobody checks them here, but for their
  ///     form and what image they are for.
  ///   - hash: SHA-256.
  ///   - signedHash: the hash of the signer's scheme.
  /// - Returns: what belongs behind ``end``: padding, and the sector of signatures.
  /// - Throws: what ``check(on:using:)`` throws; ``EspressifError/crypto(_:)`` if the signer gives no signature;
  ///   ``EspressifError/unsupportedHash(_:)`` if `signedHash` is not that of the scheme. With `keepsOthers`:
  ///   ``EspressifError/tooManySignatures`` if there is no room for one more, ``EspressifError/signatureDamaged``,
  ///   ``EspressifError/unsupportedCurve(_:)`` for a block that cannot be read, ``EspressifError/signedDigestMismatch``
  ///   for one of another image.
  public func signature<
    Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable, SignedHash: HashFunction & ~Copyable
  >(
    on flash: inout Device, by signer: some EspressifSigner, keepsOthers: Bool, using hash: Hash.Type,
    signedHash: SignedHash.Type
  ) async throws(EspressifError) -> [UInt8] {
    let scheme = signer.publicKey.scheme
    guard SignedHash.algorithm == scheme.digestAlgorithm else {
      throw .unsupportedHash(SignedHash.algorithm)
    }
    let (_, digest) = try hashForSignature(on: &flash, using: hash, signedHash: signedHash)
    var blocks = keepsOthers ? try otherBlocks(on: &flash, using: hash, of: digest) : []
    let room = EspressifSignatureBlock.maximumCount * EspressifSignatureBlock.size
    guard blocks.count < room else { throw .tooManySignatures }
    let signature: [UInt8]
    do throws(CryptoError) {
      signature = try await signer.signature(for: digest)
    } catch {
      throw .crypto(error)
    }
    guard signature.count == scheme.signatureSize else { throw .crypto(.unavailable) }
    blocks += EspressifSignatureBlock.octets(signature, of: digest, by: signer.publicKey)
    let sectorSize = Int(EspressifContainer.signatureSectorSize)
    let padding = try padding(on: &flash)
    return padding + blocks + [UInt8](repeating: 0xff, count: sectorSize - blocks.count)
  }

  /// What is between the image and its signatures, or will be.
  private func padding<Device: Flash & ~Copyable>(
    on flash: inout Device
  ) throws(EspressifError) -> [UInt8] {
    let unit = EspressifContainer.signatureSectorSize
    var padding = [UInt8](repeating: 0xff, count: Int((unit - size % unit) % unit))
    if signatureSector != nil {
      var window = padding.mutableSpan
      try flash.readEspressif(into: &window, at: end)
    }
    return padding
  }

  /// The blocks that are there, as they are.
  private func otherBlocks<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    on flash: inout Device, using hash: Hash.Type, of digest: Digest
  ) throws(EspressifError) -> [UInt8] {
    guard let signatureSector else { return [] }
    var blocks: [UInt8] = []
    for index in 0..<EspressifSignatureBlock.maximumCount {
      var bytes = [UInt8](repeating: 0, count: EspressifSignatureBlock.size)
      var window = bytes.mutableSpan
      let offset = UInt32(index * EspressifSignatureBlock.size)
      try flash.readEspressif(into: &window, at: signatureSector.lowerBound + offset)
      guard bytes[0] == EspressifSignatureBlock.magic else { break }
      let block = try EspressifSignatureBlock(parsing: bytes.span, using: hash)
      // A block with another hash cannot be compared; chips take one scheme only.
      guard block.imageDigest == digest else { throw .signedDigestMismatch }
      blocks += bytes
    }
    return blocks
  }
}

extension EspressifSignatureBlock {
  /// A block as it stands in an image.
  fileprivate static func octets(
    _ signature: [UInt8], of digest: Digest, by key: EspressifPublicKey
  ) -> [UInt8] {
    let kind: [UInt8] =
      switch key.scheme {
      case .rsa3072: [2, 0]
      case .p256: [3, 0]
      case .p384: [3, 1]
      }
    var bytes = [magic] + kind + [0]
    for index in 0..<digest.bytes.count { bytes.append(digest.bytes[index]) }
    bytes += key.encoded + signature.span.reversedNumbers(of: key.scheme)
    bytes += [UInt8](repeating: 0, count: checkedSize - bytes.count)
    bytes += CRC32.checksum(of: bytes.span).leastFirstOctets
    return bytes + [UInt8](repeating: 0, count: size - bytes.count)
  }
}
#endif
