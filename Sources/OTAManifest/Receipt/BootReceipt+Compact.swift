import OTACore
public import OTACrypto

extension BootReceipt {
  /// The most bytes of a nonce.
  public static var maximumNonceSize: Int { 32 }

  /// Encodes and signs this receipt, without heap.
  ///
  /// - Parameters:
  ///   - signer: the device's key, with signatures of a fixed length.
  ///   - nonce: bytes of whoever asks, which the signature covers so that an old receipt does not pass for a new one; none
  ///     makes a receipt for everybody, as servers take it.
  ///   - destination: takes the receipt, from its first byte on; ``maximumSize`` bytes are always enough.
  /// - Returns: how many bytes the receipt has.
  /// - Throws: ``ManifestError/crypto(_:)`` if the signer fails, or its signatures have no fixed length;
  ///   ``ManifestError/limitExceeded(_:)`` for a nonce above ``maximumNonceSize``; ``ManifestError/malformed(_:)`` with kind
  ///   `ParseError.Kind.capacityExceeded` if it does not fit.
  /// - Note: Source: project decision, Docs/SerialProtocol.md.
  public func sign<Signer: ReceiptSigner & ~Copyable>(
    by signer: inout Signer, nonce: Span<UInt8>, into destination: inout MutableSpan<UInt8>
  ) throws(ManifestError) -> Int {
    let key = signer.publicKey
    guard let size = key.algorithm.signatureSize, size <= 96 else { throw .crypto(.unsupportedAlgorithm) }
    let external = try ReceiptNonce(nonce)
    var headers = InlineArray<64, UInt8>(repeating: 0)
    var payload = InlineArray<256, UInt8>(repeating: 0)
    var signature = InlineArray<96, UInt8>(repeating: 0)
    let headerCount: Int
    let payloadCount: Int
    do throws(ParseError) {
      headerCount = try COSEHeaders.write(for: key, into: headers.mutableSpan)
      payloadCount = try write(into: payload.mutableSpan)
    } catch {
      throw .malformed(error)
    }
    let signed: CompactSignedBytes
    do throws(CompactRefusal) {
      signed = try CompactSignedBytes(
        protectedHeaders: headers.span.extracting(0..<headerCount), externalData: external.span,
        payload: payload.span.extracting(0..<payloadCount))
    } catch {
      throw .limitExceeded(.envelope)
    }
    do throws(CryptoError) {
      var whole = signature.mutableSpan
      var part = whole._mutatingExtracting(0..<size)
      try signer.sign(signed.span, into: &part)
    } catch {
      throw .crypto(error)
    }
    do throws(ParseError) {
      var writer = CBORWriter(destination._mutatingExtracting(0..<destination.count))
      try writer.writeTag(COSESign1.tag)
      try writer.writeArrayHeader(4)
      try writer.writeByteString(headers.span.extracting(0..<headerCount))
      try writer.writeMapHeader(0)
      try writer.writeByteString(payload.span.extracting(0..<payloadCount))
      try writer.writeByteString(signature.span.extracting(0..<size))
      return writer.count
    } catch {
      throw .malformed(error)
    }
  }

  /// Checks and decodes a receipt that was made for a nonce.
  ///
  /// - Parameters:
  ///   - bytes: the encoded receipt.
  ///   - key: the key of the device.
  ///   - nonce: the bytes that were asked with; none for a receipt for everybody.
  ///   - verifier: the backend.
  /// - Returns: the receipt.
  /// - Throws: as ``verify(_:by:using:)``; a receipt for another nonce is `CryptoError.authenticationFailed`.
  public static func verify(
    _ bytes: Span<UInt8>, by key: PublicKey, nonce: Span<UInt8>,
    using verifier: borrowing some SignatureVerifier
  ) throws(ManifestError) -> BootReceipt {
    guard bytes.count <= maximumSize else { throw .limitExceeded(.envelope) }
    let sign1 = try COSESign1(parsing: 0..<bytes.count, of: bytes, tagging: .tagged)
    guard let payload = sign1.payload, let range = sign1.keyIdentifier else {
      throw .malformed(ParseError(.invalidValue, at: 0))
    }
    let name: KeyIdentifier
    do throws(CryptoError) { name = try KeyIdentifier(header: bytes.extracting(range)) } catch {
      throw .crypto(error)
    }
    guard name == KeyIdentifier(of: key) else { throw .crypto(.unknownKey) }
    let external = try ReceiptNonce(nonce)
    try sign1.verify(
      payload: bytes.extracting(payload), externalData: external.span, in: bytes, by: key, using: verifier)
    return try BootReceipt(parsing: bytes.extracting(payload))
  }
}

/// The external data of a receipt for a nonce: ``BootReceipt/externalData``, and the nonce behind it.
private struct ReceiptNonce {
  private var storage = InlineArray<56, UInt8>(repeating: 0)
  private let count: Int

  init(_ nonce: Span<UInt8>) throws(ManifestError) {
    guard nonce.count <= BootReceipt.maximumNonceSize else { throw .limitExceeded(.envelope) }
    let fixed = BootReceipt.externalData
    for index in 0..<24 { storage[index] = fixed[index] }
    for index in 0..<nonce.count { storage[24 + index] = nonce[index] }
    count = 24 + nonce.count
  }

  var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<count) }
  }
}

extension COSEHeaders {
  /// Writes the protected headers of one signer: algorithm and identifier.
  static func write(for key: PublicKey, into bytes: consuming MutableSpan<UInt8>) throws(ParseError) -> Int {
    let identifier = KeyIdentifier(of: key)
    var writer = CBORWriter(bytes)
    try writer.writeMapHeader(2)
    try writer.writeInteger(algorithm)
    try writer.writeInteger(Int64(key.algorithm.rawValue))
    try writer.writeInteger(keyIdentifier)
    try writer.writeByteString(identifier.bytes)
    return writer.count
  }
}
