import OTACore

/// A repository whose top-level metadata has been verified: what ``TUFClient/refresh(at:)`` returns.
///
/// Metadata of delegated roles is fetched, verified and kept when a target is searched for.
public struct TUFRepository: Sendable {
  let cycle: UpdateCycle
  let root: RootMetadata
  let snapshot: SnapshotMetadata
  let targets: TargetsMetadata

  /// The version of the root.
  public var rootVersion: Int64 { root.header.version }
  /// The version of the targets role.
  public var targetsVersion: Int64 { targets.header.version }

  /// Searches for a target: first in the targets role, then in the roles that it delegates to, in their order, each one
  /// before those that come behind it and after those that it delegates to itself.
  ///
  /// - Parameter path: the path of the target, by its bytes: two texts that only look alike are two targets.
  /// - Returns: what the first role says that knows the target.
  /// - Throws: ``TUFError/unknownTarget(_:)`` if no role does, or not within as many roles as the limits allow;
  ///   ``TUFError/unusablePath(_:)``; and whatever is wrong with the metadata of a role on the way, which ends the search:
  ///   nobody behind it may answer in its place.
  ///
  /// - Note: Source: TUF specification 1.0, section 5.6.7.
  public func target(at path: String) async throws(TUFError) -> TUFTarget {
    let path = try TargetPath(UTF8Text(path))
    if let target = try target(path, in: targets, of: UpdateCycle.targetsRole) { return target }
    // What is to be visited, the next one last.
    var pending = TUFRepository.pending(behind: targets, path, before: [])
    var visited: Set<UTF8Text> = []
    while let delegate = pending.popLast() {
      guard !visited.contains(delegate.name) else { continue }
      guard visited.count < cycle.limits.delegatedRoles else { break }
      visited.insert(delegate.name)
      let metadata = try await cycle.loadTargets(delegate.name, by: delegate.keys, root, snapshot)
      if let target = try target(path, in: metadata, of: delegate.name) { return target }
      pending = TUFRepository.pending(behind: metadata, path, before: pending)
    }
    throw .unknownTarget(path.name.text)
  }

  private func target(
    _ path: TargetPath, in metadata: TargetsMetadata, of role: UTF8Text
  ) throws(TUFError) -> TUFTarget? {
    do throws(MetadataFault) {
      return try metadata.target(path.name)
    } catch {
      throw error.error(role: role.text)
    }
  }

  /// What is to be visited after a role: those that it delegates to, then the rest.
  ///
  /// Behind a terminating delegation nobody is asked any more, neither of the role's own delegations nor of the rest.
  private static func pending(
    behind metadata: TargetsMetadata, _ path: TargetPath, before rest: [Delegations.Delegate]
  ) -> [Delegations.Delegate] {
    let delegates = metadata.delegations?.delegates(for: path) ?? []
    guard let last = delegates.firstIndex(where: \.isTerminating) else { return rest + delegates.reversed() }
    return delegates[...last].reversed()
  }

  /// Fetches a target, unless the folder has it already.
  ///
  /// The file gets its name when all of it was verified. What arrives otherwise leaves nothing behind.
  ///
  /// - Parameters:
  ///   - target: what ``target(at:)`` returned.
  ///   - fetcher: the way to the targets of the repository.
  ///   - folder: where the file goes.
  /// - Returns: whether it was fetched; `false` if it was there.
  /// - Throws: ``TUFError/targetMismatch(_:)`` if it is not what the metadata describes, ``TUFError/tooLarge(file:)`` as
  ///   soon as it is longer; an error of transfer or folder.
  ///
  /// - Note: Source: TUF specification 1.0, section 5.7.
  @discardableResult
  public func download(
    _ target: TUFTarget, from fetcher: any TUFFetcher, into folder: TargetFolder
  ) async throws(TUFError) -> Bool {
    guard try !folder.contains(target) else { return false }
    let file = try folder.begin(target)
    var hasher = try FileHasher(checking: target.digests)
    var count: Int64 = 0
    try await fetcher.fetch(location(of: target), limit: target.length) { (piece) throws(TUFError) in
      hasher.update(piece.span)
      count += Int64(piece.count)
      try file.write(piece)
    }
    guard count == target.length, hasher.matches() else { throw .targetMismatch(target.path) }
    try file.commit()
    return true
  }

  /// Fetches a small target into memory.
  ///
  /// - Parameters:
  ///   - target: what ``target(at:)`` returned.
  ///   - fetcher: the way to the targets of the repository.
  ///   - limit: how large it may be, in bytes.
  /// - Returns: the file.
  /// - Throws: ``TUFError/tooLarge(file:)`` if it is described as larger than the limit, before anything is fetched;
  ///   ``TUFError/targetMismatch(_:)`` if it is not what the metadata describes; an error of the transfer.
  public func contents(
    of target: TUFTarget, from fetcher: any TUFFetcher, limit: Int
  ) async throws(TUFError) -> [UInt8] {
    guard target.length <= Int64(limit) else { throw .tooLarge(file: target.path) }
    var hasher = try FileHasher(checking: target.digests)
    var bytes: [UInt8] = []
    try await fetcher.fetch(location(of: target), limit: target.length) { (piece) throws(TUFError) in
      hasher.update(piece.span)
      bytes += piece
    }
    guard Int64(bytes.count) == target.length, hasher.matches() else { throw .targetMismatch(target.path) }
    return bytes
  }

  /// The path of a target's file in the repository: with consistent snapshots its last part begins with a hash.
  private func location(of target: TUFTarget) -> String {
    let bytes = target.name.bytes
    guard root.usesConsistentSnapshots, let digest = target.digests.first else {
      return PercentEncoding.encodePath(bytes)
    }
    let start = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    return PercentEncoding.encodePath(bytes[..<start] + Array("\(digest).".utf8) + bytes[start...])
  }
}
