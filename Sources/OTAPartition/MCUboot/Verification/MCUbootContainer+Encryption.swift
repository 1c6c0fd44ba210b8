import OTACore
public import OTACrypto

extension MCUbootContainer {
  /// Finds the TLV that brings the key of the contents, encrypted for the device.
  ///
  /// Its type says how; what stands in it is not signed, and is right if the hash of what it decrypts is.
  ///
  /// - Parameter flash: the device; it is only read.
  /// - Returns: the TLV.
  /// - Throws: ``MCUbootError/notEncrypted`` if the header does not say that the image is encrypted,
  ///   ``MCUbootError/contentKeyMissing``, ``MCUbootError/duplicate(_:)`` for two of them;
  ///   ``MCUbootError/malformedTLVArea``, ``MCUbootError/flash(_:)``.
  public func contentKey<Device: Flash & ~Copyable>(
    on flash: inout Device
  ) throws(MCUbootError) -> MCUbootTLV {
    guard header.flags.isEncrypted else { throw .notEncrypted }
    var found: MCUbootTLV?
    var walk = tlvs(in: .unprotected)
    while let tlv = try walk.next(reading: &flash) {
      guard let type = tlv.type, type.isEncryption else { continue }
      guard found == nil else { throw .duplicate(type) }
      found = tlv
    }
    guard let found else { throw .contentKeyMissing }
    return found
  }

  /// Checks the hash of an encrypted image only: that nothing broke, not who made it.
  ///
  /// - Parameters:
  ///   - flash: the device; it is only read.
  ///   - hash: the function of the image's hash.
  ///   - cipher: decrypts with the key that ``contentKey(on:)`` brings; a new one for each call.
  /// - Returns: what the image says; anybody may have written it.
  /// - Throws: what ``verifyEncrypted(on:using:by:decrypting:)`` throws, but for signature and key.
  public func digestEncrypted<
    Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable, Cipher: MCUbootPayloadCipher & ~Copyable
  >(
    on flash: inout Device, using hash: Hash.Type, decrypting cipher: inout Cipher
  ) throws(MCUbootError) -> MCUbootContents {
    try open(on: &flash, using: hash, decrypting: &cipher, encrypted: true).contents
  }

  /// Checks the hash only of an image that is to be encrypted, and lies there decrypted.
  ///
  /// - Parameters:
  ///   - flash: the device; it is only read.
  ///   - hash: the function of the image's hash.
  /// - Returns: what the image says; anybody may have written it.
  /// - Throws: what ``verifyDecrypted(on:using:by:)`` throws, but for signature and key.
  public func digestDecrypted<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    on flash: inout Device, using hash: Hash.Type
  ) throws(MCUbootError) -> MCUbootContents {
    var cipher = MCUbootPlainPayload()
    return try open(on: &flash, using: hash, decrypting: &cipher, encrypted: true).contents
  }

  /// Checks hash and signature of an encrypted image, whose hash is over the firmware before it was encrypted.
  ///
  /// - Parameters:
  ///   - flash: the device; it is only read.
  ///   - hash: the function of the image's hash.
  ///   - verifier: decides about the signature.
  ///   - cipher: decrypts with the key that ``contentKey(on:)`` brings; a new one for each call.
  /// - Returns: the proof.
  /// - Throws: what ``verify(on:using:by:)`` throws, with ``MCUbootError/notEncrypted`` in the place of
  ///   ``MCUbootError/encrypted``; ``MCUbootError/contentKeyMissing``; ``MCUbootError/digestMismatch`` also for another
  ///   key of the contents.
  public func verifyEncrypted<
    Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable, Cipher: MCUbootPayloadCipher & ~Copyable
  >(
    on flash: inout Device, using hash: Hash.Type, by verifier: some MCUbootSignatureVerifier,
    decrypting cipher: inout Cipher
  ) throws(MCUbootError) -> VerifiedEncryptedMCUbootImage {
    let (contents, seal) = try open(on: &flash, using: hash, decrypting: &cipher, encrypted: true)
    let keyHash = try seal.verify(contents.digest, on: &flash, using: hash, by: verifier)
    return VerifiedEncryptedMCUbootImage(container: self, contents: contents, keyHash: keyHash)
  }

  /// Checks hash and signature of an image that is to be encrypted, and lies there decrypted.
  ///
  /// So it is in the primary slot of MCUboot, which decrypts on the way there, or after `imgtool sign --clear`.
  ///
  /// - Parameters:
  ///   - flash: the device; it is only read.
  ///   - hash: the function of the image's hash.
  ///   - verifier: decides about the signature.
  /// - Returns: the proof.
  /// - Throws: what ``verifyEncrypted(on:using:by:decrypting:)`` throws; ``MCUbootError/digestMismatch`` for firmware that
  ///   is still encrypted.
  public func verifyDecrypted<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    on flash: inout Device, using hash: Hash.Type, by verifier: some MCUbootSignatureVerifier
  ) throws(MCUbootError) -> VerifiedMCUbootImage {
    var cipher = MCUbootPlainPayload()
    let (contents, seal) = try open(on: &flash, using: hash, decrypting: &cipher, encrypted: true)
    let keyHash = try seal.verify(contents.digest, on: &flash, using: hash, by: verifier)
    return VerifiedMCUbootImage(container: self, contents: contents, keyHash: keyHash)
  }
}
