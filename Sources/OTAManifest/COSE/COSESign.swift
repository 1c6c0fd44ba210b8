public import OTACore

/// A COSE_Sign structure, as offsets into the document that holds it: a payload with several signatures.
///
/// - Note: Source: RFC 9052, section 4.1. That the structure itself has no headers in manifests: project decision,
///   Docs/ManifestFormat.md.
public struct COSESign: Equatable, Sendable {
  /// The tag of COSE_Sign.
  public static var tag: UInt64 { 98 }
  /// The most signatures that are read: each costs a check.
  public static var maximumSignatureCount: Int { 8 }

  /// The protected headers of the structure, in the document.
  public var protectedHeaders: Range<Int>
  /// The payload, in the document; `nil` if it is detached.
  public var payload: Range<Int>?
  /// The signatures, at least one.
  public var signatures: [COSESignature]

  /// Parses one structure; nothing of it is trusted before ``COSESignature/verify(payload:externalData:in:by:using:)``.
  ///
  /// - Parameters:
  ///   - range: where the structure is; it fills the range.
  ///   - document: the outermost bytes.
  ///   - tagging: whether there is a tag.
  ///   - profile: which headers are accepted.
  ///   - limits: limits on nesting and counts.
  /// - Throws: as ``COSESign1/init(parsing:of:tagging:profile:limits:)``; ``ManifestError/limitExceeded(_:)`` for more than
  ///   ``maximumSignatureCount`` signatures; ``ManifestError/malformed(_:)`` for none.
  public init(
    parsing range: Range<Int>, of document: Span<UInt8>, tagging: COSESign1.Tagging,
    profile: COSEProfile = .manifests, limits: Limits = Limits()
  ) throws(ManifestError) {
    var reader = CBORReader(document.extracting(range), limits: limits, origin: range.lowerBound)
    if tagging == .tagged { try readCOSETag(&reader, COSESign.tag) }
    var start = reader.offset
    guard try readArrayHeader(&reader) == 4 else { throw .malformed(ParseError(.invalidValue, at: start)) }
    let headers = try COSEHeaders(&reader, of: document, profile: profile, limits: limits)
    if profile == .manifests {
      // Who signs, and how, stands at each signature.
      if headers.algorithm != nil { throw .unsupportedHeader(COSEHeaders.algorithm) }
      if headers.keyIdentifier != nil { throw .unsupportedHeader(COSEHeaders.keyIdentifier) }
      if headers.cosigners != nil { throw .unsupportedHeader(COSEHeaders.cosigners) }
      guard headers.protected.isEmpty else {
        throw .malformed(ParseError(.notCanonical, at: headers.protected.lowerBound))
      }
    }
    protectedHeaders = headers.protected
    payload = try readPayload(&reader)
    start = reader.offset
    let count = try readArrayHeader(&reader)
    guard count > 0 else { throw .malformed(ParseError(.invalidValue, at: start)) }
    guard count <= COSESign.maximumSignatureCount else { throw .limitExceeded(.envelope) }
    signatures = []
    for _ in 0..<count {
      start = reader.offset
      guard try readArrayHeader(&reader) == 3 else { throw .malformed(ParseError(.invalidValue, at: start)) }
      let own = try COSEHeaders(&reader, of: document, profile: profile, limits: limits)
      guard let algorithm = own.algorithm else { throw .unsupportedHeader(COSEHeaders.algorithm) }
      let signature = try readByteStringRange(&reader)
      signatures.append(
        COSESignature(
          algorithmNumber: algorithm, keyIdentifier: own.keyIdentifier, cosigners: own.cosigners,
          bodyHeaders: headers.protected, protectedHeaders: own.protected, signature: signature))
    }
    try requireEnd(reader)
  }

  /// Encodes the Sig_structure of one signer: the bytes that are really signed.
  ///
  /// - Parameters:
  ///   - protectedHeaders: the encoded protected headers of the signature, as `COSESign1.protectedHeaders(for:cosigners:)`
  ///     makes them; the structure has none.
  ///   - externalData: the external additional authenticated data, empty if there is none.
  ///   - payload: the payload.
  /// - Returns: the array `["Signature", h'', protectedHeaders, externalData, payload]`.
  /// - Throws: never for sizes that fit in memory.
  /// - Note: Source: RFC 9052, section 4.4.
  public static func signedBytes(
    protectedHeaders: Span<UInt8>, externalData: Span<UInt8>, payload: Span<UInt8>
  ) throws(ManifestError) -> [UInt8] {
    let none: [UInt8] = []
    return try COSEContext.signature.encode(
      body: none.span, signer: protectedHeaders, externalData: externalData, payload: payload)
  }

  /// Puts a tagged structure together.
  ///
  /// - Parameters:
  ///   - payload: the payload, or `nil` to detach it.
  ///   - signatures: for each signer the protected headers that were signed, and the signature over
  ///     ``signedBytes(protectedHeaders:externalData:payload:)``; 1 to ``maximumSignatureCount``.
  /// - Returns: the encoded structure.
  /// - Throws: ``ManifestError/limitExceeded(_:)`` for another number of signatures.
  public static func encoded(
    payload: [UInt8]?, signatures: [(protectedHeaders: [UInt8], signature: [UInt8])]
  ) throws(ManifestError) -> [UInt8] {
    guard !signatures.isEmpty, signatures.count <= maximumSignatureCount else {
      throw .limitExceeded(.envelope)
    }
    var capacity = 64 + (payload?.count ?? 0)
    for (headers, signature) in signatures { capacity += 32 + headers.count + signature.count }
    return try parsing { () throws(ParseError) in
      try [UInt8](cborUpTo: capacity) { (writer) throws(ParseError) in
        let none: [UInt8] = []
        try writer.writeTag(COSESign.tag)
        try writer.writeArrayHeader(4)
        try writer.writeByteString(none.span)
        try writer.writeMapHeader(0)
        if let payload {
          try writer.writeByteString(payload.span)
        } else {
          try writer.writeNull()
        }
        try writer.writeArrayHeader(signatures.count)
        for (headers, signature) in signatures {
          try writer.writeArrayHeader(3)
          try writer.writeByteString(headers.span)
          try writer.writeMapHeader(0)
          try writer.writeByteString(signature.span)
        }
      }
    }
  }
}
