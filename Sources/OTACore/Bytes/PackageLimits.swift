/// How much of a package of files is accepted, in bytes unless said otherwise.
///
/// Such as a DFU package of Nordic.
public struct PackageLimits: Equatable, Sendable {
  /// How many files there may be.
  public var fileCount: Int
  /// The length of one file when it is unpacked.
  public var fileSize: Int
  /// The length of all files together when they are unpacked.
  public var totalSize: Int
  /// The length of `manifest.json`.
  public var manifestSize: Int

  /// Makes limits; the defaults are far above what the chips hold.
  public init(
    fileCount: Int = 32, fileSize: Int = 32 << 20, totalSize: Int = 64 << 20, manifestSize: Int = 64 << 10
  ) {
    self.fileCount = fileCount
    self.fileSize = fileSize
    self.totalSize = totalSize
    self.manifestSize = manifestSize
  }
}
