public import OTACore
public import OTACrypto

extension SUITEncryptionInfo {
  /// Decrypts a payload in the caller's buffer.
  ///
  /// The plaintext is there only if it is right: its tag was checked, if the algorithm has one, and then its digest. A
  /// digest of the plaintext is wanted in any case, since counter mode has no tag and whoever made the ciphertext need not
  /// be the one who signed the manifest.
  ///
  /// - Parameters:
  ///   - payload: the ciphertext with its tag behind it; then the plaintext in its first bytes, and zeros in the rest.
  ///   - digest: the digest of the plaintext, from a manifest that was verified.
  ///   - document: the bytes that this structure was parsed from.
  ///   - keys: the keys of the device.
  ///   - hash: the hash function of `digest`.
  /// - Returns: how many bytes the plaintext has.
  /// - Throws: ``ManifestError/crypto(_:)``: `CryptoError.unknownKey` if the device has no key of any recipient,
  ///   `CryptoError.authenticationFailed` if a key, the payload, or the digest is another one, without any detail which,
  ///   and what the backend cannot do. Then `payload` is all zero.
  /// - Precondition: `Hash` is the function of `digest`.
  public func open<Keys: PayloadKeys & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ payload: inout MutableSpan<UInt8>, expecting digest: Digest, of document: Span<UInt8>,
    with keys: borrowing Keys, hash: Hash.Type
  ) throws(ManifestError) -> Int {
    precondition(Hash.algorithm == digest.algorithm, "the digest is of another hash function")
    do throws(ManifestError) {
      return try openUnguarded(&payload, expecting: digest, of: document, with: keys, hash: hash)
    } catch {
      for index in 0..<payload.count { payload[index] = 0 }
      throw error
    }
  }

  private func openUnguarded<Keys: PayloadKeys & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ payload: inout MutableSpan<UInt8>, expecting digest: Digest, of document: Span<UInt8>,
    with keys: borrowing Keys, hash: Hash.Type
  ) throws(ManifestError) -> Int {
    let count = payload.count - algorithm.tagSize
    guard count >= 0 else { throw .crypto(.authenticationFailed) }
    var key = InlineArray<32, UInt8>(repeating: 0)
    defer { erase(&key) }
    do {
      var span = key.mutableSpan
      var part = span._mutatingExtracting(0..<algorithm.keySize)
      try unwrapContentKey(into: &part, of: document, with: keys)
    }

    var tag = InlineArray<16, UInt8>(repeating: 0)
    for index in 0..<algorithm.tagSize { tag[index] = payload[count + index] }
    var data: [UInt8] = []
    if algorithm.isAuthenticated {
      data = try SUITEncryptionInfo.associatedData(protectedHeaders: document.extracting(protectedHeaders))
    }
    do throws(CryptoError) {
      var message = payload._mutatingExtracting(0..<count)
      try keys.open(
        &message, tag: tag.span.extracting(0..<algorithm.tagSize), by: algorithm,
        key: key.span.extracting(0..<algorithm.keySize), nonce: document.extracting(nonce),
        associatedData: data.span)
    } catch {
      throw .crypto(error)
    }
    for index in count..<payload.count { payload[index] = 0 }
    guard Hash.digest(of: payload.span.extracting(0..<count)) == digest else {
      throw .crypto(.authenticationFailed)
    }
    return count
  }

  /// Unwraps the key of the payload with the first recipient's key that does.
  ///
  /// Says whether the payload is for this device before it is fetched, and is what decrypts a payload in counter mode piece
  /// by piece. ``open(_:expecting:of:with:hash:)`` calls it.
  ///
  /// - Parameters:
  ///   - key: takes the key; the caller zeroes it, also after an error.
  ///   - document: the bytes that this structure was parsed from.
  ///   - keys: the keys of the device.
  /// - Throws: ``ManifestError/crypto(_:)``: `CryptoError.unknownKey` if the device has no key of any recipient,
  ///   `CryptoError.authenticationFailed` if none of its keys wrapped this one, and what the backend cannot do.
  /// - Precondition: `key` has the length of a key of ``algorithm``.
  public func unwrapContentKey<Keys: PayloadKeys & ~Copyable>(
    into key: inout MutableSpan<UInt8>, of document: Span<UInt8>, with keys: borrowing Keys
  ) throws(ManifestError) {
    precondition(key.count == algorithm.keySize, "the key has the length that its algorithm has")
    // What came closest to a key of this device.
    var refusal = CryptoError.unknownKey
    for recipient in recipients {
      do throws(CryptoError) {
        try unwrap(recipient, into: &key, of: document, with: keys)
        return
      } catch {
        switch error {
        case .unknownKey: continue
        // Without a name, another recipient may be meant; with one, a wrong key is no reason to stop either.
        case .authenticationFailed, .invalidKey, .keyNotAuthorized: refusal = .authenticationFailed
        case .unsupportedAlgorithm, .unavailable, .tooManyKeys:
          if refusal == .unknownKey { refusal = error }
        }
      }
    }
    throw .crypto(refusal)
  }

  private func unwrap<Keys: PayloadKeys & ~Copyable>(
    _ recipient: Recipient, into key: inout MutableSpan<UInt8>, of document: Span<UInt8>,
    with keys: borrowing Keys
  ) throws(CryptoError) {
    let wrapped = document.extracting(recipient.wrappedKey)
    let identifier = document.extracting(recipient.keyIdentifier)
    guard let agreement = recipient.agreement else {
      try keys.unwrap(wrapped, by: recipient.wrapping, keyIdentifier: identifier, into: &key)
      return
    }
    // Uncompressed: SEC 1, section 2.3.3.
    var point = InlineArray<65, UInt8>(repeating: 4)
    for index in 0..<32 {
      point[1 + index] = document[agreement.x.lowerBound + index]
      point[33 + index] = document[agreement.y.lowerBound + index]
    }
    let info: [UInt8]
    do throws(ManifestError) {
      info = try SUITEncryptionInfo.derivationContext(
        for: recipient.wrapping, protectedHeaders: document.extracting(agreement.protectedHeaders))
    } catch {
      throw .unavailable
    }
    try keys.unwrap(
      wrapped, by: recipient.wrapping, keyIdentifier: identifier, ephemeralKey: point.span,
      salt: document.extracting(agreement.salt), info: info.span, into: &key)
  }
}

/// Overwrites a key; not inlined, so that the writes are not taken for dead ones.
@inline(never)
private func erase(_ key: inout InlineArray<32, UInt8>) {
  for index in 0..<32 { key[index] = 0 }
}
