public import OTACore
public import OTACrypto

/// A COSE_Sign1 structure, as offsets into the document that holds it: a payload with one signature.
///
/// - Note: Source: RFC 9052, section 4.2.
public struct COSESign1: Equatable, Sendable {
  /// Whether the structure carries its tag.
  public enum Tagging: UInt8, Sendable {
    /// The tag must be there.
    case tagged
    /// No tag may be there.
    case untagged
  }

  /// The tag of COSE_Sign1.
  public static var tag: UInt64 { 18 }

  /// The signature with its headers.
  public var signer: COSESignature
  /// The payload, in the document; `nil` if it is detached.
  public var payload: Range<Int>?

  /// The algorithm, by its number in COSE, known or not.
  public var algorithmNumber: Int64 { signer.algorithmNumber }
  /// The name of the key, in the document; `nil` if there is none.
  public var keyIdentifier: Range<Int>? { signer.keyIdentifier }
  /// The protected headers as they were signed, in the document.
  public var protectedHeaders: Range<Int> { signer.protectedHeaders }
  /// The signature, in the document.
  public var signature: Range<Int> { signer.signature }
  /// The algorithm, if this library knows it.
  public var algorithm: SignatureAlgorithm? { signer.algorithm }

  /// Parses one structure; nothing of it is trusted before ``verify(payload:externalData:in:by:using:)``.
  ///
  /// - Parameters:
  ///   - range: where the structure is; it fills the range.
  ///   - document: the outermost bytes.
  ///   - tagging: whether there is a tag.
  ///   - profile: which headers are accepted.
  ///   - limits: limits on nesting and counts.
  /// - Throws: ``ManifestError/malformed(_:)``, ``ManifestError/unsupportedHeader(_:)`` for headers outside the profile
  ///   or in the wrong map, ``ManifestError/crypto(_:)`` with `CryptoError.unsupportedAlgorithm` if it is another
  ///   structure of COSE. An algorithm that nobody knows is *not* an error here.
  public init(
    parsing range: Range<Int>, of document: Span<UInt8>, tagging: Tagging,
    profile: COSEProfile = .manifests, limits: Limits = Limits()
  ) throws(ManifestError) {
    var reader = CBORReader(document.extracting(range), limits: limits, origin: range.lowerBound)
    if tagging == .tagged { try readCOSETag(&reader, COSESign1.tag) }
    let start = reader.offset
    guard try readArrayHeader(&reader) == 4 else { throw .malformed(ParseError(.invalidValue, at: start)) }
    let headers = try COSEHeaders(&reader, of: document, profile: profile, limits: limits)
    guard let algorithm = headers.algorithm else { throw .unsupportedHeader(COSEHeaders.algorithm) }
    payload = try readPayload(&reader)
    let signature = try readByteStringRange(&reader)
    try requireEnd(reader)
    signer = COSESignature(
      algorithmNumber: algorithm, keyIdentifier: headers.keyIdentifier, cosigners: headers.cosigners,
      bodyHeaders: nil, protectedHeaders: headers.protected, signature: signature)
  }

  /// Checks the signature and returns only if it is good.
  ///
  /// - Parameters:
  ///   - payload: what was signed.
  ///   - externalData: the external additional authenticated data; it tells kinds of documents apart.
  ///   - document: the bytes that this structure was parsed from.
  ///   - key: who should have signed.
  ///   - verifier: the backend.
  /// - Throws: as ``COSESignature/verify(payload:externalData:in:by:using:)``.
  public func verify(
    payload: Span<UInt8>, externalData: Span<UInt8>, in document: Span<UInt8>, by key: PublicKey,
    using verifier: borrowing some SignatureVerifier
  ) throws(ManifestError) {
    try signer.verify(payload: payload, externalData: externalData, in: document, by: key, using: verifier)
  }

  /// Encodes the Sig_structure: the bytes that are really signed.
  ///
  /// - Parameters:
  ///   - protectedHeaders: the encoded protected headers.
  ///   - externalData: the external additional authenticated data, empty if there is none.
  ///   - payload: the payload.
  /// - Returns: the array `["Signature1", protectedHeaders, externalData, payload]`.
  /// - Throws: never for sizes that fit in memory.
  /// - Note: Source: RFC 9052, section 4.4.
  public static func signedBytes(
    protectedHeaders: Span<UInt8>, externalData: Span<UInt8>, payload: Span<UInt8>
  ) throws(ManifestError) -> [UInt8] {
    try COSEContext.signature1.encode(
      body: protectedHeaders, signer: protectedHeaders, externalData: externalData, payload: payload)
  }

  /// Encodes the protected headers that this library writes: the algorithm and the identifier of the key.
  ///
  /// - Parameters:
  ///   - key: who is going to sign.
  ///   - cosigners: all keys that are going to sign, this one among them; if there are any, each signature says whose the
  ///     others are, so that a device can notice one that was taken away.
  /// - Returns: the map `{1: algorithm, 4: identifier, ? -65537: cosigners}`.
  /// - Throws: ``ManifestError/limitExceeded(_:)`` for more than eight cosigners.
  public static func protectedHeaders(
    for key: PublicKey, cosigners: [KeyIdentifier] = []
  ) throws(ManifestError) -> [UInt8] {
    try COSEHeaders.encoded(for: key, cosigners: cosigners)
  }

  /// Puts a tagged structure together.
  ///
  /// - Parameters:
  ///   - protectedHeaders: the encoded protected headers that were signed.
  ///   - payload: the payload, or `nil` to detach it.
  ///   - signature: the signature over ``signedBytes(protectedHeaders:externalData:payload:)``.
  /// - Returns: the encoded structure.
  /// - Throws: never for sizes that fit in memory.
  public static func encoded(
    protectedHeaders: [UInt8], payload: [UInt8]?, signature: [UInt8]
  ) throws(ManifestError) -> [UInt8] {
    try encodedCOSE(tag: tag, protectedHeaders: protectedHeaders, payload: payload, last: signature)
  }
}
