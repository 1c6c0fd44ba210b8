import OTACore

// 5.4: which snapshot is the latest.
extension UpdateCycle {
  /// Updates the timestamp (5.4).
  func updateTimestamp(_ root: RootMetadata) async throws(TUFError) -> TimestampMetadata {
    let role = UpdateCycle.timestampRole
    let trusted = try loadTimestamp(root)
    // 5.4.1 and 5.4.2
    let bytes = try await fetcher.fetch("timestamp.json", limit: limits.timestampSize)
    let new = try readTimestamp(bytes, root)
    if let trusted {
      // 5.4.3.1: the same version is no news, and no error, whatever else stands in it.
      if new.header.version == trusted.header.version {
        try checkExpiry(of: trusted.header, role: role)
        return trusted
      }
      try checkRollback(from: trusted, to: new)
    }
    // 5.4.4 and 5.4.5
    try checkExpiry(of: new.header, role: role)
    try folder.write(bytes, for: role)
    return new
  }

  /// The timestamp that is trusted so far, also if it has expired: it still says which versions were there.
  ///
  /// - Returns: `nil` if there is none, or what is there is not signed by the keys of today.
  private func loadTimestamp(_ root: RootMetadata) throws(TUFError) -> TimestampMetadata? {
    guard let bytes = try folder.read(UpdateCycle.timestampRole, limit: limits.timestampSize) else {
      return nil
    }
    return try ignoringRefusal { () throws(TUFError) in try readTimestamp(bytes, root) }
  }

  private func readTimestamp(_ bytes: [UInt8], _ root: RootMetadata) throws(TUFError) -> TimestampMetadata {
    try verify(bytes, of: UpdateCycle.timestampRole, by: root.timestamp) { (signed) throws(MetadataFault) in
      try TimestampMetadata(signed)
    }
  }

  /// Neither the timestamp (5.4.3.1) nor the snapshot that it lists (5.4.3.2) may become older.
  private func checkRollback(from trusted: TimestampMetadata, to new: TimestampMetadata) throws(TUFError) {
    guard new.header.version > trusted.header.version else {
      throw .rollback(
        role: UpdateCycle.timestampRole.text, offered: new.header.version, trusted: trusted.header.version)
    }
    guard new.snapshot.version >= trusted.snapshot.version else {
      throw .rollback(
        role: UpdateCycle.snapshotRole.text, offered: new.snapshot.version, trusted: trusted.snapshot.version)
    }
  }

  /// A value that a file of the folder gives, or `nil` if the file does not deserve trust (any more).
  func ignoringRefusal<Value>(_ body: () throws(TUFError) -> Value) throws(TUFError) -> Value? {
    do throws(TUFError) {
      return try body()
    } catch {
      // A library that does not work says nothing about the file.
      if case .cryptography = error { throw error }
      return nil
    }
  }
}
