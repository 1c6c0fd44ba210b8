#if !hasFeature(Embedded)
public import OTACrypto

extension SUITEncryptionInfo {
  /// Encrypts a payload for several recipients, with a key of its own that is forgotten afterwards.
  ///
  /// - Parameters:
  ///   - payload: the plaintext; then the ciphertext with its tag behind it.
  ///   - algorithm: how.
  ///   - recipients: who can read it, at least one and at most ``maximumRecipientCount``.
  ///   - sealer: the backend.
  /// - Returns: the encoded SUIT_Encryption_Info, the contents of parameter 19.
  /// - Throws: ``ManifestError/invalid(_:)`` with ``ManifestError/Field/encryption`` for no or too many recipients;
  ///   ``ManifestError/limitExceeded(_:)`` if the structure gets longer than ``maximumSize``; ``ManifestError/crypto(_:)``
  ///   for a recipient's key that is none, and if the backend fails. The payload is undefined then.
  /// - Note: Source: draft-ietf-suit-firmware-encryption-25, sections 6 and 7. Counter mode has no tag: only with the signed
  ///   digest of the plaintext in the same manifest is it of use.
  public static func seal(
    _ payload: inout [UInt8], by algorithm: ContentEncryption, for recipients: [EncryptionRecipient],
    using sealer: some PayloadSealing
  ) throws(ManifestError) -> [UInt8] {
    guard (1...maximumRecipientCount).contains(recipients.count) else { throw .invalid(.encryption) }
    var key = [UInt8](repeating: 0, count: algorithm.keySize)
    defer { for index in key.indices { key[index] = 0 } }
    var nonce = [UInt8](repeating: 0, count: algorithm.nonceSize)
    try sealing { () throws(CryptoError) in
      var span = key.mutableSpan
      try sealer.fillWithRandomBytes(&span)
    }
    try sealing { () throws(CryptoError) in
      var span = nonce.mutableSpan
      try sealer.fillWithRandomBytes(&span)
    }
    let protectedHeaders =
      algorithm.isAuthenticated ? CBORBuilder.algorithmHeader(Int64(algorithm.rawValue)) : []

    var builder = CBORBuilder()
    builder.tag(96)
    builder.array(4)
    builder.byteString(protectedHeaders)
    // What is not authenticated has nothing that could be protected: RFC 9459, section 4.
    builder.map(algorithm.isAuthenticated ? 1 : 2)
    if !algorithm.isAuthenticated {
      builder.integer(EncryptionHeaders.algorithm)
      builder.integer(Int64(algorithm.rawValue))
    }
    builder.integer(EncryptionHeaders.nonce)
    builder.byteString(nonce)
    builder.null()
    builder.array(recipients.count)
    for recipient in recipients { try builder.append(recipient, key: key, using: sealer) }
    guard builder.bytes.count <= maximumSize else { throw .limitExceeded(.encryption) }

    let data = algorithm.isAuthenticated ? try associatedData(protectedHeaders: protectedHeaders.span) : []
    var tag: [UInt8] = []
    try sealing { () throws(CryptoError) in
      var span = payload.mutableSpan
      tag = try sealer.seal(
        &span, by: algorithm, key: key.span, nonce: nonce.span, associatedData: data.span)
    }
    payload += tag
    return builder.bytes
  }
}

extension CBORBuilder {
  /// A map with the algorithm alone.
  fileprivate static func algorithmHeader(_ algorithm: Int64) -> [UInt8] {
    encoding { builder in
      builder.map(1)
      builder.integer(EncryptionHeaders.algorithm)
      builder.integer(algorithm)
    }
  }

  /// Appends a COSE_recipient with the wrapped key of the payload.
  fileprivate mutating func append(
    _ recipient: EncryptionRecipient, key: [UInt8], using sealer: some PayloadSealing
  ) throws(ManifestError) {
    let names = recipient.keyIdentifier.isEmpty ? 0 : 1
    array(3)
    switch recipient.key {
    case .shared(let wrappingKey):
      byteString([])
      map(1 + names)
      integer(EncryptionHeaders.algorithm)
      integer(Int64(recipient.wrapping.rawValue))
      append(identifier: recipient.keyIdentifier)
      byteString(
        try sealing { () throws(CryptoError) in
          try sealer.wrap(key.span, by: recipient.wrapping, with: wrappingKey.span)
        })
    case .publicKey(let point):
      let headers = CBORBuilder.algorithmHeader(recipient.wrapping.agreementNumber)
      let info = try SUITEncryptionInfo.derivationContext(
        for: recipient.wrapping, protectedHeaders: headers.span)
      let (wrapped, sender) = try sealing { () throws(CryptoError) in
        try sealer.wrap(key.span, by: recipient.wrapping, for: point.span, info: info.span)
      }
      guard sender.count == 65 else { throw .crypto(.unavailable) }
      byteString(headers)
      map(1 + names)
      append(identifier: recipient.keyIdentifier)
      integer(EncryptionHeaders.ephemeralKey)
      // EC2, P-256, x, y: RFC 9053, section 7.1.1.
      map(4)
      integer(1)
      integer(2)
      integer(-1)
      integer(1)
      integer(-2)
      byteString(Array(sender[1..<33]))
      integer(-3)
      byteString(Array(sender[33..<65]))
      byteString(wrapped)
    }
  }

  private mutating func append(identifier: [UInt8]) {
    guard !identifier.isEmpty else { return }
    integer(EncryptionHeaders.keyIdentifier)
    byteString(identifier)
  }
}

extension KeyWrapping {
  /// ECDH-ES with this wrapping: RFC 9053, section 6.4.1.
  fileprivate var agreementNumber: Int64 {
    switch self {
    case .aes128: -29
    case .aes192: -30
    case .aes256: -31
    }
  }
}

private func sealing<Result>(_ body: () throws(CryptoError) -> Result) throws(ManifestError) -> Result {
  do throws(CryptoError) {
    return try body()
  } catch {
    throw .crypto(error)
  }
}
#endif
