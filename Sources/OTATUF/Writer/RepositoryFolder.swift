import Glibc
import OTACore

/// The folder of a writer: what is published, and the drafts in `staged`.
struct RepositoryFolder: Sendable {
  /// More roles than a writer makes: hash bins from several roles, and some with names.
  private static let roleLimit = 100_000

  let published: TUFFolderDestination
  private let staged: LockedFolder
  /// Files of the operator's own: as large as they may be for clients.
  private let limits = RepositoryLimits()

  /// Opens a folder, or makes one.
  init(path: String) throws(TUFWriterError) {
    published = try TUFFolderDestination(path: path)
    staged = try TUFFolderDestination.open(path + "/staged")
  }

  /// Opens a folder that is there.
  init(existing path: String) throws(TUFWriterError) {
    for name in [path, path + "/metadata"] {
      var status = stat()
      guard unsafe stat(name, &status) == 0 else {
        throw .repository(.storage(path: name, number: errno))
      }
    }
    try self.init(path: path)
  }

  /// Whether there is neither a published root nor a draft of one.
  func isEmpty() throws(TUFWriterError) -> Bool {
    let root = try published.contents(of: .metadata("1.root.json"), limit: limits.rootSize)
    let draft = try TUFFolderDestination.read("root.json", in: staged, limit: limits.rootSize)
    return root == nil && draft == nil
  }

  /// Keeps a draft.
  func stage(_ document: MetadataDocument, for role: TUFRole) throws(TUFWriterError) {
    try TUFFolderDestination.write(document.file, to: role.description + ".json", in: staged)
  }

  /// Gives a draft up.
  func unstage(_ role: TUFRole) throws(TUFWriterError) {
    do throws(TUFError) {
      try staged.remove(role.description + ".json")
    } catch {
      throw .repository(error)
    }
  }

  /// Reads the drafts.
  func readStaged() throws(TUFWriterError) -> [TUFRole: MetadataDocument] {
    var drafts: [TUFRole: MetadataDocument] = [:]
    for name in try names(in: staged) where name.hasSuffix(".json") && !name.hasPrefix(".") {
      let role = try TUFRole(named: String(name.dropLast(5)))
      guard let file = try TUFFolderDestination.read(name, in: staged, limit: limits.targetsSize) else {
        continue
      }
      drafts[role] = try document(file, role)
    }
    return drafts
  }

  private func names(in folder: LockedFolder) throws(TUFWriterError) -> [String] {
    guard let handle = unsafe opendir(folder.path) else {
      throw .repository(.storage(path: folder.path, number: errno))
    }
    defer { unsafe closedir(handle) }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
        unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      names.append(name)
      guard names.count <= RepositoryFolder.roleLimit else { break }
    }
    return names.sorted()
  }

  private func document(_ file: [UInt8], _ role: TUFRole) throws(TUFWriterError) -> MetadataDocument {
    do throws(MetadataFault) {
      return try MetadataDocument(file: file, limits: limits)
    } catch {
      throw .repository(error.error(role: role.description))
    }
  }

  /// Reads what is published, and verifies it.
  ///
  /// - Returns: all roots; and the roles that the timestamp leads to, the last root among them.
  func readPublished() throws(TUFWriterError) -> ([MetadataDocument], [TUFRole: MetadataDocument]) {
    var roots: [MetadataDocument] = []
    var authorities: [RootMetadata] = []
    while let file = try published.contents(
      of: .metadata("\(roots.count + 1).root.json"), limit: limits.rootSize)
    {
      let document = try document(file, .root)
      let root = try fields(document, .root) { (signed) throws(MetadataFault) in try RootMetadata(signed) }
      try require([root.root] + (authorities.last.map { [$0.root] } ?? []), of: document, .root)
      guard root.header.version == Int64(roots.count + 1) else {
        throw .repository(
          .rootOutOfOrder(offered: root.header.version, expected: Int64(roots.count + 1)))
      }
      guard root.usesConsistentSnapshots else {
        throw .repository(.malformed(role: "root", why: "the repository has no consistent snapshots"))
      }
      roots.append(document)
      authorities.append(root)
    }
    guard let last = roots.last else { return ([], [:]) }
    var roles: [TUFRole: MetadataDocument] = [.root: last]
    guard let timestamp = try published.contents(of: .metadata("timestamp.json"), limit: limits.timestampSize)
    else { return (roots, roles) }
    try read(timestamp, Array(authorities.suffix(2)), into: &roles)
    return (roots, roles)
  }

  /// Reads the roles behind a timestamp.
  ///
  /// A change of keys may have been cut off between root and timestamp; then it is the root before that vouches for them.
  private func read(
    _ timestamp: [UInt8], _ roots: [RootMetadata], into roles: inout [TUFRole: MetadataDocument]
  ) throws(TUFWriterError) {
    roles[.timestamp] = try document(timestamp, .timestamp)
    try requireAny(roots.map(\.timestamp), of: roles[.timestamp], .timestamp)
    guard let document = roles[.timestamp] else { return }
    let listing = try fields(document, .timestamp) { (signed) throws(MetadataFault) in
      try TimestampMetadata(signed).snapshot
    }
    let snapshot = try listed(.snapshot, listing)
    roles[.snapshot] = snapshot
    try requireAny(roots.map(\.snapshot), of: snapshot, .snapshot)
    let listings = try fields(snapshot, .snapshot) { (signed) throws(MetadataFault) in
      try SnapshotMetadata(signed).listings
    }
    for (file, listing) in listings {
      let role = try TUFRole(named: String(file.text.dropLast(5)))
      roles[role] = try listed(role, listing)
    }
    try requireAny(roots.map(\.targets), of: roles[.targets], .targets)
    let delegations = try Authorities.delegations(in: roles)
    for (role, document) in roles where !role.isTopLevel {
      let parents = delegations.compactMap { $0.keys(of: role) }
      // Nobody delegates to it any more: nothing is believed of it, only that it stays listed.
      guard !parents.isEmpty else { continue }
      try requireAny(parents, of: document, role)
    }
  }

  private func listed(_ role: TUFRole, _ listing: MetadataListing) throws(TUFWriterError) -> MetadataDocument
  {
    let name = "\(listing.version).\(role).json"
    guard let file = try published.contents(of: .metadata(name), limit: limits.targetsSize) else {
      throw .repository(.missing(file: name))
    }
    do throws(TUFError) {
      guard try listing.file.matches(file) else { throw .listingMismatch(role: role.description) }
    } catch {
      throw .repository(error)
    }
    return try document(file, role)
  }

  private func fields<Metadata>(
    _ document: MetadataDocument, _ role: TUFRole, as read: (JSONObject) throws(MetadataFault) -> Metadata
  ) throws(TUFWriterError) -> Metadata {
    do throws(MetadataFault) {
      return try read(document.signed)
    } catch {
      throw .repository(error.error(role: role.description))
    }
  }

  private func require(
    _ authorities: [RoleKeys], of document: MetadataDocument, _ role: TUFRole
  ) throws(TUFWriterError) {
    for keys in authorities where try keys.missing(in: document) > 0 {
      throw .repository(.thresholdNotMet(role: role.description))
    }
  }

  private func requireAny(
    _ authorities: [RoleKeys], of document: MetadataDocument?, _ role: TUFRole
  ) throws(TUFWriterError) {
    if let document {
      for keys in authorities where try keys.missing(in: document) == 0 { return }
    }
    throw .repository(.thresholdNotMet(role: role.description))
  }
}
