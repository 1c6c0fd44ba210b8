public import OTACore
public import OTACrypto

/// A member of a manifest that may have been moved out of it.
public enum SUITMember<Contents: Equatable & Sendable>: Equatable, Sendable {
  /// The manifest never had it.
  case absent
  /// It is there, in the manifest or in the envelope with the digest that the manifest names.
  case present(Contents)
  /// The manifest names its digest, but it is not in the envelope any more.
  case removed(Digest)
}

/// A SUIT manifest as its commands, before anything is made of them.
///
/// Decodes the whole core of the format, also what `Manifest.init(_:)` refuses to install: several components,
/// alternatives, copies. What is outside the core is refused and never skipped.
///
/// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.
public struct SUITManifest: Equatable, Sendable {
  /// The number of this manifest in the order of all.
  public var sequenceNumber: SequenceNumber
  /// The components that it is about; each name is a list of byte strings.
  public var components: [[[UInt8]]]
  /// What runs before every other sequence.
  public var sharedSequence: [SUITCommand]
  /// Where a full version of the manifest is, in UTF-8.
  public var referenceURI: [UInt8]?
  /// Checks what was installed; empty if there is no such sequence.
  public var validate: [SUITCommand]
  /// Prepares for running; empty if there is no such sequence.
  public var load: [SUITCommand]
  /// Runs; empty if there is no such sequence.
  public var invoke: [SUITCommand]
  /// Gets the payload.
  public var payloadFetch: SUITMember<[SUITCommand]>
  /// Installs it.
  public var install: SUITMember<[SUITCommand]>
  /// Text for people.
  public var text: SUITMember<ManifestMetadata>

  /// Decodes the manifest of an envelope.
  ///
  /// Checks the digests that bind the envelope's parts to each other; it does not check who signed them. Use
  /// ``ManifestVerifier`` for anything that decides what a device does.
  ///
  /// - Parameters:
  ///   - envelope: the outer structure.
  ///   - bytes: what it was parsed from.
  ///   - limits: limits on counts, strings and nesting.
  ///   - hash: the hash function; the envelope must use the same.
  /// - Throws: ``ManifestError/digestMismatch`` if the manifest or a severed member has not its digest,
  ///   ``ManifestError/unsupportedVersion(_:)`` for another version than 1, and the errors of parsing.
  public init<Hash: HashFunction & ~Copyable>(
    _ envelope: SUITEnvelope, of bytes: Span<UInt8>, limits: Limits = Limits(), hash: Hash.Type
  ) throws(ManifestError) {
    try SUITManifest.check(envelope.manifestDigest, of: envelope.manifest, in: bytes, hash: hash)

    let range = envelope.manifest.contents
    var reader = CBORReader(bytes.extracting(range), limits: limits, origin: range.lowerBound)
    let count = try readMapHeader(&reader)
    var version: UInt64?
    var sequenceNumber: SequenceNumber?
    var common: Common?
    referenceURI = nil
    (validate, load, invoke) = ([], [], [])
    (payloadFetch, install, text) = (.absent, .absent, .absent)
    var previous: Int64?
    for _ in 0..<count {
      let key = try readKey(&reader, after: &previous)
      switch key {
      case SUITKey.version:
        let number = try readUnsigned(&reader)
        guard number == 1 else { throw .unsupportedVersion(number) }
        version = number
      case SUITKey.sequenceNumber:
        sequenceNumber = SequenceNumber(try readUnsigned(&reader))
      case SUITKey.common:
        common = try Common(parsing: try readByteStringRange(&reader), of: bytes, limits: limits)
      case SUITKey.referenceURI:
        referenceURI = try readText(&reader, limit: limits.stringSize)
      case SUITKey.validate:
        validate = try SUITManifest.sequence(&reader, of: bytes, limits: limits)
      case SUITKey.load:
        load = try SUITManifest.sequence(&reader, of: bytes, limits: limits)
      case SUITKey.invoke:
        invoke = try SUITManifest.sequence(&reader, of: bytes, limits: limits)
      case SUITKey.payloadFetch:
        let member = try SUITManifest.member(&reader, severed: envelope.payloadFetch, of: bytes, hash: hash)
        payloadFetch = try SUITManifest.commands(member, of: bytes, limits: limits)
      case SUITKey.install:
        let member = try SUITManifest.member(&reader, severed: envelope.install, of: bytes, hash: hash)
        install = try SUITManifest.commands(member, of: bytes, limits: limits)
      case SUITKey.text:
        switch try SUITManifest.member(&reader, severed: envelope.text, of: bytes, hash: hash) {
        case .absent: text = .absent
        case .removed(let digest): text = .removed(digest)
        case .present(let range):
          text = .present(try ManifestMetadata(parsingText: range, of: bytes, limits: limits))
        }
      default:
        throw .unsupportedMember(key)
      }
    }
    try requireEnd(reader)
    guard version != nil else { throw .missingMember(SUITKey.version) }
    guard let sequenceNumber else { throw .missingMember(SUITKey.sequenceNumber) }
    guard let common else { throw .missingMember(SUITKey.common) }
    self.sequenceNumber = sequenceNumber
    components = common.components
    sharedSequence = common.sharedSequence
    // A severed member that the manifest does not know is not authenticated by anything.
    if envelope.payloadFetch != nil, payloadFetch == .absent {
      throw .unsupportedMember(SUITKey.payloadFetch)
    }
    if envelope.install != nil, install == .absent { throw .unsupportedMember(SUITKey.install) }
    if envelope.text != nil, text == .absent { throw .unsupportedMember(SUITKey.text) }
  }

  /// Holds a wrapped member against its digest; the digest covers the head of the byte string too.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, sections 8.3 and 8.4.12.
  static func check<Hash: HashFunction & ~Copyable>(
    _ digest: Digest, of member: SUITEnvelope.Member, in bytes: Span<UInt8>, hash: Hash.Type
  ) throws(ManifestError) {
    guard digest.algorithm == Hash.algorithm else { throw .invalid(.digestAlgorithm) }
    guard digest == Hash.digest(of: bytes.extracting(member.item)) else { throw .digestMismatch }
  }

  private static func sequence(
    _ reader: inout CBORReader, of bytes: Span<UInt8>, limits: Limits
  ) throws(ManifestError) -> [SUITCommand] {
    let range = try readByteStringRange(&reader)
    return try SUITCommand.sequence(parsing: range, of: bytes, limits: limits, depth: limits.nestingDepth)
  }

  /// Finds the contents of a severable member, in the manifest or by its digest in the envelope.
  private static func member<Hash: HashFunction & ~Copyable>(
    _ reader: inout CBORReader, severed: SUITEnvelope.Member?, of bytes: Span<UInt8>, hash: Hash.Type
  ) throws(ManifestError) -> SUITMember<Range<Int>> {
    if reader.peekType() == .byteString {
      // Both in the manifest and in the envelope: the second is not authenticated.
      guard severed == nil else { throw .malformed(ParseError(.invalidValue, at: reader.offset)) }
      return .present(try readByteStringRange(&reader))
    }
    let digest = try readDigest(&reader)
    guard let severed else { return .removed(digest) }
    try check(digest, of: severed, in: bytes, hash: hash)
    return .present(severed.contents)
  }

  private static func commands(
    _ member: SUITMember<Range<Int>>, of bytes: Span<UInt8>, limits: Limits
  ) throws(ManifestError) -> SUITMember<[SUITCommand]> {
    switch member {
    case .absent: .absent
    case .removed(let digest): .removed(digest)
    case .present(let range):
      .present(
        try SUITCommand.sequence(parsing: range, of: bytes, limits: limits, depth: limits.nestingDepth))
    }
  }
}

/// What all sequences share.
///
/// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.5.
private struct Common {
  var components: [[[UInt8]]]
  var sharedSequence: [SUITCommand]

  init(parsing range: Range<Int>, of bytes: Span<UInt8>, limits: Limits) throws(ManifestError) {
    var reader = CBORReader(bytes.extracting(range), limits: limits, origin: range.lowerBound)
    let count = try readMapHeader(&reader)
    (components, sharedSequence) = ([], [])
    var previous: Int64?
    for _ in 0..<count {
      let key = try readKey(&reader, after: &previous)
      switch key {
      case SUITKey.components:
        let start = reader.offset
        let count = try readArrayHeader(&reader)
        guard count > 0 else { throw .malformed(ParseError(.invalidValue, at: start)) }
        for _ in 0..<count { components.append(try readComponentName(&reader, limits: limits)) }
      case SUITKey.sharedSequence:
        let range = try readByteStringRange(&reader)
        sharedSequence = try SUITCommand.sequence(
          parsing: range, of: bytes, limits: limits, depth: limits.nestingDepth)
      default:
        throw .unsupportedMember(key)
      }
    }
    try requireEnd(reader)
  }
}

/// Consumes a SUIT_Component_Identifier: a list of byte strings.
func readComponentName(_ reader: inout CBORReader, limits: Limits) throws(ManifestError) -> [[UInt8]] {
  let count = try readArrayHeader(&reader)
  var name: [[UInt8]] = []
  for _ in 0..<count { name.append(try readBytes(&reader, limit: limits.stringSize)) }
  return name
}
