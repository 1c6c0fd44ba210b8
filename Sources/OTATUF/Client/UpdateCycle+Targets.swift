import OTACore

// 5.6: the targets role, and the roles that it delegates to.
extension UpdateCycle {
  /// Updates the targets role to the version that the snapshot lists (5.6.1 to 5.6.6).
  func updateTargets(
    _ root: RootMetadata, _ snapshot: SnapshotMetadata
  ) async throws(TUFError) -> TargetsMetadata {
    try await loadTargets(UpdateCycle.targetsRole, by: root.targets, root, snapshot)
  }

  /// Loads the metadata of the targets role or of a role that is delegated to.
  ///
  /// - Parameters:
  ///   - role: the role.
  ///   - keys: who may sign for it in the eyes of the role that delegates. Not remembered: another role may delegate to
  ///     the same one, and to other keys.
  ///   - root: the root of this update.
  ///   - snapshot: the snapshot of this update.
  /// - Returns: the metadata, verified and kept.
  /// - Throws: what is wrong with it.
  func loadTargets(
    _ role: UTF8Text, by keys: RoleKeys, _ root: RootMetadata, _ snapshot: SnapshotMetadata
  ) async throws(TUFError) -> TargetsMetadata {
    guard let listing = snapshot.listing(of: role) else { throw .notListed(role: role.text) }
    if let stored = try folder.read(role, limit: limits.targetsSize), try listing.file.matches(stored) {
      let trusted = try ignoringRefusal { () throws(TUFError) in
        try verifyTargets(stored, role, by: keys, listing)
      }
      if let trusted { return trusted }
    }
    let bytes = try await fetchListed(role, listing, root, limit: limits.targetsSize)
    let targets = try verifyTargets(bytes, role, by: keys, listing)
    try folder.write(bytes, for: role)
    return targets
  }

  /// Checks signatures (5.6.3), version (5.6.4) and expiry (5.6.5).
  private func verifyTargets(
    _ bytes: [UInt8], _ role: UTF8Text, by keys: RoleKeys, _ listing: MetadataListing
  ) throws(TUFError) -> TargetsMetadata {
    let targets = try verify(bytes, of: role, by: keys) { (signed) throws(MetadataFault) in
      try TargetsMetadata(signed)
    }
    guard targets.header.version == listing.version else { throw .listingMismatch(role: role.text) }
    try checkExpiry(of: targets.header, role: role)
    return targets
  }
}
