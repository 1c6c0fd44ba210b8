public import OTACore
public import OTACrypto

/// A COSE_Mac0 structure, as offsets into the document that holds it: a payload with a tag under a key that both sides
/// have.
///
/// Whoever can check such a tag can also make one, so that it is no proof towards third parties, and no device accepts a
/// manifest for it.
///
/// - Note: Source: RFC 9052, section 6.2; RFC 9053, section 3.1.
public struct COSEMac0: Equatable, Sendable {
  /// The tag of COSE_Mac0 in CBOR.
  public static var tag: UInt64 { 17 }
  /// The number of HMAC 256/256: HMAC with SHA-256, all of its 32 bytes.
  public static var hmac256: Int64 { 5 }
  /// The length of a key, in bytes, at least.
  public static var minimumKeySize: Int { 32 }

  /// The algorithm, by its number in COSE, known or not.
  public var algorithmNumber: Int64
  /// The name of the key, in the document; `nil` if there is none.
  public var keyIdentifier: Range<Int>?
  /// The protected headers, in the document.
  public var protectedHeaders: Range<Int>
  /// The payload, in the document; `nil` if it is detached.
  public var payload: Range<Int>?
  /// The tag over all of it, in the document.
  public var authenticationTag: Range<Int>

  /// Parses one structure; nothing of it is trusted before ``verify(payload:externalData:in:key:using:)``.
  ///
  /// - Parameters:
  ///   - range: where the structure is; it fills the range.
  ///   - document: the outermost bytes.
  ///   - tagging: whether there is a tag.
  ///   - profile: which headers are accepted.
  ///   - limits: limits on nesting and counts.
  /// - Throws: as ``COSESign1/init(parsing:of:tagging:profile:limits:)``.
  public init(
    parsing range: Range<Int>, of document: Span<UInt8>, tagging: COSESign1.Tagging,
    profile: COSEProfile = .manifests, limits: Limits = Limits()
  ) throws(ManifestError) {
    var reader = CBORReader(document.extracting(range), limits: limits, origin: range.lowerBound)
    if tagging == .tagged { try readCOSETag(&reader, COSEMac0.tag) }
    let start = reader.offset
    guard try readArrayHeader(&reader) == 4 else { throw .malformed(ParseError(.invalidValue, at: start)) }
    let headers = try COSEHeaders(&reader, of: document, profile: profile, limits: limits)
    guard let algorithm = headers.algorithm else { throw .unsupportedHeader(COSEHeaders.algorithm) }
    if headers.cosigners != nil { throw .unsupportedHeader(COSEHeaders.cosigners) }
    algorithmNumber = algorithm
    keyIdentifier = headers.keyIdentifier
    protectedHeaders = headers.protected
    payload = try readPayload(&reader)
    authenticationTag = try readByteStringRange(&reader)
    try requireEnd(reader)
  }

  /// Checks the tag and returns only if it is the right one.
  ///
  /// - Parameters:
  ///   - payload: what was authenticated.
  ///   - externalData: the external additional authenticated data; it tells kinds of documents apart.
  ///   - document: the bytes that this structure was parsed from.
  ///   - key: the secret, at least ``minimumKeySize`` bytes.
  ///   - hash: a backend of SHA-256.
  /// - Throws: ``ManifestError/crypto(_:)`` with `CryptoError.authenticationFailed` if it is another tag or is shortened,
  ///   `CryptoError.unsupportedAlgorithm` for another algorithm than ``hmac256``, `CryptoError.invalidKey` for a key that is
  ///   too short.
  /// - Precondition: `hash` is SHA-256.
  public func verify<Hash: HashFunction & ~Copyable>(
    payload: Span<UInt8>, externalData: Span<UInt8>, in document: Span<UInt8>, key: Span<UInt8>,
    using hash: Hash.Type
  ) throws(ManifestError) {
    guard algorithmNumber == COSEMac0.hmac256 else { throw .crypto(.unsupportedAlgorithm) }
    let tag = try COSEMac0.tag(
      protectedHeaders: document.extracting(protectedHeaders), externalData: externalData, payload: payload,
      key: key, using: hash)
    guard isEqualInConstantTime(tag.bytes, document.extracting(authenticationTag)) else {
      throw .crypto(.authenticationFailed)
    }
  }

  /// Authenticates a payload, and encodes the structure with its tag.
  ///
  /// - Parameters:
  ///   - payload: the payload, at hand on the other side too if it is detached.
  ///   - isDetached: whether the structure leaves it out.
  ///   - externalData: the external additional authenticated data, empty if there is none.
  ///   - key: the secret, at least ``minimumKeySize`` bytes.
  ///   - hash: a backend of SHA-256.
  /// - Returns: the encoded structure.
  /// - Throws: ``ManifestError/crypto(_:)`` with `CryptoError.invalidKey` for a key that is too short.
  /// - Precondition: `hash` is SHA-256.
  public static func encoded<Hash: HashFunction & ~Copyable>(
    payload: [UInt8], isDetached: Bool, externalData: [UInt8], key: Span<UInt8>, using hash: Hash.Type
  ) throws(ManifestError) -> [UInt8] {
    // {1: 5}
    let headers: [UInt8] = [0xa1, 0x01, 0x05]
    let code = try tag(
      protectedHeaders: headers.span, externalData: externalData.span, payload: payload.span, key: key,
      using: hash)
    var bytes: [UInt8] = []
    for index in 0..<code.bytes.count { bytes.append(code.bytes[index]) }
    return try encodedCOSE(
      tag: tag, protectedHeaders: headers, payload: isDetached ? nil : payload, last: bytes)
  }

  private static func tag<Hash: HashFunction & ~Copyable>(
    protectedHeaders: Span<UInt8>, externalData: Span<UInt8>, payload: Span<UInt8>, key: Span<UInt8>,
    using hash: Hash.Type
  ) throws(ManifestError) -> Digest {
    precondition(Hash.algorithm == .sha256, "HMAC 256/256 is with SHA-256")
    guard key.count >= minimumKeySize else { throw .crypto(.invalidKey) }
    let authenticated = try COSEContext.mac0.encode(
      body: protectedHeaders, signer: protectedHeaders, externalData: externalData, payload: payload)
    return HMAC<Hash>.code(for: authenticated.span, key: key)
  }
}
