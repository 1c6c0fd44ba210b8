public import OTACore
public import OTACrypto

/// A COSE_Sign1 structure, as offsets into the document that holds it.
///
/// A strict profile: the algorithm and, if there is one, the key identifier are the only headers. Others are refused,
/// `crit` among them, so that nothing which somebody thought important is overlooked.
///
/// - Note: Source: RFC 9052, sections 3 and 4.2; which headers: project decision, Docs/ManifestFormat.md.
public struct COSESign1: Equatable, Sendable {
  /// Whether the structure carries its tag.
  public enum Tagging: UInt8, Sendable {
    /// Tag 18 must be there.
    case tagged
    /// No tag may be there.
    case untagged
  }

  /// The tag of COSE_Sign1.
  public static var tag: UInt64 { 18 }

  /// The algorithm, by its number in COSE, known or not.
  public var algorithmNumber: Int64
  /// The name of the key, in the document; `nil` if there is none.
  public var keyIdentifier: Range<Int>?
  /// The protected headers as they were signed, in the document.
  public var protectedHeaders: Range<Int>
  /// The payload, in the document; `nil` if it is detached.
  public var payload: Range<Int>?
  /// The signature, in the document.
  public var signature: Range<Int>

  /// Parses one structure; nothing of it is trusted before ``verify(payload:externalData:in:by:using:)``.
  ///
  /// - Parameters:
  ///   - range: where the structure is; it fills the range.
  ///   - document: the outermost bytes.
  ///   - tagging: whether there is a tag.
  ///   - limits: limits on nesting and counts.
  /// - Throws: ``ManifestError/malformed(_:)``, ``ManifestError/unsupportedHeader(_:)`` for headers outside the profile
  ///   or in the wrong map, ``ManifestError/crypto(_:)`` with `CryptoError.unsupportedAlgorithm` if it is another
  ///   structure of COSE. An algorithm that nobody knows is *not* an error here.
  public init(
    parsing range: Range<Int>, of document: Span<UInt8>, tagging: Tagging, limits: Limits = Limits()
  ) throws(ManifestError) {
    var reader = CBORReader(document.extracting(range), limits: limits, origin: range.lowerBound)
    if tagging == .tagged {
      let tag = try readTag(&reader)
      switch tag {
      case COSESign1.tag: break
      // COSE_Mac0, COSE_Mac and COSE_Sign: known structures, for which there is no backend.
      case 17, 97, 98: throw .crypto(.unsupportedAlgorithm)
      default: throw .malformed(ParseError(.invalidValue, at: range.lowerBound))
      }
    }
    let start = reader.offset
    guard try readArrayHeader(&reader) == 4 else { throw .malformed(ParseError(.invalidValue, at: start)) }

    protectedHeaders = try readByteStringRange(&reader)
    var headers = Headers()
    if protectedHeaders.isEmpty {
      // An empty map is encoded as a string of no bytes: RFC 9052, section 3.
      throw .unsupportedHeader(Headers.algorithm)
    }
    var inner = CBORReader(
      document.extracting(protectedHeaders), limits: limits, origin: protectedHeaders.lowerBound)
    try headers.read(&inner, isProtected: true)
    try requireEnd(inner)
    try headers.read(&reader, isProtected: false)
    guard let algorithm = headers.algorithm else { throw .unsupportedHeader(Headers.algorithm) }
    algorithmNumber = algorithm
    keyIdentifier = headers.keyIdentifier

    if reader.isNextNull() {
      try readNull(&reader)
      payload = nil
    } else {
      payload = try readByteStringRange(&reader)
    }
    signature = try readByteStringRange(&reader)
    try requireEnd(reader)
  }

  /// The algorithm, if this library knows it.
  ///
  /// Old and new numbers for one algorithm are the same here: see `SignatureAlgorithm.init(coseNumber:)`.
  public var algorithm: SignatureAlgorithm? { SignatureAlgorithm(coseNumber: algorithmNumber) }

  /// Checks the signature and returns only if it is good.
  ///
  /// - Parameters:
  ///   - payload: what was signed.
  ///   - externalData: the external additional authenticated data; it tells kinds of documents apart.
  ///   - document: the bytes that this structure was parsed from.
  ///   - key: who should have signed.
  ///   - verifier: the backend.
  /// - Throws: ``ManifestError/crypto(_:)`` with `CryptoError.unsupportedAlgorithm` if the algorithm is not known or
  ///   not that of the key, `CryptoError.authenticationFailed` if the signature is not good.
  public func verify(
    payload: Span<UInt8>, externalData: Span<UInt8>, in document: Span<UInt8>, by key: PublicKey,
    using verifier: borrowing some SignatureVerifier
  ) throws(ManifestError) {
    guard let algorithm, algorithm == key.algorithm else { throw .crypto(.unsupportedAlgorithm) }
    let signed = try COSESign1.signedBytes(
      protectedHeaders: document.extracting(protectedHeaders), externalData: externalData, payload: payload)
    do throws(CryptoError) {
      try verifier.verify(signature: document.extracting(signature), of: signed.span, by: key)
    } catch {
      throw .crypto(error)
    }
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
    // "Signature1" in ASCII.
    let context: InlineArray<10, UInt8> = [0x53, 0x69, 0x67, 0x6e, 0x61, 0x74, 0x75, 0x72, 0x65, 0x31]
    let capacity = 64 + protectedHeaders.count + externalData.count + payload.count
    return try parsing { () throws(ParseError) in
      var bytes = [UInt8](repeating: 0, count: capacity)
      var writer = CBORWriter(bytes.mutableSpan)
      try writer.writeArrayHeader(4)
      try writer.writeTextString(context.span)
      try writer.writeByteString(protectedHeaders)
      try writer.writeByteString(externalData)
      try writer.writeByteString(payload)
      let count = writer.count
      bytes.removeLast(capacity - count)
      return bytes
    }
  }

  /// Encodes the protected headers that this library writes: the algorithm and the identifier of the key.
  ///
  /// - Parameter key: who is going to sign.
  /// - Returns: the map `{1: algorithm, 4: identifier}`.
  /// - Throws: never for a valid key.
  public static func protectedHeaders(for key: PublicKey) throws(ManifestError) -> [UInt8] {
    let identifier = KeyIdentifier(of: key)
    return try parsing { () throws(ParseError) in
      try [UInt8](cborUpTo: 64) { (writer) throws(ParseError) in
        try writer.writeMapHeader(2)
        try writer.writeInteger(Headers.algorithm)
        try writer.writeInteger(Int64(key.algorithm.rawValue))
        try writer.writeInteger(Headers.keyIdentifier)
        try writer.writeByteString(identifier.bytes)
      }
    }
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
    let capacity = 64 + protectedHeaders.count + (payload?.count ?? 0) + signature.count
    return try parsing { () throws(ParseError) in
      try [UInt8](cborUpTo: capacity) { (writer) throws(ParseError) in
        try writer.writeTag(COSESign1.tag)
        try writer.writeArrayHeader(4)
        try writer.writeByteString(protectedHeaders.span)
        try writer.writeMapHeader(0)
        if let payload {
          try writer.writeByteString(payload.span)
        } else {
          try writer.writeNull()
        }
        try writer.writeByteString(signature.span)
      }
    }
  }
}

extension COSESign1 {
  /// The headers of the profile, collected from both maps.
  struct Headers {
    static var algorithm: Int64 { 1 }
    static var keyIdentifier: Int64 { 4 }

    var algorithm: Int64?
    var keyIdentifier: Range<Int>?

    /// Reads one of the two maps.
    ///
    /// - Throws: ``ManifestError/unsupportedHeader(_:)`` for a label outside the profile, for an algorithm that is not
    ///   protected, and for a label in both maps.
    mutating func read(_ reader: inout CBORReader, isProtected: Bool) throws(ManifestError) {
      let count = try readMapHeader(&reader)
      var previous: Int64?
      for _ in 0..<count {
        let label = try readKey(&reader, after: &previous)
        switch label {
        case Headers.algorithm where isProtected:
          algorithm = try readInteger(&reader)
        case Headers.keyIdentifier where keyIdentifier == nil:
          keyIdentifier = try readByteStringRange(&reader)
        default:
          throw .unsupportedHeader(label)
        }
      }
    }
  }
}
