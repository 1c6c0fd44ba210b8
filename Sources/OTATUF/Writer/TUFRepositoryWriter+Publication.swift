import OTACore

// From drafts to what clients find.
extension TUFRepositoryWriter {
  /// Publishes all drafts in the writer's folder: makes snapshot and timestamp for them, signs, writes.
  ///
  /// A new timestamp is made also where nothing else has changed; a new snapshot only where it is needed, or half of its
  /// lifetime is over. If signatures are missing, nothing is published: the drafts, those of snapshot and timestamp among
  /// them, are kept with what they have, to be signed and published later. New files are written first, the timestamp
  /// last; whenever that is cut off, clients find the old state or the new one, and the next call completes it. The one
  /// exception is a change of the keys of timestamp, snapshot or targets without a signature of the old ones: between root
  /// and timestamp clients are refused then, and keep what they have.
  ///
  /// - Parameters:
  ///   - time: seconds since 1970-01-01T00:00:00Z.
  ///   - signers: keys, those of timestamp and snapshot as a rule; they sign for all drafts.
  /// - Throws: ``TUFWriterError/incomplete(_:)`` if signatures are missing; errors of the folder.
  public mutating func publish(
    at time: Int64, signers: [any TUFSigner] = []
  ) async throws(TUFWriterError) {
    try await publish(at: time, signers: signers, through: home.published)
  }

  /// Publishes in the writer's folder, which may be reached by a way of its own.
  mutating func publish(
    at time: Int64, signers: [any TUFSigner], through destination: any TUFDestination
  ) async throws(TUFWriterError) {
    try await sign(with: signers)
    try save()
    try requireComplete { TUFRepositoryWriter.rank($0) < 2 || $0 == .root }
    try await draftSnapshot(at: time, signers)
    try await draftTimestamp(at: time, signers)
    try await Publication(self, copiesTargets: false).run(to: destination)
    if let root = drafts[.root] { roots.append(root) }
    published.merge(drafts) { _, draft in draft }
    try discardDrafts()
  }

  /// Brings another place to what this folder has published, in the same order.
  ///
  /// Do it after each publication: where a place is several changes of the keys of timestamp, snapshot or targets behind,
  /// no timestamp is signed by the oldest and the newest of them, and a cut in the middle is seen until the next call.
  ///
  /// - Parameter destination: the place; what it has already is not written again.
  /// - Throws: ``TUFWriterError/nothingToSign(role:)`` for the timestamp if nothing is published yet; errors of the place.
  public func mirror(to destination: any TUFDestination) async throws(TUFWriterError) {
    guard published[.timestamp] != nil else { throw .nothingToSign(role: TUFRole.timestamp.description) }
    var plain = self
    plain.drafts = [:]
    try await Publication(plain, copiesTargets: true).run(to: destination)
  }

  private func requireComplete(_ isMeant: (TUFRole) -> Bool) throws(TUFWriterError) {
    let missing = try pending().filter { isMeant($0.role) && $0.missing > 0 }
    guard missing.isEmpty else { throw .incomplete(missing) }
  }

  /// Whether a role that is published has the signatures that it needs from now on.
  private func isSigned(_ role: TUFRole) throws(TUFWriterError) -> Bool {
    guard let document = published[role] else { return false }
    for keys in try authorities().required(role) where try keys.missing(in: document) > 0 { return false }
    return true
  }

  private mutating func draftSnapshot(
    at time: Int64, _ signers: [any TUFSigner]
  ) async throws(TUFWriterError) {
    var listings = published[.snapshot]?.signed.part("meta").members.map { ($0.name, $0.value) } ?? []
    for (role, document) in drafts where role == .targets || !role.isTopLevel {
      listings.append((UTF8Text("\(role).json"), try TUFRepositoryWriter.listing(document)))
    }
    let meta = JSONObject(replacing: listings)
    let isDrafted = drafts[.snapshot].map { $0.signed.part("meta").isSame(as: meta) && $0.expires > time }
    if isDrafted != true {
      drafts[.snapshot] = nil
      if let last = published[.snapshot], last.signed.part("meta").isSame(as: meta),
        last.expires - time > lifetimes.snapshot / 2, try isSigned(.snapshot)
      {
        try home.unstage(.snapshot)
        return
      }
      try draft(.snapshot, TUFRepositoryWriter.listing("snapshot", meta), at: time)
    }
    try await sign(with: signers, only: .snapshot)
    try home.stage(try current(.snapshot), for: .snapshot)
    try requireComplete { $0 == .snapshot }
  }

  private mutating func draftTimestamp(
    at time: Int64, _ signers: [any TUFSigner]
  ) async throws(TUFWriterError) {
    let meta = JSONObject(replacing: [
      ("snapshot.json", try TUFRepositoryWriter.listing(try current(.snapshot)))
    ])
    let isDrafted = drafts[.timestamp].map { $0.signed.part("meta").isSame(as: meta) && $0.expires > time }
    if isDrafted != true { try draft(.timestamp, TUFRepositoryWriter.listing("timestamp", meta), at: time) }
    try await sign(with: signers, only: .timestamp)
    try home.stage(try current(.timestamp), for: .timestamp)
    try requireComplete { $0 == .timestamp }
  }

  private static func listing(_ type: UTF8Text, _ meta: JSONObject) -> JSONObject {
    JSONObject(replacing: [
      ("_type", .string(type)), ("spec_version", .string(specification)), ("meta", .object(meta)),
    ])
  }

  /// What is said about a file in the metadata that lists it.
  private static func listing(_ document: MetadataDocument) throws(TUFWriterError) -> JSONValue {
    let file = document.file
    do throws(TUFError) {
      let digest = try Hashing.digest(.sha256, of: file).description
      let hashes = JSONObject(replacing: [("sha256", .string(UTF8Text(digest)))])
      return .object(
        JSONObject(replacing: [
          ("version", .integer(document.version)), ("length", .integer(Int64(file.count))),
          ("hashes", .object(hashes)),
        ]))
    } catch {
      throw .repository(error)
    }
  }
}

extension JSONObject {
  /// Whether two objects say the same.
  func isSame(as other: JSONObject) -> Bool {
    CanonicalJSON.encode(.object(self)) == CanonicalJSON.encode(.object(other))
  }
}
