import OTACore
import OTACrypto

/// Where some bytes are: in the envelope that was given, or in the memory for those of dependencies.
struct SUITRange: Equatable {
  private static var memoryFlag: UInt32 { 1 << 31 }

  private var location: UInt32
  private var length: UInt32

  /// No bytes.
  static var none: SUITRange { SUITRange(0..<0, isInMemory: false) }

  /// - Precondition: the range ends below 2 GiB; envelopes are much smaller.
  init(_ range: Range<Int>, isInMemory: Bool) {
    location = UInt32(truncatingIfNeeded: range.lowerBound) | (isInMemory ? SUITRange.memoryFlag : 0)
    length = UInt32(truncatingIfNeeded: range.count)
  }

  var isInMemory: Bool { location & SUITRange.memoryFlag != 0 }
  var start: Int { Int(location & ~SUITRange.memoryFlag) }
  var count: Int { Int(length) }
  var isEmpty: Bool { length == 0 }
  var range: Range<Int> { start..<start + count }
}

/// A sequence of the manifest, with its place in tables.
enum SUITSection: UInt8 {
  case dependencyResolution = 0
  case payloadFetch = 1
  case candidateVerification = 2
  case install = 3
  case validate = 4
  case load = 5
  case invoke = 6
  case uninstall = 7

  static var count: Int { 8 }

  init?(key: Int64) {
    switch key {
    case SUITKey.dependencyResolution: self = .dependencyResolution
    case SUITKey.payloadFetch: self = .payloadFetch
    case SUITKey.candidateVerification: self = .candidateVerification
    case SUITKey.install: self = .install
    case SUITKey.validate: self = .validate
    case SUITKey.load: self = .load
    case SUITKey.invoke: self = .invoke
    case SUITKey.uninstall: self = .uninstall
    default: return nil
    }
  }

  var key: Int64 {
    switch self {
    case .dependencyResolution: SUITKey.dependencyResolution
    case .payloadFetch: SUITKey.payloadFetch
    case .candidateVerification: SUITKey.candidateVerification
    case .install: SUITKey.install
    case .validate: SUITKey.validate
    case .load: SUITKey.load
    case .invoke: SUITKey.invoke
    case .uninstall: SUITKey.uninstall
    }
  }

  var index: Int { Int(rawValue) }
}

/// The parts of a manifest by their places, in one document; nothing is copied.
struct SUITOutline {
  var sequenceNumber = SequenceNumber(0)
  /// The contents of each section; empty if it is not there.
  var sections = InlineArray<8, SUITRange>(repeating: .none)
  /// Which sections the manifest names, but the envelope has not any more: a bit for each.
  var removed: UInt8 = 0
  /// The shared sequence; empty if there is none.
  var shared = SUITRange.none
  /// The encoded names, one behind the other, without the head of the array.
  var components = SUITRange.none
  var componentCount = 0
  /// The encoded dependencies, without the head of the map.
  var dependencies = SUITRange.none
  var dependencyCount = 0
  /// The encoded payloads of the envelope.
  var payloads = SUITRange.none
  var payloadCount = 0

  /// Reads the manifest of an envelope and binds the envelope's parts to it by their digests.
  ///
  /// - Parameters:
  ///   - envelope: the outer structure, whose signature was checked.
  ///   - bytes: what it was parsed from.
  ///   - isInMemory: which of the two documents that is.
  ///   - limits: limits on counts and strings.
  ///   - hash: the hash function of the digests.
  /// - Throws: a ``ManifestError`` for a form, a member or a digest that is wrong.
  init<Hash: HashFunction & ~Copyable>(
    _ envelope: SUITEnvelope, of bytes: Span<UInt8>, isInMemory: Bool, limits: Limits, hash: Hash.Type
  ) throws(ManifestError) {
    try SUITManifest.check(envelope.manifestDigest, of: envelope.manifest, in: bytes, hash: hash)
    payloads = SUITRange(envelope.payloads, isInMemory: isInMemory)
    payloadCount = envelope.payloadCount
    let range = envelope.manifest.contents
    var reader = CBORReader(bytes.extracting(range), limits: limits, origin: range.lowerBound)
    let count = try readMapHeader(&reader)
    // Version, sequence number and the common part must be there: a bit for each.
    var seen = 0
    // The severed members that the manifest names the digest of: a bit for each key.
    var bound: UInt32 = 0
    var previous: Int64?
    for _ in 0..<count {
      let key = try readKey(&reader, after: &previous)
      switch key {
      case SUITKey.version:
        let number = try readUnsigned(&reader)
        guard number == 1 else { throw .unsupportedVersion(number) }
        seen |= 1
      case SUITKey.sequenceNumber:
        sequenceNumber = SequenceNumber(try readUnsigned(&reader))
        seen |= 2
      case SUITKey.common:
        try readCommon(
          try readByteStringRange(&reader), of: bytes, isInMemory: isInMemory, limits: limits)
        seen |= 4
      case SUITKey.referenceURI:
        do throws(ParseError) { _ = try reader.readTextString() } catch { throw .malformed(error) }
      case SUITKey.componentName, SUITKey.setVersion:
        do throws(ParseError) { _ = try reader.readItem() } catch { throw .malformed(error) }
      default:
        let section = SUITSection(key: key)
        guard section != nil || key == SUITKey.text || key == SUITKey.softwareIdentity else {
          throw .unsupportedMember(key)
        }
        let severed = envelope.severed(key)
        var contents = SUITRange.none
        if reader.peekType() == .byteString {
          // Both in the manifest and in the envelope: the second is not authenticated.
          guard severed == nil else { throw .malformed(ParseError(.invalidValue, at: reader.offset)) }
          contents = SUITRange(try readByteStringRange(&reader), isInMemory: isInMemory)
          guard !contents.isEmpty else { throw .malformed(ParseError(.truncated, at: reader.offset)) }
        } else {
          guard SUITEnvelope.isSeverable(key) else {
            throw .malformed(ParseError(.invalidValue, at: reader.offset))
          }
          let digest = try readDigest(&reader)
          if let severed {
            try SUITManifest.check(digest, of: severed, in: bytes, hash: hash)
            contents = SUITRange(severed.contents, isInMemory: isInMemory)
            bound |= 1 << UInt32(truncatingIfNeeded: key)
          } else if let section {
            removed |= 1 << section.rawValue
          }
        }
        if let section { sections[section.index] = contents }
      }
    }
    try requireEnd(reader)
    guard seen & 1 != 0 else { throw .missingMember(SUITKey.version) }
    guard seen & 2 != 0 else { throw .missingMember(SUITKey.sequenceNumber) }
    guard seen & 4 != 0 else { throw .missingMember(SUITKey.common) }
    // A severed member that the manifest does not know is not authenticated by anything.
    for key: Int64 in 0..<32 where envelope.severed(key) != nil && bound >> UInt32(key) & 1 == 0 {
      throw .unsupportedMember(key)
    }
  }

  /// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.5; draft-ietf-suit-trust-domains-11, section 4.2.2.
  private mutating func readCommon(
    _ range: Range<Int>, of bytes: Span<UInt8>, isInMemory: Bool, limits: Limits
  ) throws(ManifestError) {
    var reader = CBORReader(bytes.extracting(range), limits: limits, origin: range.lowerBound)
    let count = try readMapHeader(&reader)
    var previous: Int64?
    for _ in 0..<count {
      let key = try readKey(&reader, after: &previous)
      let start = reader.offset
      switch key {
      case SUITKey.components:
        componentCount = try readArrayHeader(&reader)
        guard componentCount > 0 else { throw .malformed(ParseError(.invalidValue, at: start)) }
        let first = reader.offset
        for _ in 0..<componentCount { _ = try readNameRange(&reader) }
        components = SUITRange(first..<reader.offset, isInMemory: isInMemory)
      case SUITKey.dependencies:
        dependencyCount = try readMapHeader(&reader)
        guard dependencyCount > 0 else { throw .malformed(ParseError(.invalidValue, at: start)) }
        let first = reader.offset
        var last: Int64?
        for _ in 0..<dependencyCount {
          guard try readKey(&reader, after: &last) >= 0 else {
            throw .malformed(ParseError(.invalidValue, at: start))
          }
          _ = try readPrefixRange(&reader)
        }
        dependencies = SUITRange(first..<reader.offset, isInMemory: isInMemory)
      case SUITKey.sharedSequence:
        shared = SUITRange(try readByteStringRange(&reader), isInMemory: isInMemory)
        guard !shared.isEmpty else { throw .malformed(ParseError(.truncated, at: start)) }
      default:
        throw .unsupportedMember(key)
      }
    }
    try requireEnd(reader)
  }
}

/// Consumes the name of a component and returns where it is.
func readNameRange(_ reader: inout CBORReader) throws(ManifestError) -> Range<Int> {
  let start = reader.offset
  for _ in 0..<(try readArrayHeader(&reader)) { _ = try readByteStringRange(&reader) }
  return start..<reader.offset
}

/// Consumes the facts about a dependency and returns where its prefix is; `nil` if it has none.
func readPrefixRange(_ reader: inout CBORReader) throws(ManifestError) -> Range<Int>? {
  let count = try readMapHeader(&reader)
  var prefix: Range<Int>?
  var previous: Int64?
  for _ in 0..<count {
    let key = try readKey(&reader, after: &previous)
    guard key == SUITKey.dependencyPrefix else { throw .unsupportedMember(key) }
    prefix = try readNameRange(&reader)
  }
  return prefix
}
