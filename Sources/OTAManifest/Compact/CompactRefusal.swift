public import OTACore

/// Why a manifest was refused by a device without heap: the stable number alone, as it goes over the line.
///
/// One word, where a `ManifestError` is several: each place that may refuse is a few bytes of code. What each number means
/// is the same as there.
public struct CompactRefusal: Error, Equatable, Sendable {
  /// The stable number of the error.
  public let code: ErrorCode

  init(_ code: ErrorCode) { self.code = code }

  // By the names of `ManifestError`.
  static var malformed: CompactRefusal { CompactRefusal(.invalidValue) }
  static var truncated: CompactRefusal { CompactRefusal(.truncated) }
  static var notCanonical: CompactRefusal { CompactRefusal(.notCanonical) }
  static var limitExceeded: CompactRefusal { CompactRefusal(.limitExceeded) }
  static var unsupported: CompactRefusal { CompactRefusal(.unsupported) }
  static var unsupportedCommand: CompactRefusal { CompactRefusal(.manifestUnsupportedCommand) }
  static var missing: CompactRefusal { CompactRefusal(.manifestMissingParameter) }
  static var unsupportedAlgorithm: CompactRefusal { CompactRefusal(.unsupportedAlgorithm) }
}
