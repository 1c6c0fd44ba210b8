/// A version for people, as major, minor and patch.
///
/// Never used to decide about rollback; that is ``SequenceNumber``.
public struct Version: Equatable, Hashable, Comparable, Sendable {
  /// Incompatible changes.
  public var major: UInt32
  /// New features.
  public var minor: UInt32
  /// Corrections.
  public var patch: UInt32

  /// Makes a version from its parts.
  public init(_ major: UInt32, _ minor: UInt32, _ patch: UInt32 = 0) {
    self.major = major
    self.minor = minor
    self.patch = patch
  }

  /// Orders by major, then minor, then patch.
  public static func < (left: Version, right: Version) -> Bool {
    if left.major != right.major { return left.major < right.major }
    if left.minor != right.minor { return left.minor < right.minor }
    return left.patch < right.patch
  }
}
