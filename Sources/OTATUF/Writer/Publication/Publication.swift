import OTACore

/// The files of a repository on their way to a place, in an order in which no cut is seen.
///
/// Everything but the timestamp has a name of its own for each version, and counts for nobody before a timestamp leads to it.
/// A new root counts at once, so it comes before the timestamp or behind it, wherever both the old files and the new ones
/// are signed as it wants.
struct Publication {
  private let roots: [MetadataDocument]
  private let roles: [TUFRole: MetadataDocument]
  private let source: TUFFolderDestination
  private let limits = RepositoryLimits()
  /// Whether the files of targets are still to be brought; in the writer's own folder they are since they were added.
  private let copiesTargets: Bool

  /// What a writer has published, and its drafts.
  init(_ writer: TUFRepositoryWriter, copiesTargets: Bool) {
    self.copiesTargets = copiesTargets
    roots = writer.roots + (writer.drafts[.root].map { [$0] } ?? [])
    roles = writer.published.merging(writer.drafts) { _, draft in draft }
    source = writer.home.published
  }

  func run(to destination: any TUFDestination) async throws(TUFWriterError) {
    if copiesTargets { try await putTargets(to: destination) }
    for role in roles.keys.sorted(by: { TUFRepositoryWriter.rank($0) < TUFRepositoryWriter.rank($1) }) {
      guard role != .root, role != .timestamp, let document = roles[role] else { continue }
      try await put(document, as: "\(document.version).\(role).json", to: destination)
    }
    guard let timestamp = roles[.timestamp] else { return }
    let known = try await rootsKnown(to: destination)
    let new = roots[known...]
    let isRootLast = new.isEmpty ? false : try await isRootLast(known: known, destination)
    if isRootLast { try await destination.put(.metadata("timestamp.json"), timestamp.file) }
    for root in new { try await put(root, as: "\(root.version).root.json", to: destination) }
    if !isRootLast { try await put(timestamp, as: "timestamp.json", to: destination) }
  }

  private func put(
    _ document: MetadataDocument, as name: String, to destination: any TUFDestination
  ) async throws(TUFWriterError) {
    let file = document.file
    // An earlier publication may have been cut off behind a version that was then changed once more.
    if let there = try await destination.read(.metadata(name), limit: limits.targetsSize), there == file {
      return
    }
    try await destination.put(.metadata(name), file)
  }

  /// How many of the roots the place has.
  private func rootsKnown(to destination: any TUFDestination) async throws(TUFWriterError) -> Int {
    for (index, root) in roots.enumerated() {
      let file = TUFRepositoryFile.metadata("\(root.version).root.json")
      guard try await destination.read(file, limit: limits.rootSize) == root.file else { return index }
    }
    return roots.count
  }

  /// Whether the new timestamp has to come before the new roots.
  private func isRootLast(
    known: Int, _ destination: any TUFDestination
  ) async throws(TUFWriterError) -> Bool {
    guard known > 0 else { return false }
    var authorities: [RootMetadata] = []
    for root in roots[(known - 1)...] { authorities.append(try TUFRepositoryWriter.root(root)) }
    if let old = try await documents(of: destination),
      try Publication.isSigned(old, for: authorities.dropFirst())
    {
      return false
    }
    return try Publication.isSigned(roles, for: authorities[...])
  }

  /// Timestamp, snapshot and targets that the place has now; `nil` if they are not complete.
  private func documents(
    of destination: any TUFDestination
  ) async throws(TUFWriterError) -> [TUFRole: MetadataDocument]? {
    guard let timestamp = try await document("timestamp.json", destination),
      let listing = try? TimestampMetadata(timestamp.signed).snapshot,
      let snapshot = try await document("\(listing.version).snapshot.json", destination),
      let targetsListing = try? SnapshotMetadata(snapshot.signed).listing(of: "targets"),
      let targets = try await document("\(targetsListing.version).targets.json", destination)
    else { return nil }
    return [.timestamp: timestamp, .snapshot: snapshot, .targets: targets]
  }

  private func document(
    _ name: String, _ destination: any TUFDestination
  ) async throws(TUFWriterError) -> MetadataDocument? {
    guard let file = try await destination.read(.metadata(name), limit: limits.targetsSize) else {
      return nil
    }
    return try? MetadataDocument(file: file, limits: limits)
  }

  /// Whether all of these roots would accept the files.
  private static func isSigned(
    _ documents: [TUFRole: MetadataDocument], for roots: ArraySlice<RootMetadata>
  ) throws(TUFWriterError) -> Bool {
    for root in roots {
      for role in [TUFRole.timestamp, .snapshot, .targets] {
        guard let document = documents[role], try root.keys(of: role).missing(in: document) == 0 else {
          return false
        }
      }
    }
    return true
  }

  /// Copies the files of all targets that are here; what is served from elsewhere is not here.
  private func putTargets(to destination: any TUFDestination) async throws(TUFWriterError) {
    for role in roles.keys.sorted(by: { $0.name < $1.name }) where role == .targets || !role.isTopLevel {
      guard let document = roles[role] else { continue }
      for member in document.signed.part("targets").members {
        guard case .object(let entry) = member.value, let description = try? FileDescription(entry),
          let digest = description.digests.first, let length = description.length
        else { continue }
        let file = TUFRepositoryFile.target(TUFRepositoryWriter.fileName(of: member.name.text, digest))
        guard try await source.contains(file, length: length),
          try await !destination.contains(file, length: length),
          let bytes = try source.contents(of: file, limit: Int(clamping: length))
        else { continue }
        try await destination.put(file, bytes)
      }
    }
  }
}
