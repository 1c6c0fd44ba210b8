#if !hasFeature(Embedded)
public import OTACore
public import OTACrypto

/// An envelope that gets one more signature, made wherever the key is.
///
/// Everything but the authentication wrapper stays as it is, byte for byte; signatures that are there already stay too.
///
/// - Note: Source: draft-ietf-suit-manifest-37, sections 8.3 and 8.4 (the authentication wrapper; the digest is the
///   detached payload of each signature).
public struct EnvelopeSignature: Equatable, Sendable {
  /// The bytes to sign, not their digest: the Sig_structure of RFC 9052, section 4.4.
  public let signedBytes: [UInt8]

  private let envelope: [UInt8]
  /// Where the contents of the wrapper with their head are.
  private let wrapper: Range<Int>
  private let digest: [UInt8]
  private let blocks: [[UInt8]]
  private let protectedHeaders: [UInt8]
  private let limit: Int
  private let algorithm: SignatureAlgorithm

  /// Looks at an envelope, signed or not.
  ///
  /// - Parameters:
  ///   - envelope: the envelope.
  ///   - key: the public part of the key that will sign.
  ///   - cosigners: all keys that sign this envelope, this one among them, if the signature is to say so: see
  ///     ``SignaturePolicy/refusesStripping``.
  ///   - limits: `Limits.envelopeSize` and the limits of CBOR apply.
  /// - Throws: ``ManifestError/malformed(_:)``, ``ManifestError/missingMember(_:)``,
  ///   ``ManifestError/limitExceeded(_:)``; ``ManifestError/digestMismatch`` if the digest in the wrapper is not that
  ///   of the manifest, ``ManifestError/invalid(_:)`` if it is not of SHA-256.
  public init(
    addingTo envelope: [UInt8], for key: PublicKey, cosigners: [KeyIdentifier] = [], limits: Limits = Limits()
  ) throws(ManifestError) {
    guard envelope.count <= limits.envelopeSize else { throw .limitExceeded(.envelope) }
    let document = envelope.span
    var reader = CBORReader(document, limits: limits)
    guard try readTag(&reader) == SUITKey.envelopeTag else {
      throw .malformed(ParseError(.invalidValue, at: 0))
    }
    var wrapper: Range<Int>?
    var contents: Range<Int>?
    var manifest: Range<Int>?
    var previous: Int64?
    for _ in 0..<(try readMapHeader(&reader)) {
      guard reader.peekType() != .textString else {
        // Integrated payloads, by their names; behind all keys that are numbers.
        try EnvelopeSignature.skip(&reader)
        try EnvelopeSignature.skip(&reader)
        continue
      }
      let member = try readKey(&reader, after: &previous)
      let start = reader.offset
      try EnvelopeSignature.skip(&reader)
      guard member == SUITKey.authenticationWrapper || member == SUITKey.manifest else { continue }
      var inner = CBORReader(document.extracting(start..<reader.offset), limits: limits, origin: start)
      let bytes = try readByteStringRange(&inner)
      if member == SUITKey.manifest {
        manifest = start..<reader.offset
      } else {
        (wrapper, contents) = (start..<reader.offset, bytes)
      }
    }
    try requireEnd(reader)
    guard let wrapper, let contents else { throw .missingMember(SUITKey.authenticationWrapper) }
    guard let manifest else { throw .missingMember(SUITKey.manifest) }

    var inner = CBORReader(document.extracting(contents), limits: limits, origin: contents.lowerBound)
    let count = try readArrayHeader(&inner)
    guard count >= 1 else { throw .malformed(ParseError(.invalidValue, at: contents.lowerBound)) }
    guard count <= SUITEnvelope.maximumBlockCount else { throw .limitExceeded(.envelope) }
    let digest = try readBytes(&inner, limit: 96)
    var blocks: [[UInt8]] = []
    for _ in 1..<count { blocks.append(try readBytes(&inner, limit: limits.envelopeSize)) }
    try requireEnd(inner)
    var digestReader = CBORReader(digest.span, limits: limits)
    let said = try readDigest(&digestReader)
    try requireEnd(digestReader)
    guard said.algorithm == .sha256 else { throw .invalid(.digestAlgorithm) }
    guard said == SHA256.digest(of: document.extracting(manifest)) else {
      throw .digestMismatch
    }

    let protectedHeaders = try COSESign1.protectedHeaders(for: key, cosigners: cosigners)
    let noData: [UInt8] = []
    signedBytes = try COSESign1.signedBytes(
      protectedHeaders: protectedHeaders.span, externalData: noData.span, payload: digest.span)
    self.envelope = envelope
    self.digest = digest
    self.protectedHeaders = protectedHeaders
    self.wrapper = wrapper
    self.blocks = blocks
    limit = limits.envelopeSize
    algorithm = key.algorithm
  }

  /// Puts the signature in, behind those that are there.
  ///
  /// - Parameter signature: the signature of ``signedBytes``, which was checked.
  /// - Returns: the envelope.
  /// - Throws: ``ManifestError/crypto(_:)`` with `CryptoError.authenticationFailed` if the signature has the wrong
  ///   length, ``ManifestError/limitExceeded(_:)`` if the envelope is too large with it.
  public func envelope(signature: [UInt8]) throws(ManifestError) -> [UInt8] {
    guard algorithm.hasSignatures(ofSize: signature.count) else { throw .crypto(.authenticationFailed) }
    let block = try COSESign1.encoded(
      protectedHeaders: protectedHeaders, payload: nil, signature: signature)
    let all = blocks + [block]
    let capacity = 64 + digest.count + all.reduce(0) { $0 + $1.count + 9 }
    do throws(ParseError) {
      let contents = try [UInt8](cborUpTo: capacity) { (writer) throws(ParseError) in
        try writer.writeArrayHeader(1 + all.count)
        try writer.writeByteString(digest.span)
        for block in all { try writer.writeByteString(block.span) }
      }
      return try [UInt8](cborUpTo: limit) { (writer) throws(ParseError) in
        try writer.writeEncoded(envelope.span.extracting(0..<wrapper.lowerBound))
        try writer.writeByteString(contents.span)
        try writer.writeEncoded(envelope.span.extracting(wrapper.upperBound..<envelope.count))
      }
    } catch {
      throw error.kind == .capacityExceeded ? .limitExceeded(.envelope) : .malformed(error)
    }
  }

  private static func skip(_ reader: inout CBORReader) throws(ManifestError) {
    do throws(ParseError) {
      _ = try reader.readItem()
    } catch {
      throw .malformed(error)
    }
  }
}
#endif
