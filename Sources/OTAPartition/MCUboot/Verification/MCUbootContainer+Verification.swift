import OTACore
public import OTACrypto

extension MCUbootContainer {
  /// Checks hash and signature of the image, with keys for Ed25519.
  ///
  /// Accepted is what `imgtool` writes for Ed25519: one hash over header, firmware and protected TLVs, one TLV that names
  /// the key, and behind it one signature over the hash. Refused are two of them (an image with two signatures too),
  /// anything else among the unprotected TLVs, reserved protected TLVs without a meaning, flags without one, and
  /// encrypted images. Protected TLVs of vendors are passed over; read them with ``tlvs(in:)``.
  ///
  /// Whether this image may run on this device is not looked at: see ``MCUbootContents``, ``MCUbootHeader/flags`` and
  /// ``MCUbootHeader/loadAddress``.
  ///
  /// - Parameters:
  ///   - flash: the device; it is only read.
  ///   - hash: the function of the image's hash.
  ///   - verifier: checks the signature.
  ///   - keys: who may sign.
  /// - Returns: the proof.
  /// - Throws: what ``digest(on:using:)`` throws; ``MCUbootError/signatureMissing``, ``MCUbootError/keyMissing``,
  ///   ``MCUbootError/unsupportedSignature(_:)``; ``MCUbootError/keyNotTrusted``;
  ///   ``MCUbootError/signatureNotOfKey(_:)``; ``MCUbootError/crypto(_:)``.
  public func verify<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    on flash: inout Device, using hash: Hash.Type, verifier: some SignatureVerifier,
    keys: borrowing MCUbootKeys
  ) throws(MCUbootError) -> VerifiedMCUbootImage {
    let (contents, seal) = try open(on: &flash, using: hash)
    let keyHash = try seal.verify(contents.digest, on: &flash, using: hash, verifier: verifier, keys: keys)
    return VerifiedMCUbootImage(container: self, contents: contents, keyHash: keyHash)
  }

  /// Checks hash and signature of the image, of any kind that the verifier knows.
  ///
  /// The rules are those of ``verify(on:using:verifier:keys:)``.
  ///
  /// - Parameters:
  ///   - flash: the device; it is only read.
  ///   - hash: the function of the image's hash.
  ///   - verifier: decides about the signature.
  /// - Returns: the proof.
  /// - Throws: what ``digest(on:using:)`` and the verifier throw; ``MCUbootError/signatureMissing``,
  ///   ``MCUbootError/keyMissing``; ``MCUbootError/keyNotTrusted`` for a key of more than 512 bytes.
  public func verify<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    on flash: inout Device, using hash: Hash.Type, by verifier: some MCUbootSignatureVerifier
  ) throws(MCUbootError) -> VerifiedMCUbootImage {
    let (contents, seal) = try open(on: &flash, using: hash)
    let keyHash = try seal.verify(contents.digest, on: &flash, using: hash, by: verifier)
    return VerifiedMCUbootImage(container: self, contents: contents, keyHash: keyHash)
  }

  /// Checks the hash of the image only: that nothing broke, not who made it.
  ///
  /// - Parameters:
  ///   - flash: the device; it is only read.
  ///   - hash: the function of the image's hash.
  /// - Returns: what the image says; anybody may have written it.
  /// - Throws: ``MCUbootError/encrypted``, ``MCUbootError/compressed``, ``MCUbootError/unknownFlags(_:)``;
  ///   ``MCUbootError/pureSignature``; ``MCUbootError/hashMissing``, ``MCUbootError/unsupportedHash(_:)``;
  ///   ``MCUbootError/duplicate(_:)``, ``MCUbootError/misplaced(_:)``, ``MCUbootError/unknownType(_:)``,
  ///   ``MCUbootError/invalidLength(_:)``, ``MCUbootError/tooManyDependencies`` for TLVs;
  ///   ``MCUbootError/digestMismatch``; ``MCUbootError/flash(_:)``; ``MCUbootError/malformedTLVArea`` if the flash reads
  ///   otherwise than before.
  public func digest<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    on flash: inout Device, using hash: Hash.Type
  ) throws(MCUbootError) -> MCUbootContents {
    try open(on: &flash, using: hash).contents
  }

  /// The type of the hash that the image has, to choose the function by; it may not be supported.
  ///
  /// - Parameter flash: the device; it is only read.
  /// - Returns: the type of the first hash.
  /// - Throws: ``MCUbootError/hashMissing``; ``MCUbootError/malformedTLVArea``, ``MCUbootError/flash(_:)``.
  public func hashType<Device: Flash & ~Copyable>(
    on flash: inout Device
  ) throws(MCUbootError) -> MCUbootTLVType {
    var walk = tlvs(in: .unprotected)
    while let tlv = try walk.next(reading: &flash) {
      if let type = tlv.type, type.isHash { return type }
    }
    throw .hashMissing
  }

  private func open<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    on flash: inout Device, using hash: Hash.Type
  ) throws(MCUbootError) -> (contents: MCUbootContents, seal: MCUbootSeal) {
    var cipher = MCUbootPlainPayload()
    return try open(on: &flash, using: hash, decrypting: &cipher, encrypted: false)
  }

  /// Checks the hash.
  ///
  /// - Parameters:
  ///   - flash: the device.
  ///   - hash: the function of the image's hash.
  ///   - cipher: what the firmware goes through before it is hashed.
  ///   - encrypted: what the header must say.
  /// - Returns: what the signed part says, and what is not signed.
  /// - Throws: an error of the format, or ``MCUbootError/digestMismatch``.
  func open<
    Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable, Cipher: MCUbootPayloadCipher & ~Copyable
  >(
    on flash: inout Device, using hash: Hash.Type, decrypting cipher: inout Cipher, encrypted: Bool
  ) throws(MCUbootError) -> (contents: MCUbootContents, seal: MCUbootSeal) {
    try header.flags.requireSupported(encrypted: encrypted)
    let seal = try MCUbootSeal(of: self, on: &flash, encrypted: encrypted)
    let expected = try seal.digest(Hash.algorithm)

    var function = Hash()
    function.update(headerBytes.span)
    var plain = MCUbootPlainPayload()
    let padding = start + UInt32(MCUbootHeader.minimumSize)..<firmware.lowerBound
    try flash.hash(padding, into: &function, decrypting: &plain)
    try flash.hash(firmware, into: &function, decrypting: &cipher)
    var contents = MCUbootContents(digest: expected)
    try hashProtectedTLVs(on: &flash, into: &function, contents: &contents)
    guard function.finalize() == expected else { throw .digestMismatch }
    return (contents, seal)
  }

  /// Hashes the protected area, and parses what is hashed.
  func hashProtectedTLVs<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    on flash: inout Device, into function: inout Hash, contents: inout MCUbootContents
  ) throws(MCUbootError) {
    guard !protectedArea.isEmpty else { return }
    var plain = MCUbootPlainPayload()
    let head = MCUbootHead(MCUbootTLV.protectedAreaMagic, header.protectedTLVSize).bytes
    function.update(head.span)
    var walk = tlvs(in: .protected)
    while let tlv = try walk.next(reading: &flash) {
      let head = MCUbootHead(tlv.rawType, UInt16(truncatingIfNeeded: tlv.value.size)).bytes
      function.update(head.span)
      guard let type = tlv.type else {
        guard tlv.isVendor else { throw .unknownType(tlv.rawType) }
        try flash.hash(tlv.value, into: &function, decrypting: &plain)
        continue
      }
      switch type {
      case .securityCounter:
        guard contents.securityCounter == nil else { throw .duplicate(type) }
        let field = try flash.hashField(of: tlv, type, count: 4, into: &function)
        contents.securityCounter = field.littleEndian(at: 0)
      case .dependency:
        let field = try flash.hashField(of: tlv, type, count: 12, into: &function)
        try contents.append(field.dependency)
      case .vendorIdentifier:
        guard contents.vendorID == nil else { throw .duplicate(type) }
        let field = try flash.hashField(of: tlv, type, count: 16, into: &function)
        contents.vendorID = field.identifier
      case .classIdentifier:
        guard contents.classID == nil else { throw .duplicate(type) }
        let field = try flash.hashField(of: tlv, type, count: 16, into: &function)
        contents.classID = field.identifier
      case .bootRecord:
        guard contents.bootRecord == nil else { throw .duplicate(type) }
        try flash.hash(tlv.value, into: &function, decrypting: &plain)
        contents.bootRecord = tlv.value
      case .encryptedKeyRSA2048, .encryptedKeyAES, .encryptedKeyP256, .encryptedKeyX25519,
        .encryptedKeyX25519SHA512:
        throw .encrypted
      case .decompressedSize, .decompressedHash, .decompressedSignature, .compressedDecryptedSize:
        throw .compressed
      case .keyHash, .publicKey, .sha256, .sha384, .sha512, .rsa2048, .ecdsa224, .ecdsa, .rsa3072, .ed25519,
        .pureSignature:
        throw .misplaced(tlv.rawType)
      }
    }
  }
}

extension Flash where Self: ~Copyable {
  /// Feeds a range of bytes to a hash function through a cipher, in reads of up to 512.
  fileprivate mutating func hash<
    Hash: HashFunction & ~Copyable, Cipher: MCUbootPayloadCipher & ~Copyable
  >(
    _ range: Range<UInt32>, into function: inout Hash, decrypting cipher: inout Cipher
  ) throws(MCUbootError) {
    let unit = geometry.readSize
    var buffer = InlineArray<512, UInt8>(repeating: 0)
    var position = range.lowerBound
    while position < range.upperBound {
      // The device begins and ends at borders of units, so that rounding stays inside.
      let skipped = position % unit
      let end = skipped + min(512 - skipped, range.upperBound - position)
      let rounded = (end + unit - 1) / unit * unit
      do throws(FlashError) {
        var whole = buffer.mutableSpan
        var window = whole.prefix(Int(rounded))
        try read(into: &window, at: position - skipped)
      } catch {
        throw .flash(error)
      }
      do throws(CryptoError) {
        var whole = buffer.mutableSpan
        var tail = whole.dropping(Int(skipped))
        var window = tail.prefix(Int(end - skipped))
        try cipher.decrypt(&window)
      } catch {
        throw .crypto(error)
      }
      function.update(buffer.span.extracting(Int(skipped)..<Int(end)))
      position += end - skipped
    }
  }

  /// Reads a value of fixed length once, and hashes what was read.
  fileprivate mutating func hashField<Hash: HashFunction & ~Copyable>(
    of tlv: MCUbootTLV, _ type: MCUbootTLVType, count: Int, into function: inout Hash
  ) throws(MCUbootError) -> InlineArray<16, UInt8> {
    guard Int(tlv.value.size) == count else { throw .invalidLength(type) }
    var field = InlineArray<16, UInt8>(repeating: 0)
    var whole = field.mutableSpan
    var window = whole.prefix(count)
    try readImage(into: &window, at: tlv.value.lowerBound)
    function.update(field.span.extracting(0..<count))
    return field
  }
}

// Fields whose length was checked before they were read.
extension InlineArray<16, UInt8> {
  fileprivate func littleEndian(at offset: Int) -> UInt32 {
    var value: UInt32 = 0
    for index in 0..<4 { value |= UInt32(self[offset + index]) << UInt32(8 * index) }
    return value
  }

  /// The image's number, three bytes without a meaning, and the version.
  fileprivate var dependency: MCUbootDependency {
    let version = MCUbootVersion(
      self[4], self[5], UInt16(self[6]) | UInt16(self[7]) << 8, build: littleEndian(at: 8))
    return MCUbootDependency(image: self[0], minimumVersion: version)
  }

  fileprivate var identifier: UniversalIdentifier {
    var (high, low) = (UInt64(0), UInt64(0))
    for index in 0..<8 {
      high = high << 8 | UInt64(self[index])
      low = low << 8 | UInt64(self[index + 8])
    }
    return UniversalIdentifier(high: high, low: low)
  }
}
