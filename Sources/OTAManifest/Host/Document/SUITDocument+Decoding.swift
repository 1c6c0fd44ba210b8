#if !hasFeature(Embedded)
public import OTACore

extension SUITDocument {
  /// Decodes an envelope, whatever it says.
  ///
  /// - Parameters:
  ///   - bytes: the envelope, with tag 107.
  ///   - limits: limits on its size, on counts, strings and nesting.
  /// - Throws: ``ManifestError/malformed(_:)`` if it is no envelope, or not in the deterministic encoding;
  ///   ``ManifestError/limitExceeded(_:)``, ``ManifestError/missingMember(_:)``. Members, commands and parameters that
  ///   nobody knows are *not* an error, and neither are wrong digests: see ``checkDigests()``.
  public init(decoding bytes: [UInt8], limits: Limits = Limits()) throws(ManifestError) {
    guard bytes.count <= limits.envelopeSize else { throw .limitExceeded(.envelope) }
    let decoder = DocumentDecoder(document: bytes, limits: limits)
    var reader = CBORReader(bytes.span, limits: limits)
    guard try readTag(&reader) == SUITKey.envelopeTag else {
      throw .malformed(ParseError(.invalidValue, at: 0))
    }
    let count = try readMapHeader(&reader)
    (severedSections, payloads, otherMembers) = ([:], [], [:])
    (digest, authenticationBlocks) = (DigestValue(algorithm: 0, bytes: []), [])
    var manifest: Contents?
    var isWrapped = false
    var previous: Int64?
    for _ in 0..<count {
      if reader.peekType() == .textString {
        let start = reader.offset
        let uri = String(decoding: try readText(&reader, limit: limits.stringSize), as: UTF8.self)
        if let last = payloads.last, !CBORBuilder.isOrdered(last.uri, before: uri) {
          throw .malformed(ParseError(.notCanonical, at: start))
        }
        payloads.append(Payload(uri: uri, bytes: try readBytes(&reader, limit: limits.envelopeSize)))
        continue
      }
      guard payloads.isEmpty else { throw .malformed(ParseError(.notCanonical, at: reader.offset)) }
      let key = try readKey(&reader, after: &previous)
      switch key {
      case SUITKey.authenticationWrapper:
        let range = try readByteStringRange(&reader)
        (digest, authenticationBlocks) = try decoder.authentication(range)
        isWrapped = true
      case SUITKey.manifest: manifest = try decoder.contents(try readByteStringRange(&reader))
      case SUITKey.text: severedText = try decoder.text(try readByteStringRange(&reader))
      default:
        if let section = Section(rawValue: key), section.isSeverable {
          let range = try readByteStringRange(&reader)
          severedSections[section] = try decoder.steps(range, depth: limits.nestingDepth)
        } else {
          otherMembers[key] = try decoder.item(&reader)
        }
      }
    }
    try requireEnd(reader)
    guard isWrapped else { throw .missingMember(SUITKey.authenticationWrapper) }
    guard let manifest else { throw .missingMember(SUITKey.manifest) }
    self.manifest = manifest
  }
}

/// The parts of an envelope, each found by its range in the document.
struct DocumentDecoder {
  let document: [UInt8]
  let limits: Limits

  /// Consumes one item and copies it.
  func item(_ reader: inout CBORReader) throws(ManifestError) -> [UInt8] {
    do throws(ParseError) {
      let start = reader.offset
      let count = try reader.readItem().count
      return Array(document[start..<start + count])
    } catch {
      throw .malformed(error)
    }
  }

  func authentication(
    _ range: Range<Int>
  ) throws(ManifestError) -> (SUITDocument.DigestValue, [[UInt8]]) {
    var reader = CBORReader(document.span.extracting(range), limits: limits, origin: range.lowerBound)
    let count = try readArrayHeader(&reader)
    guard count > 0 else { throw .malformed(ParseError(.invalidValue, at: range.lowerBound)) }
    let inner = try readByteStringRange(&reader)
    var digestReader = CBORReader(document.span.extracting(inner), origin: inner.lowerBound)
    let digest = try self.digest(&digestReader)
    try requireEnd(digestReader)
    var blocks: [[UInt8]] = []
    for _ in 1..<count { blocks.append(try readBytes(&reader, limit: limits.envelopeSize)) }
    try requireEnd(reader)
    return (digest, blocks)
  }

  func digest(_ reader: inout CBORReader) throws(ManifestError) -> SUITDocument.DigestValue {
    let start = reader.offset
    guard try readArrayHeader(&reader) == 2 else { throw .malformed(ParseError(.invalidValue, at: start)) }
    let algorithm = try readInteger(&reader)
    return SUITDocument.DigestValue(
      algorithm: algorithm, bytes: try readBytes(&reader, limit: limits.stringSize))
  }

  func contents(_ range: Range<Int>) throws(ManifestError) -> SUITDocument.Contents {
    var reader = CBORReader(document.span.extracting(range), limits: limits, origin: range.lowerBound)
    let count = try readMapHeader(&reader)
    var contents = SUITDocument.Contents(sequenceNumber: 0, components: [])
    var seen: Set<Int64> = []
    var previous: Int64?
    for _ in 0..<count {
      let key = try readKey(&reader, after: &previous)
      seen.insert(key)
      switch key {
      case SUITKey.version: contents.version = try readUnsigned(&reader)
      case SUITKey.sequenceNumber: contents.sequenceNumber = try readUnsigned(&reader)
      case SUITKey.common: try readCommon(try readByteStringRange(&reader), into: &contents)
      case SUITKey.referenceURI:
        contents.referenceURI = String(
          decoding: try readText(&reader, limit: limits.stringSize), as: UTF8.self)
      case SUITKey.componentName: contents.componentName = try readComponentName(&reader, limits: limits)
      case SUITKey.setVersion: contents.setVersion = try version(try readByteStringRange(&reader))
      case SUITKey.text:
        contents.text =
          if reader.peekType() == .byteString {
            .inline(try text(try readByteStringRange(&reader)))
          } else {
            .severed(try digest(&reader))
          }
      default:
        guard let section = SUITDocument.Section(rawValue: key) else {
          contents.others[key] = try item(&reader)
          continue
        }
        contents.sections[section] =
          if section.isSeverable, reader.peekType() == .array {
            .severed(try digest(&reader))
          } else {
            .inline(try steps(try readByteStringRange(&reader), depth: limits.nestingDepth))
          }
      }
    }
    try requireEnd(reader)
    for key in [SUITKey.version, SUITKey.sequenceNumber, SUITKey.common] where !seen.contains(key) {
      throw .missingMember(key)
    }
    return contents
  }

  private func readCommon(
    _ range: Range<Int>, into contents: inout SUITDocument.Contents
  ) throws(ManifestError) {
    var reader = CBORReader(document.span.extracting(range), limits: limits, origin: range.lowerBound)
    var previous: Int64?
    for _ in 0..<(try readMapHeader(&reader)) {
      let key = try readKey(&reader, after: &previous)
      let start = reader.offset
      switch key {
      case SUITKey.components:
        let count = try readArrayHeader(&reader)
        guard count > 0 else { throw .malformed(ParseError(.invalidValue, at: start)) }
        for _ in 0..<count { contents.components.append(try readComponentName(&reader, limits: limits)) }
      case SUITKey.sharedSequence:
        contents.shared = try steps(try readByteStringRange(&reader), depth: limits.nestingDepth)
      case SUITKey.dependencies:
        let count = try readMapHeader(&reader)
        guard count > 0 else { throw .malformed(ParseError(.invalidValue, at: start)) }
        var last: Int64?
        for _ in 0..<count { contents.dependencies.append(try dependency(&reader, after: &last)) }
      default:
        contents.otherCommon[key] = try item(&reader)
      }
    }
    try requireEnd(reader)
  }

  private func dependency(
    _ reader: inout CBORReader, after last: inout Int64?
  ) throws(ManifestError) -> SUITDocument.Dependency {
    let start = reader.offset
    guard let index = UInt64(exactly: try readKey(&reader, after: &last)) else {
      throw .malformed(ParseError(.invalidValue, at: start))
    }
    var dependency = SUITDocument.Dependency(index: index)
    var previous: Int64?
    for _ in 0..<(try readMapHeader(&reader)) {
      let key = try readKey(&reader, after: &previous)
      if key == SUITKey.dependencyPrefix {
        dependency.prefix = try readComponentName(&reader, limits: limits)
      } else {
        dependency.others[key] = try item(&reader)
      }
    }
    return dependency
  }

  private func version(_ range: Range<Int>) throws(ManifestError) -> [Int64] {
    var reader = CBORReader(document.span.extracting(range), limits: limits, origin: range.lowerBound)
    let numbers = try versionNumbers(&reader)
    try requireEnd(reader)
    return numbers
  }

  func versionNumbers(_ reader: inout CBORReader) throws(ManifestError) -> [Int64] {
    let start = reader.offset
    let count = try readArrayHeader(&reader)
    guard count > 0 else { throw .malformed(ParseError(.invalidValue, at: start)) }
    var numbers: [Int64] = []
    for _ in 0..<count { numbers.append(try readInteger(&reader)) }
    return numbers
  }
}
#endif
