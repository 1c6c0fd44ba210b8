#if !hasFeature(Embedded)
import OTACore

extension DocumentDecoder {
  func steps(_ range: Range<Int>, depth: Int) throws(ManifestError) -> [SUITDocument.Step] {
    guard depth > 0 else { throw .malformed(ParseError(.limitExceeded, at: range.lowerBound)) }
    var reader = CBORReader(document.span.extracting(range), limits: limits, origin: range.lowerBound)
    let count = try readArrayHeader(&reader)
    guard count > 0, count % 2 == 0 else {
      throw .malformed(ParseError(.invalidValue, at: range.lowerBound))
    }
    var steps: [SUITDocument.Step] = []
    for _ in 0..<count / 2 {
      let code = try readInteger(&reader)
      // The argument is taken for what it should be; if it is not, it stays encoded.
      let start = reader.offset
      let encoded = try item(&reader)
      let argument = try argument(of: code, at: start, count: encoded.count, depth: depth)
      steps.append(SUITDocument.Step(code, argument ?? .encoded(encoded)))
    }
    try requireEnd(reader)
    return steps
  }

  private func argument(
    of code: Int64, at start: Int, count: Int, depth: Int
  ) throws(ManifestError) -> SUITDocument.Step.Argument? {
    var reader = CBORReader(
      document.span.extracting(start..<start + count), limits: limits, origin: start)
    switch code {
    case SUITCode.setComponentIndex:
      return .components(try SUITComponentIndex(parsing: &reader))
    case SUITCode.overrideParameters, SUITCode.setParameters:
      return .parameters(try parameters(&reader))
    case SUITCode.runSequence:
      return .sequence(try steps(try readByteStringRange(&reader), depth: depth - 1))
    case SUITCode.tryEach:
      var alternatives: [[SUITDocument.Step]?] = []
      for _ in 0..<(try readArrayHeader(&reader)) {
        if reader.isNextNull() {
          try readNull(&reader)
          alternatives.append(nil)
        } else {
          alternatives.append(try steps(try readByteStringRange(&reader), depth: depth - 1))
        }
      }
      return .alternatives(alternatives)
    default:
      guard code > SUITCode.lastRegistered, reader.peekType() == .unsigned else { return nil }
      return .reporting(try readUnsigned(&reader))
    }
  }

  private func parameters(_ reader: inout CBORReader) throws(ManifestError) -> [SUITDocument.Parameter] {
    var parameters: [SUITDocument.Parameter] = []
    var previous: Int64?
    for _ in 0..<(try readMapHeader(&reader)) {
      let key = try readKey(&reader, after: &previous)
      let start = reader.offset
      let encoded = try item(&reader)
      let value = try? value(of: key, at: start, count: encoded.count)
      parameters.append(SUITDocument.Parameter(key, value ?? .encoded(encoded)))
    }
    return parameters
  }

  private func value(
    of key: Int64, at start: Int, count: Int
  ) throws(ManifestError) -> SUITDocument.Parameter.Value? {
    var reader = CBORReader(
      document.span.extracting(start..<start + count), limits: limits, origin: start)
    switch (key, reader.peekType()) {
    case (SUITParameterKey.imageDigest, .byteString):
      let range = try readByteStringRange(&reader)
      var inner = CBORReader(document.span.extracting(range), origin: range.lowerBound)
      let digest = try digest(&inner)
      try requireEnd(inner)
      return .digest(digest)
    case (SUITParameterKey.version, .byteString):
      let range = try readByteStringRange(&reader)
      var inner = CBORReader(document.span.extracting(range), origin: range.lowerBound)
      guard try readArrayHeader(&inner) == 2 else { return nil }
      let comparison = try readUnsigned(&inner)
      let numbers = try versionNumbers(&inner)
      try requireEnd(inner)
      return .version(comparison: comparison, numbers)
    case (_, .unsigned): return .unsigned(try readUnsigned(&reader))
    case (_, .byteString): return .bytes(try readBytes(&reader, limit: limits.envelopeSize))
    case (_, .textString):
      return .text(String(decoding: try readText(&reader, limit: limits.envelopeSize), as: UTF8.self))
    case (_, .simple): return .bool(try readBool(&reader))
    default: return nil
    }
  }

  func text(_ range: Range<Int>) throws(ManifestError) -> SUITDocument.Text {
    var reader = CBORReader(document.span.extracting(range), limits: limits, origin: range.lowerBound)
    // Order and uniqueness of the keys, which are text and arrays, is checked by reading the whole item first.
    var whole = reader
    _ = try item(&whole)
    try requireEnd(whole)
    var text = SUITDocument.Text(languages: [])
    let count = try readMapHeader(&reader)
    guard count > 0 else { throw .malformed(ParseError(.invalidValue, at: range.lowerBound)) }
    for _ in 0..<count {
      let tag = String(decoding: try readText(&reader, limit: limits.stringSize), as: UTF8.self)
      var language = SUITDocument.Text.Language(tag: tag, entries: [:])
      for _ in 0..<(try readMapHeader(&reader)) {
        if reader.peekType() == .array {
          let name = try readComponentName(&reader, limits: limits)
          var component = SUITDocument.Text.Component(name: name, entries: [:])
          for _ in 0..<(try readMapHeader(&reader)) { try readEntry(&reader, into: &component.entries) }
          language.components.append(component)
        } else {
          try readEntry(&reader, into: &language.entries)
        }
      }
      text.languages.append(language)
    }
    return text
  }

  private func readEntry(
    _ reader: inout CBORReader, into entries: inout [Int64: String]
  ) throws(ManifestError) {
    let key = try readInteger(&reader)
    entries[key] = String(decoding: try readText(&reader, limit: limits.envelopeSize), as: UTF8.self)
  }
}
#endif
