import OTACore

extension ManifestMetadata {
  /// Parses a SUIT_Text_Map that fills a range, and takes what it knows from its first language.
  ///
  /// All of it is checked to be well-formed; texts without a place in `ManifestMetadata` are dropped. Text decides
  /// nothing.
  ///
  /// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.4.
  init(parsingText range: Range<Int>, of bytes: Span<UInt8>, limits: Limits) throws(ManifestError) {
    self.init()
    var reader = CBORReader(bytes.extracting(range), limits: limits, origin: range.lowerBound)
    // Order and uniqueness of the keys, which are text and arrays, is checked by reading the whole item first.
    var whole = reader
    do throws(ParseError) {
      _ = try whole.readItem()
      try whole.requireEnd()
    } catch {
      throw .malformed(error)
    }
    let languages = try readMapHeader(&reader)
    guard languages > 0 else { throw .malformed(ParseError(.invalidValue, at: range.lowerBound)) }
    for index in 0..<languages {
      _ = try readText(&reader, limit: limits.stringSize)
      var language = ManifestMetadata()
      try language.readLanguage(&reader, limits: limits)
      if index == 0 { self = language }
    }
  }

  private mutating func readLanguage(_ reader: inout CBORReader, limits: Limits) throws(ManifestError) {
    let count = try readMapHeader(&reader)
    var components = 0
    for _ in 0..<count {
      if reader.peekType() == .array {
        _ = try readComponentName(&reader, limits: limits)
        try readComponentText(&reader, limits: limits, isFirst: components == 0)
        components += 1
      } else {
        let key = try readInteger(&reader)
        let text = try readText(&reader, limit: limits.stringSize)
        if key == SUITTextKey.updateDescription { updateDescription = text }
      }
    }
  }

  private mutating func readComponentText(
    _ reader: inout CBORReader, limits: Limits, isFirst: Bool
  ) throws(ManifestError) {
    for _ in 0..<(try readMapHeader(&reader)) {
      let key = try readInteger(&reader)
      let text = try readText(&reader, limit: limits.stringSize)
      guard isFirst else { continue }
      switch key {
      case SUITTextKey.vendorName: vendorName = text
      case SUITTextKey.modelName: modelName = text
      default: break
      }
    }
  }
}
