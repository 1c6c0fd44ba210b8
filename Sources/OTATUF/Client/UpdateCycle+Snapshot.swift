import OTACore

// 5.5: which versions of the targets metadata belong together.
extension UpdateCycle {
  /// Updates the snapshot to the one that the timestamp lists (5.5).
  func updateSnapshot(
    _ root: RootMetadata, _ timestamp: TimestampMetadata
  ) async throws(TUFError) -> SnapshotMetadata {
    let role = UpdateCycle.snapshotRole
    let listing = timestamp.snapshot
    let stored = try folder.read(role, limit: limits.snapshotSize)
    var trusted: SnapshotMetadata?
    if let stored {
      trusted = try ignoringRefusal { () throws(TUFError) in try readSnapshot(stored, root) }
    }
    // The one that is listed was checked when it was kept, all but whether it is still valid.
    if let stored, let trusted, trusted.header.version == listing.version, try listing.file.matches(stored),
      trusted.header.expires > startTime
    {
      return trusted
    }
    // 5.5.1 to 5.5.4
    let bytes = try await fetchListed(role, listing, root, limit: limits.snapshotSize)
    let new = try readSnapshot(bytes, root)
    guard new.header.version == listing.version else { throw .listingMismatch(role: role.text) }
    // 5.5.5; also against one that has expired
    if let trusted { try checkRollback(from: trusted, to: new) }
    // 5.5.6 and 5.5.7
    try checkExpiry(of: new.header, role: role)
    try folder.write(bytes, for: role)
    return new
  }

  private func readSnapshot(_ bytes: [UInt8], _ root: RootMetadata) throws(TUFError) -> SnapshotMetadata {
    try verify(bytes, of: UpdateCycle.snapshotRole, by: root.snapshot) { (signed) throws(MetadataFault) in
      try SnapshotMetadata(signed)
    }
  }

  /// No role may become older, and none may vanish (5.5.5).
  private func checkRollback(from trusted: SnapshotMetadata, to new: SnapshotMetadata) throws(TUFError) {
    for (name, listing) in trusted.listings {
      guard let newListing = new.listings[name] else { throw .roleRemoved(role: name.text) }
      guard newListing.version >= listing.version else {
        throw .rollback(role: name.text, offered: newListing.version, trusted: listing.version)
      }
    }
  }

  /// Fetches the metadata of a role that is listed in other metadata, and checks its length and hashes (5.5.1 and 5.5.2,
  /// 5.6.1 and 5.6.2).
  func fetchListed(
    _ role: UTF8Text, _ listing: MetadataListing, _ root: RootMetadata, limit: Int
  ) async throws(TUFError) -> [UInt8] {
    let length = listing.file.length.map { $0 < Int64(limit) ? Int($0) : limit } ?? limit
    let bytes = try await fetcher.fetch(path(of: role, version: listing.version, root), limit: length)
    guard try listing.file.matches(bytes) else { throw .listingMismatch(role: role.text) }
    return bytes
  }
}
