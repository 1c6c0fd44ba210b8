public import OTACore

/// A client of a repository: TUF 1.0.
///
/// Starts from a root that came with the device, and from there on trusts what the repository's keys have signed, the
/// newest of it, and nothing else. Whoever has the server, or stands in between, can hold updates back until the metadata
/// expires, and no more.
///
/// - Note: Source: TUF specification 1.0, section 5.
public struct TUFClient: Sendable {
  private let folder: MetadataFolder
  private let fetcher: any TUFFetcher
  private let limits: RepositoryLimits

  /// Makes a client; nothing is read or fetched yet.
  ///
  /// - Parameters:
  ///   - folder: what it trusts, ``initialize(_:root:limits:)`` has been there.
  ///   - fetcher: the way to the metadata of the repository.
  ///   - limits: how much it accepts.
  public init(folder: MetadataFolder, fetcher: any TUFFetcher, limits: Limits = Limits()) {
    self.folder = folder
    self.fetcher = fetcher
    self.limits = limits.repository
  }

  /// Puts the first root into a folder; all other metadata that is trusted there is forgotten.
  ///
  /// Expiry is not looked at: the first update asks for newer roots before it minds.
  ///
  /// - Parameters:
  ///   - folder: the folder of the client.
  ///   - root: root metadata that came over a way that is trusted.
  ///   - limits: how much is accepted.
  /// - Throws: ``TUFError/noTrustedRoot(why:)`` if the root is not one, or not signed by its own keys; or an error of the
  ///   folder.
  public static func initialize(
    _ folder: MetadataFolder, root: [UInt8], limits: Limits = Limits()
  ) throws(TUFError) {
    guard root.count <= limits.repository.rootSize else {
      throw .noTrustedRoot(why: "it is larger than is allowed")
    }
    _ = try UpdateCycle.verifyTrustedRoot(root, limits: limits.repository)
    // Before the root: what is left over by a loss of power must not be what the new root cannot vouch for.
    try folder.remove(UpdateCycle.timestampRole)
    try folder.remove(UpdateCycle.snapshotRole)
    try folder.remove(UpdateCycle.targetsRole)
    try folder.write(root, for: UpdateCycle.rootRole)
  }

  /// Brings the metadata of the top-level roles up to date.
  ///
  /// Every file is kept as soon as it is verified. When something is refused, what was trusted before stays so, and the
  /// next update starts from there.
  ///
  /// - Parameter time: seconds since 1970-01-01T00:00:00Z; what expires is compared with this moment, also when the
  ///   update takes long.
  /// - Returns: the repository as it is now.
  /// - Throws: a ``TUFError``.
  public func refresh(at time: Int64) async throws(TUFError) -> TUFRepository {
    let cycle = UpdateCycle(folder: folder, fetcher: fetcher, limits: limits, startTime: time)
    let root = try await cycle.updateRoot(from: try cycle.loadTrustedRoot())
    let timestamp = try await cycle.updateTimestamp(root)
    let snapshot = try await cycle.updateSnapshot(root, timestamp)
    let targets = try await cycle.updateTargets(root, snapshot)
    return TUFRepository(cycle: cycle, root: root, snapshot: snapshot, targets: targets)
  }
}
