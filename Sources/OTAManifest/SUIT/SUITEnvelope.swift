public import OTACore

/// A SUIT envelope, as offsets into the bytes that were parsed.
///
/// Only the outer structure is read here: what is needed to check a signature before anything that is signed is
/// looked at. Nothing of it is trusted.
///
/// - Note: Source: draft-ietf-suit-manifest-37, sections 8.2 and 8.3. Integrated payloads and extensions are refused:
///   project decision, Docs/ManifestFormat.md.
public struct SUITEnvelope: Equatable, Sendable {
  /// A member that is wrapped in a byte string.
  public struct Member: Equatable, Sendable {
    /// The byte string with its head: what digests are computed over.
    public var item: Range<Int>
    /// The contents of the byte string.
    public var contents: Range<Int>
  }

  /// The most authentication blocks, and the most signatures in all of them: each costs a check of a signature.
  public static var maximumBlockCount: Int { 8 }

  /// The digest that the manifest is said to have.
  public var manifestDigest: Digest
  /// The encoded digest: the detached payload of every signature.
  public var signedDigest: Range<Int>
  /// The contents of the authentication blocks, one encoded COSE structure each.
  public var authenticationBlocks: [Range<Int>]
  /// The manifest.
  public var manifest: Member
  /// The payload-fetch sequence, if it was severed.
  public var payloadFetch: Member?
  /// The install sequence, if it was severed.
  public var install: Member?
  /// The text, if it was severed.
  public var text: Member?

  /// Parses the outer structure.
  ///
  /// - Parameters:
  ///   - bytes: the whole envelope, with tag 107.
  ///   - limits: `Limits.envelopeSize` and the limits of CBOR apply.
  /// - Throws: ``ManifestError/limitExceeded(_:)`` for too large an envelope or too many signatures,
  ///   ``ManifestError/malformed(_:)``, ``ManifestError/unsupportedMember(_:)``, ``ManifestError/missingMember(_:)``.
  ///   An envelope without signatures is *not* an error here.
  public init(parsing bytes: Span<UInt8>, limits: Limits = Limits()) throws(ManifestError) {
    guard bytes.count <= limits.envelopeSize else { throw .limitExceeded(.envelope) }
    var reader = CBORReader(bytes, limits: limits)
    guard try readTag(&reader) == SUITKey.envelopeTag else {
      throw .malformed(ParseError(.invalidValue, at: 0))
    }
    let count = try readMapHeader(&reader)
    var previous: Int64?
    var wrapper: Range<Int>?
    var manifest: Member?
    for _ in 0..<count {
      // Keys of integrated payloads are text.
      guard reader.peekType() != .textString else {
        throw .malformed(ParseError(.unsupported, at: reader.offset))
      }
      let key = try readKey(&reader, after: &previous)
      let start = reader.offset
      let contents = try readByteStringRange(&reader)
      let member = Member(item: start..<reader.offset, contents: contents)
      switch key {
      case SUITKey.authenticationWrapper: wrapper = contents
      case SUITKey.manifest: manifest = member
      case SUITKey.payloadFetch: payloadFetch = member
      case SUITKey.install: install = member
      case SUITKey.text: text = member
      default: throw .unsupportedMember(key)
      }
    }
    try requireEnd(reader)
    guard let wrapper else { throw .missingMember(SUITKey.authenticationWrapper) }
    guard let manifest else { throw .missingMember(SUITKey.manifest) }
    self.manifest = manifest

    var inner = CBORReader(bytes.extracting(wrapper), limits: limits, origin: wrapper.lowerBound)
    let items = try readArrayHeader(&inner)
    guard items >= 1 else { throw .malformed(ParseError(.invalidValue, at: wrapper.lowerBound)) }
    guard items - 1 <= SUITEnvelope.maximumBlockCount else { throw .limitExceeded(.envelope) }
    signedDigest = try readByteStringRange(&inner)
    var digestReader = CBORReader(
      bytes.extracting(signedDigest), limits: limits, origin: signedDigest.lowerBound)
    manifestDigest = try readDigest(&digestReader)
    try requireEnd(digestReader)
    authenticationBlocks = []
    for _ in 1..<items { authenticationBlocks.append(try readByteStringRange(&inner)) }
    try requireEnd(inner)
  }
}
