public import OTACore

/// A SUIT envelope, as offsets into the bytes that were parsed.
///
/// Only the outer structure is read here: what is needed to check a signature before anything that is signed is
/// looked at. Nothing of it is trusted.
///
/// - Note: Source: draft-ietf-suit-manifest-37, sections 8.2 and 8.3. For an update of one component, integrated payloads
///   and extensions are refused: project decision, Docs/ManifestFormat.md.
public struct SUITEnvelope: Equatable, Sendable {
  /// Which members may be there.
  public enum Extent: UInt8, Sendable {
    /// Those of an update of one component.
    case update
    /// Those of the draft, and of its extensions for dependencies and for update management.
    case all
  }

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
  /// The sequence that gets dependencies, if it was severed.
  public var dependencyResolution: Member?
  /// The sequence that checks what was got, if it was severed.
  public var candidateVerification: Member?
  /// The description of the software, if it was severed.
  public var softwareIdentity: Member?
  /// The payloads with the URIs that name them: pairs of a text and a byte string.
  public var payloads: Range<Int>
  /// How many payloads there are.
  public var payloadCount: Int

  /// Parses the outer structure.
  ///
  /// - Parameters:
  ///   - bytes: the whole envelope, with tag 107.
  ///   - limits: `Limits.envelopeSize` and the limits of CBOR apply.
  ///   - extent: which members may be there.
  /// - Throws: ``ManifestError/limitExceeded(_:)`` for too large an envelope or too many signatures,
  ///   ``ManifestError/malformed(_:)``, ``ManifestError/unsupportedMember(_:)``, ``ManifestError/missingMember(_:)``.
  ///   An envelope without signatures is *not* an error here.
  public init(
    parsing bytes: Span<UInt8>, limits: Limits = Limits(), extent: Extent = .update
  ) throws(ManifestError) {
    try self.init(parsing: bytes, limits: limits, extent: extent, origin: 0)
  }

  /// As the other, for bytes that begin at `origin` of a larger document, which all ranges are of.
  init(parsing bytes: Span<UInt8>, limits: Limits, extent: Extent, origin: Int) throws(ManifestError) {
    guard bytes.count <= limits.envelopeSize else { throw .limitExceeded(.envelope) }
    var reader = CBORReader(bytes, limits: limits, origin: origin)
    guard try readTag(&reader) == SUITKey.envelopeTag else {
      throw .malformed(ParseError(.invalidValue, at: origin))
    }
    let count = try readMapHeader(&reader)
    var previous: Int64?
    var wrapper: Range<Int>?
    var manifest: Member?
    (payloads, payloadCount) = (0..<0, 0)
    for index in 0..<count {
      // Keys of integrated payloads are text, which stands behind all integers.
      if reader.peekType() == .textString {
        guard extent == .all else { throw .malformed(ParseError(.unsupported, at: reader.offset)) }
        payloadCount = count - index
        payloads = try SUITEnvelope.payloads(&reader, count: payloadCount)
        break
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
      case SUITKey.dependencyResolution where extent == .all: dependencyResolution = member
      case SUITKey.candidateVerification where extent == .all: candidateVerification = member
      case SUITKey.softwareIdentity where extent == .all: softwareIdentity = member
      default: throw .unsupportedMember(key)
      }
    }
    try requireEnd(reader)
    guard let wrapper else { throw .missingMember(SUITKey.authenticationWrapper) }
    guard let manifest else { throw .missingMember(SUITKey.manifest) }
    self.manifest = manifest

    var inner = CBORReader(
      bytes.extracting(wrapper.lowerBound - origin..<wrapper.upperBound - origin), limits: limits,
      origin: wrapper.lowerBound)
    let items = try readArrayHeader(&inner)
    guard items >= 1 else { throw .malformed(ParseError(.invalidValue, at: wrapper.lowerBound)) }
    guard items - 1 <= SUITEnvelope.maximumBlockCount else { throw .limitExceeded(.envelope) }
    signedDigest = try readByteStringRange(&inner)
    var digestReader = CBORReader(
      bytes.extracting(signedDigest.lowerBound - origin..<signedDigest.upperBound - origin), limits: limits,
      origin: signedDigest.lowerBound)
    manifestDigest = try readDigest(&digestReader)
    try requireEnd(digestReader)
    authenticationBlocks = []
    for _ in 1..<items { authenticationBlocks.append(try readByteStringRange(&inner)) }
    try requireEnd(inner)
  }

  /// Consumes pairs of text and byte string, in the order of their encodings.
  private static func payloads(
    _ reader: inout CBORReader, count: Int
  ) throws(ManifestError) -> Range<Int> {
    let start = reader.offset
    do throws(ParseError) {
      var previous = try reader.readTextString()
      _ = try reader.readByteString()
      for _ in 1..<count {
        let offset = reader.offset
        let uri = try reader.readTextString()
        guard isOrdered(previous, before: uri) else { throw ParseError(.notCanonical, at: offset) }
        _ = try reader.readByteString()
        previous = uri
      }
    } catch {
      throw .malformed(error)
    }
    return start..<reader.offset
  }

  /// Whether one key of text stands before another: the shorter first, then byte by byte.
  private static func isOrdered(_ left: Span<UInt8>, before right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return left.count < right.count }
    for index in 0..<left.count where left[index] != right[index] { return left[index] < right[index] }
    return false
  }
}

extension SUITEnvelope {
  /// Whether a member of the manifest may be moved into the envelope.
  static func isSeverable(_ key: Int64) -> Bool {
    switch key {
    case SUITKey.payloadFetch, SUITKey.install, SUITKey.text, SUITKey.dependencyResolution,
      SUITKey.candidateVerification, SUITKey.softwareIdentity:
      true
    default: false
    }
  }

  /// The severed member of a key, if there is one.
  func severed(_ key: Int64) -> Member? {
    switch key {
    case SUITKey.payloadFetch: payloadFetch
    case SUITKey.install: install
    case SUITKey.text: text
    case SUITKey.dependencyResolution: dependencyResolution
    case SUITKey.candidateVerification: candidateVerification
    case SUITKey.softwareIdentity: softwareIdentity
    default: nil
    }
  }
}
