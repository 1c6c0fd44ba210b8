#if !hasFeature(Embedded)
public import OTACore
public import OTACrypto

/// One more signature for an envelope, whoever made it, before it is there.
///
/// The envelope stays as it is, byte for byte, but for its authentication wrapper: every signature that is in it stays good.
/// Where the key is elsewhere, ``signedBytes`` goes there, and the signature comes back.
public struct PendingSignature: Equatable, Sendable {
  /// The bytes to sign with the key, not their digest.
  public let signedBytes: [UInt8]

  private let original: [UInt8]
  /// The byte string with the authentication wrapper.
  private let wrapper: Range<Int>
  /// The members of the wrapper as they are encoded: the digest and the blocks.
  private let members: [Range<Int>]
  private let protectedHeaders: [UInt8]
  private let algorithm: SignatureAlgorithm
  private let limit: Int

  /// Prepares a signature.
  ///
  /// Whether the signatures that are there are good is not looked at; whether the manifest has the digest that they are for
  /// is.
  ///
  /// - Parameters:
  ///   - envelope: an envelope, signed or not.
  ///   - key: the public part of the key that will sign.
  ///   - cosigners: all keys that sign this envelope, this one among them, if the signature is to say so; see
  ///     ``SignaturePolicy/refusesStripping``.
  ///   - limits: the envelope is not made larger than `Limits.envelopeSize`.
  /// - Throws: ``ManifestError/malformed(_:)`` and the other errors of ``SUITEnvelope`` and ``COSEBlock`` for anything but an
  ///   envelope; ``ManifestError/digestMismatch``; ``ManifestError/invalid(_:)`` if the digest is not one of SHA-256, or a
  ///   signature names this key already; ``ManifestError/limitExceeded(_:)`` if it holds as many signatures as are read.
  public init(
    for envelope: [UInt8], by key: PublicKey, cosigners: [KeyIdentifier] = [], limits: Limits = Limits()
  ) throws(ManifestError) {
    let parsed = try SUITEnvelope(parsing: envelope.span, limits: limits, extent: .all)
    guard parsed.manifestDigest.algorithm == .sha256 else { throw .invalid(.digestAlgorithm) }
    let digest = SHA256.digest(of: envelope.span.extracting(parsed.manifest.item))
    guard digest == parsed.manifestDigest else { throw .digestMismatch }
    let identifier = KeyIdentifier(of: key)
    var count = 0
    for range in parsed.authenticationBlocks {
      let signatures: [COSESignature]
      do throws(ManifestError) {
        signatures = try COSEBlock(parsing: range, of: envelope.span, limits: limits).signatures
      } catch .crypto(.unsupportedAlgorithm) {
        // A structure for others.
        continue
      } catch {
        throw error
      }
      count += signatures.count
      for name in signatures.compactMap(\.keyIdentifier)
      where isEqualInConstantTime(envelope.span.extracting(name), identifier.bytes) {
        throw .invalid(.envelope)
      }
    }
    guard max(count, parsed.authenticationBlocks.count) < SUITEnvelope.maximumBlockCount else {
      throw .limitExceeded(.envelope)
    }
    (wrapper, members) = try PendingSignature.wrapper(of: envelope, limits: limits)
    original = envelope
    limit = limits.envelopeSize
    algorithm = key.algorithm
    let headers = try COSESign1.protectedHeaders(for: key, cosigners: cosigners)
    protectedHeaders = headers
    let noData: [UInt8] = []
    signedBytes = try COSESign1.signedBytes(
      protectedHeaders: headers.span, externalData: noData.span,
      payload: envelope.span.extracting(parsed.signedDigest))
  }

  /// Puts the envelope with the signature together.
  ///
  /// - Parameter signature: the signature of ``signedBytes``.
  /// - Returns: the encoded envelope, with one more block at the end of the wrapper.
  /// - Throws: ``ManifestError/crypto(_:)`` with `CryptoError.authenticationFailed` if the signature has the wrong length (it
  ///   is not checked further), ``ManifestError/limitExceeded(_:)`` if the envelope is too large.
  public func envelope(signature: [UInt8]) throws(ManifestError) -> [UInt8] {
    guard algorithm.hasSignatures(ofSize: signature.count) else { throw .crypto(.authenticationFailed) }
    let block = try COSESign1.encoded(
      protectedHeaders: protectedHeaders, payload: nil, signature: signature)
    let size = original.count + block.count + 32
    do throws(ParseError) {
      let inside = try [UInt8](cborUpTo: size) { (writer) throws(ParseError) in
        try writer.writeArrayHeader(members.count + 1)
        for member in members { try writer.writeEncoded(original.span.extracting(member)) }
        try writer.writeByteString(block.span)
      }
      return try [UInt8](cborUpTo: min(size, limit)) { (writer) throws(ParseError) in
        try writer.writeEncoded(original.span.extracting(0..<wrapper.lowerBound))
        try writer.writeByteString(inside.span)
        try writer.writeEncoded(original.span.extracting(wrapper.upperBound..<original.count))
      }
    } catch {
      throw error.kind == .capacityExceeded ? .limitExceeded(.envelope) : .malformed(error)
    }
  }

  /// Finds the wrapper in an envelope that has been parsed already.
  private static func wrapper(
    of envelope: [UInt8], limits: Limits
  ) throws(ManifestError) -> (item: Range<Int>, members: [Range<Int>]) {
    try parsing { () throws(ParseError) in
      var reader = CBORReader(envelope.span, limits: limits)
      _ = try reader.readTag()
      for _ in 0..<(try reader.readMapHeader()) {
        let key = try reader.readItem()
        let isWrapper = key.count == 1 && Int64(key[0]) == SUITKey.authenticationWrapper
        let start = reader.offset
        guard isWrapper else {
          _ = try reader.readItem()
          continue
        }
        let contents = try reader.readByteString()
        let end = reader.offset
        var inner = CBORReader(contents, limits: limits, origin: end - contents.count)
        var members: [Range<Int>] = []
        for _ in 0..<(try inner.readArrayHeader()) {
          let start = inner.offset
          _ = try inner.readItem()
          members.append(start..<inner.offset)
        }
        return (start..<end, members)
      }
      throw ParseError(.invalidValue, at: 0)
    }
  }
}

extension PendingSignature {
  /// Adds the signature of one more key to an envelope.
  ///
  /// - Parameters:
  ///   - signer: who signs; its key is named in the envelope.
  ///   - envelope: an envelope, signed or not.
  ///   - cosigners: as ``init(for:by:cosigners:limits:)``.
  ///   - limits: the envelope is not made larger than `Limits.envelopeSize`.
  /// - Returns: the envelope with the signature.
  /// - Throws: as ``init(for:by:cosigners:limits:)`` and ``envelope(signature:)``; ``ManifestError/crypto(_:)`` if the signer
  ///   fails.
  public static func add(
    by signer: any Signer, to envelope: [UInt8], cosigners: [KeyIdentifier] = [], limits: Limits = Limits()
  ) async throws(ManifestError) -> [UInt8] {
    let pending = try PendingSignature(
      for: envelope, by: signer.publicKey, cosigners: cosigners, limits: limits)
    let signature: [UInt8]
    do throws(CryptoError) {
      signature = try await signer.signature(for: pending.signedBytes)
    } catch {
      throw .crypto(error)
    }
    return try pending.envelope(signature: signature)
  }
}
#endif
