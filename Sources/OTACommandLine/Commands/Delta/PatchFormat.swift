/// The patch formats of the command line.
enum PatchFormat: String, CaseIterable, Sendable {
  case native
  case inPlace = "in-place"
  case bsdiff40, bsdiff43
  case bsdiff43BZip2 = "bsdiff43-bzip2"
  case vcdiff, zstd

  /// What is made if no format is asked for.
  static let standard = native

  /// How patches of the format are made and applied.
  var codec: any PatchCodec.Type {
    switch self {
    case .bsdiff40: BSDiff40Codec.self
    case .bsdiff43: BSDiff43Codec.self
    case .bsdiff43BZip2: BSDiff43BZip2Codec.self
    case .native: NativeCodec.self
    case .inPlace: InPlaceCodec.self
    case .vcdiff: VCDIFFCodec.self
    case .zstd: ZstdCodec.self
    }
  }

  /// The names of all formats.
  static var names: [String] { allCases.map(\.rawValue) }

  /// Takes the value of `--format`.
  ///
  /// - Parameter name: the value.
  /// - Throws: ``UsageError/invalidValue(name:value:expected:)`` for a name that is none.
  init(option name: String) throws(UsageError) {
    guard let format = PatchFormat(rawValue: name) else {
      throw .invalidValue(
        name: "--format", value: name, expected: namesOf(PatchFormat.names))
    }
    self = format
  }

  /// Recognises a patch by its first bytes; one whose header is cut off, as the more usual format.
  ///
  /// - Note: Source: Docs/DeltaFormat.md; Docs/Containers.md; bsdiff.c (`BSDIFF40`); RFC 3284, section 4.1; RFC 8878, section 3.1.1.
  init?(patch: [UInt8]) {
    if patch.starts(with: "ENDSLEY/BSDIFF43".utf8) {
      self = patch.dropFirst(24).starts(with: "BZ".utf8) ? .bsdiff43BZip2 : .bsdiff43
    } else if InPlaceCodec.isPatch(patch) {
      self = .inPlace
    } else if patch.starts(with: "OTAD".utf8) || patch.starts(with: "OTAC".utf8) {
      self = .native
    } else if patch.starts(with: "BSDIFF40".utf8) {
      self = .bsdiff40
    } else if patch.starts(with: [0xd6, 0xc3, 0xc4]) {
      self = .vcdiff
    } else if patch.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
      self = .zstd
    } else {
      return nil
    }
  }
}

/// Alternatives in words: `a, b or c`.
func namesOf(_ names: [String]) -> String {
  guard let last = names.last, names.count > 1 else { return names.joined() }
  return names.dropLast().joined(separator: ", ") + " or " + last
}
