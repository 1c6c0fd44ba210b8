/// The monotonic number of a manifest.
///
/// A device accepts only a larger one than it has; the persisted floor is its
/// security counter.
///
/// - Note: Source: RFC 9124, section 3.1 (monotonic sequence number); draft-ietf-suit-manifest-37, section 8.4.2.
public struct SequenceNumber: Equatable, Hashable, Comparable, Sendable {
  /// The number.
  public var rawValue: UInt64

  /// Makes a sequence number.
  public init(_ rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// Orders by number.
  public static func < (left: SequenceNumber, right: SequenceNumber) -> Bool {
    left.rawValue < right.rawValue
  }
}
