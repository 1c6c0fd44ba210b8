import OTACore

/// The patch formats that the command line has names for; a build decodes some of them.
enum PatchFormat: String, CaseIterable, Sendable {
  case native, bsdiff40, bsdiff43, vcdiff, zstd

  /// The format in the core, if this build has it.
  var delta: DeltaFormat? { DeltaFormat(name: rawValue) }

  /// Takes the value of `--format`.
  ///
  /// - Parameter name: the value.
  /// - Throws: ``UsageError/invalidValue(name:value:expected:)`` for a name that is none.
  init(option name: String) throws(UsageError) {
    guard let format = PatchFormat(rawValue: name) else {
      throw .invalidValue(
        name: "--format", value: name, expected: namesOf(PatchFormat.allCases.map(\.rawValue)))
    }
    self = format
  }

  /// Recognises a patch by its first bytes.
  ///
  /// - Note: Source: Docs/DeltaFormat.md; bsdiff.c (`BSDIFF40`); RFC 3284, section 4.1; RFC 8878, section 3.1.1.
  init?(patch: [UInt8]) {
    if patch.starts(with: "ENDSLEY/BSDIFF43".utf8) {
      self = .bsdiff43
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
