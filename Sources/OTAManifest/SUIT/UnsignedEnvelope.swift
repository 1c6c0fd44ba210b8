public import OTACore
public import OTACrypto

/// An envelope that waits for its signature.
///
/// Splits the making of an envelope in two, so that a key which is elsewhere — in a security module, on another
/// machine, in firmware — can sign ``signedBytes``. `Manifest.signedEnvelope(by:limits:)` does both at once.
public struct UnsignedEnvelope: Equatable, Sendable {
  /// The bytes to sign with the key, not their digest.
  public let signedBytes: [UInt8]

  private let protectedHeaders: [UInt8]
  private let digest: [UInt8]
  private let manifest: [UInt8]
  private let text: [UInt8]?
  private let limit: Int
  private let algorithm: SignatureAlgorithm

  /// Encodes a manifest for one signer.
  ///
  /// - Parameters:
  ///   - manifest: what to sign.
  ///   - key: the public part of the key that will sign.
  ///   - cosigners: all keys that sign, this one among them, if the signature is to say so: see
  ///     ``SignaturePolicy/refusesStripping``.
  ///   - limits: the envelope is not made larger than `Limits.envelopeSize`, texts not longer than
  ///     `Limits.stringSize`.
  /// - Throws: ``ManifestError/invalid(_:)`` for a manifest that no device would install or that contradicts itself,
  ///   ``ManifestError/limitExceeded(_:)`` if it does not fit.
  public init(
    _ manifest: Manifest, signedBy key: PublicKey, cosigners: [KeyIdentifier] = [], limits: Limits = Limits()
  ) throws(ManifestError) {
    try manifest.checkRules()
    try UnsignedEnvelope.checkStrings(manifest, limits: limits)
    let encoder = SUITEncoder(manifest: manifest, limit: limits.envelopeSize)
    limit = limits.envelopeSize
    algorithm = key.algorithm
    let text = try encoder.text()
    var textDigest: Digest?
    if let text { textDigest = try UnsignedEnvelope.digest(of: text) }
    self.text = text
    self.manifest = try encoder.manifest(textDigest: textDigest)
    let manifestDigest = try UnsignedEnvelope.digest(of: self.manifest)
    let digest = try parsing { () throws(ParseError) in
      try [UInt8](cborUpTo: 96) { (writer) throws(ParseError) in try writer.write(manifestDigest) }
    }
    self.digest = digest
    let headers = try COSESign1.protectedHeaders(for: key, cosigners: cosigners)
    protectedHeaders = headers
    let noData: [UInt8] = []
    signedBytes = try COSESign1.signedBytes(
      protectedHeaders: headers.span, externalData: noData.span, payload: digest.span)
  }

  /// Puts the envelope together.
  ///
  /// - Parameter signature: the signature of ``signedBytes``.
  /// - Returns: the encoded envelope.
  /// - Throws: ``ManifestError/crypto(_:)`` with `CryptoError.authenticationFailed` if the signature has the wrong
  ///   length (it is not checked further), ``ManifestError/limitExceeded(_:)`` if the envelope is too large.
  public func envelope(signature: [UInt8]) throws(ManifestError) -> [UInt8] {
    guard algorithm.hasSignatures(ofSize: signature.count) else { throw .crypto(.authenticationFailed) }
    let block = try COSESign1.encoded(
      protectedHeaders: protectedHeaders, payload: nil, signature: signature)
    do throws(ParseError) {
      let wrapper = try [UInt8](cborUpTo: 64 + digest.count + block.count) { (writer) throws(ParseError) in
        try writer.writeArrayHeader(2)
        try writer.writeByteString(digest.span)
        try writer.writeByteString(block.span)
      }
      return try [UInt8](cborUpTo: limit) { (writer) throws(ParseError) in
        try writer.writeTag(SUITKey.envelopeTag)
        try writer.writeMapHeader(text == nil ? 2 : 3)
        try writer.writeInteger(SUITKey.authenticationWrapper)
        try writer.writeByteString(wrapper.span)
        try writer.writeInteger(SUITKey.manifest)
        try writer.writeByteString(manifest.span)
        if let text {
          try writer.writeInteger(SUITKey.text)
          try writer.writeByteString(text.span)
        }
      }
    } catch {
      throw error.kind == .capacityExceeded ? .limitExceeded(.envelope) : .malformed(error)
    }
  }

  /// The SHA-256 digest of a member, wrapped in a byte string as it is in the envelope.
  private static func digest(of member: [UInt8]) throws(ManifestError) -> Digest {
    try parsing { () throws(ParseError) in
      let wrapped = try [UInt8](cborUpTo: member.count + 9) { (writer) throws(ParseError) in
        try writer.writeByteString(member.span)
      }
      return SHA256.digest(of: wrapped.span)
    }
  }

  /// Refuses strings that a reader with the same limits would refuse.
  private static func checkStrings(_ manifest: Manifest, limits: Limits) throws(ManifestError) {
    guard manifest.component.bytes.count <= limits.stringSize else { throw .limitExceeded(.component) }
    for payload in manifest.payloads where payload.uri.count > limits.stringSize {
      throw .limitExceeded(.uri)
    }
    for dependency in manifest.dependencies where dependency.component.bytes.count > limits.stringSize {
      throw .limitExceeded(.dependencies)
    }
    let metadata = manifest.metadata
    for text in [metadata.vendorName, metadata.modelName, metadata.updateDescription]
    where text.count > limits.stringSize {
      throw .limitExceeded(.metadata)
    }
  }
}
