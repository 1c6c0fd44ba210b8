/// How much a repository (TUF) may ask of its clients: whoever sends endless data is stopped here.
///
/// - Note: Which numbers: project decision, Docs/TUF.md. The specification leaves them to the application.
public struct RepositoryLimits: Equatable, Sendable {
  /// The largest root metadata, in bytes.
  public var rootSize: Int
  /// The largest timestamp metadata, in bytes.
  public var timestampSize: Int
  /// The largest snapshot metadata, in bytes, whatever the timestamp says.
  public var snapshotSize: Int
  /// The largest targets metadata of one role, in bytes, whatever the snapshot says.
  public var targetsSize: Int
  /// How many versions of the root are followed in one update; the next one goes on from there.
  public var rootRotations: Int
  /// How many delegated roles are visited in search of one target.
  public var delegatedRoles: Int
  /// Values within values, as a number of levels.
  public var nestingDepth: Int
  /// The values of one document, all levels together.
  public var valueCount: Int

  /// Makes limits; each has a default that suits repositories of some ten thousand targets.
  public init(
    rootSize: Int = 512_000, timestampSize: Int = 16_384, snapshotSize: Int = 2_000_000,
    targetsSize: Int = 5_000_000, rootRotations: Int = 256, delegatedRoles: Int = 32, nestingDepth: Int = 32,
    valueCount: Int = 1_000_000
  ) {
    self.rootSize = rootSize
    self.timestampSize = timestampSize
    self.snapshotSize = snapshotSize
    self.targetsSize = targetsSize
    self.rootRotations = rootRotations
    self.delegatedRoles = delegatedRoles
    self.nestingDepth = nestingDepth
    self.valueCount = valueCount
  }
}
