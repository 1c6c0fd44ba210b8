/// A version as MCUboot writes it: major, minor, revision and build number.
///
/// - Note: Source: MCUboot, `struct image_version`.
public struct MCUbootVersion: Equatable, Hashable, Comparable, Sendable {
  /// Incompatible changes.
  public var major: UInt8
  /// New features.
  public var minor: UInt8
  /// Corrections.
  public var revision: UInt16
  /// The number of the build.
  public var build: UInt32

  /// Makes a version from its parts.
  public init(_ major: UInt8, _ minor: UInt8, _ revision: UInt16 = 0, build: UInt32 = 0) {
    self.major = major
    self.minor = minor
    self.revision = revision
    self.build = build
  }

  /// Orders by major, minor, revision, then build.
  public static func < (left: MCUbootVersion, right: MCUbootVersion) -> Bool {
    if left.major != right.major { return left.major < right.major }
    if left.minor != right.minor { return left.minor < right.minor }
    if left.revision != right.revision { return left.revision < right.revision }
    return left.build < right.build
  }
}

/// Another image that must be there, at least in this version.
///
/// - Note: Source: MCUboot, `struct image_dependency`.
public struct MCUbootDependency: Equatable, Hashable, Sendable {
  /// Which image, counted from 0.
  public var image: UInt8
  /// The lowest version that will do.
  public var minimumVersion: MCUbootVersion

  /// Makes a dependency from its parts.
  public init(image: UInt8, minimumVersion: MCUbootVersion) {
    self.image = image
    self.minimumVersion = minimumVersion
  }
}
