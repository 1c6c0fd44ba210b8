import OTACore

// 5.2 and 5.3: the trusted root, and the chain from there to the newest one.
extension UpdateCycle {
  /// Loads the trusted root (5.2).
  ///
  /// Its expiry does not matter: it is about to be updated.
  func loadTrustedRoot() throws(TUFError) -> RootMetadata {
    guard let bytes = try folder.read(UpdateCycle.rootRole, limit: limits.rootSize) else {
      throw .noTrustedRoot(why: "the folder has none that can be read")
    }
    return try UpdateCycle.verifyTrustedRoot(bytes, limits: limits)
  }

  /// Checks that a root is signed as it says itself: that it is whole, not that it is the right one.
  static func verifyTrustedRoot(_ bytes: [UInt8], limits: RepositoryLimits) throws(TUFError) -> RootMetadata {
    do throws(TUFError) {
      let metadata = try open(bytes, of: rootRole, limits: limits)
      let root = try fields(of: metadata, role: rootRole) { (signed) throws(MetadataFault) in
        try RootMetadata(signed)
      }
      try root.root.check(metadata, of: rootRole.text)
      return root
    } catch {
      if case .cryptography = error { throw error }
      throw .noTrustedRoot(why: error.description)
    }
  }

  /// Follows the chain of roots to its end (5.3).
  func updateRoot(from trusted: RootMetadata) async throws(TUFError) -> RootMetadata {
    var root = trusted
    // 5.3.9: until there is no newer one, or so many that the rest must wait for the next update.
    for _ in 0..<limits.rootRotations {
      guard let bytes = try await fetchRoot(after: root) else { break }
      let next = try verifyRoot(bytes, after: root)
      try forgetRevoked(root, next)
      // 5.3.7 and 5.3.8. Each step is kept: a loss of power in the middle of a chain costs nothing.
      try folder.write(bytes, for: UpdateCycle.rootRole)
      root = next
    }
    // 5.3.10
    try checkExpiry(of: root.header, role: UpdateCycle.rootRole)
    return root
  }

  /// Tries to fetch the next version (5.3.3).
  ///
  /// - Returns: `nil` if the repository has none, which is how the chain ends.
  private func fetchRoot(after root: RootMetadata) async throws(TUFError) -> [UInt8]? {
    let (version, isTooLarge) = root.header.version.addingReportingOverflow(1)
    guard !isTooLarge else { return nil }
    do throws(TUFError) {
      return try await fetcher.fetch("\(version).root.json", limit: limits.rootSize)
    } catch {
      if case .missing = error { return nil }
      throw error
    }
  }

  /// Checks that a root continues the chain.
  ///
  /// It is signed by the keys of the root before it and by its own (5.3.4), and has the version that comes next (5.3.5).
  /// It may have expired, as long as it is not the last one (5.3.6).
  private func verifyRoot(_ bytes: [UInt8], after trusted: RootMetadata) throws(TUFError) -> RootMetadata {
    let role = UpdateCycle.rootRole
    let metadata = try UpdateCycle.open(bytes, of: role, limits: limits)
    try trusted.root.check(metadata, of: role.text)
    let next = try UpdateCycle.fields(of: metadata, role: role) { (signed) throws(MetadataFault) in
      try RootMetadata(signed)
    }
    try next.root.check(metadata, of: role.text)
    // The version that was fetched exists, so that this does not overflow.
    let expected = trusted.header.version + 1
    guard next.header.version == expected else {
      throw .rootOutOfOrder(offered: next.header.version, expected: expected)
    }
    return next
  }

  /// Deletes timestamp and snapshot if a key of either was revoked (5.3.11), so that version numbers that somebody has
  /// driven up with the old keys do not keep the new ones out (fast-forward attack).
  ///
  /// Before the new root is kept, and not at the end of the chain: who lost power in between would not see any more that
  /// keys were revoked.
  private func forgetRevoked(_ trusted: RootMetadata, _ next: RootMetadata) throws(TUFError) {
    guard
      next.timestamp.revokesKey(of: trusted.timestamp) || next.snapshot.revokesKey(of: trusted.snapshot)
    else { return }
    try folder.remove(UpdateCycle.timestampRole)
    try folder.remove(UpdateCycle.snapshotRole)
  }
}
