/// Why some bytes were refused, and where.
///
/// One value for every parser of the core, small enough for firmware: the kind says what was wrong, the offset
/// where, counted in bytes from the start of the outermost document.
public struct ParseError: Error, Equatable, Sendable {
  /// What was wrong with the bytes.
  public enum Kind: UInt8, Sendable {
    /// The bytes end before the item does.
    case truncated
    /// Bytes are left over behind a complete item.
    case trailingBytes
    /// A value is outside what its field allows.
    case invalidValue
    /// A count, length or nesting depth is over the limit that applies.
    case limitExceeded
    /// The value is readable, but not in the one encoding that signed data must have.
    case notCanonical
    /// The value belongs to a version or an extension that this library does not know.
    case unsupported
    /// The bytes do not fit the capacity of the destination (writers only).
    case capacityExceeded
    /// A checksum over the bytes does not match.
    case checksumMismatch
  }

  /// What was wrong.
  public var kind: Kind

  /// Where, in bytes from the start of the document.
  public var offset: Int

  /// Makes an error from its parts.
  public init(_ kind: Kind, at offset: Int) {
    self.kind = kind
    self.offset = offset
  }

  /// The stable number of this error.
  public var code: ErrorCode {
    switch kind {
    case .truncated: .truncated
    case .trailingBytes: .trailingBytes
    case .invalidValue: .invalidValue
    case .limitExceeded: .limitExceeded
    case .notCanonical: .notCanonical
    case .unsupported: .unsupported
    case .capacityExceeded: .capacityExceeded
    case .checksumMismatch: .checksumMismatch
    }
  }
}
