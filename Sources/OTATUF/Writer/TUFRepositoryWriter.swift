/// Writes a repository: a folder of metadata and targets that clients trust, and drafts of what comes next.
///
/// Every change makes a draft: the next version of a role, without signatures. Drafts are signed by whoever has keys, in
/// any order and number of sessions, and published all at once. What is published is the state; a writer that is opened
/// again goes on from there, and from the drafts that were saved. Private keys are given to the call that signs, and kept
/// nowhere.
///
/// The folder has `metadata` and `targets`, which clients may be given, and `staged`, which they need not see. Metadata is
/// verified when the folder is opened: a change in the folder by somebody without keys is not signed on top of.
///
/// Output is the same for the same calls, except for ECDSA and RSA-PSS signatures, which have a random part.
///
/// Repositories with consistent snapshots only: without them no order of writing keeps a cut from being seen.
///
/// - Note: Source: TUF specification 1.0, sections 4 and 6.
public struct TUFRepositoryWriter: Sendable {
  /// How long what is written from now on is valid.
  public var lifetimes: TUFLifetimes
  let home: RepositoryFolder
  /// All versions of the root, in order.
  var roots: [MetadataDocument]
  /// The roles as the published timestamp leads to them, the root among them.
  var published: [TUFRole: MetadataDocument]
  var drafts: [TUFRole: MetadataDocument]

  /// Makes a repository.
  ///
  /// Root and targets are drafts then, to be signed and published.
  ///
  /// - Parameters:
  ///   - path: its folder, which is made if it is not there; the folder above it must exist.
  ///   - keys: the keys of the four roles.
  ///   - time: seconds since 1970-01-01T00:00:00Z.
  ///   - lifetimes: how long metadata is valid.
  /// - Throws: ``TUFWriterError/exists(path:)``, ``TUFWriterError/impossibleThreshold(role:)`` also for a role that has no
  ///   keys, or an error of the folder.
  public init(
    creating path: String, keys: [TUFRole: TUFRoleKeys], at time: Int64,
    lifetimes: TUFLifetimes = TUFLifetimes()
  ) throws(TUFWriterError) {
    self.lifetimes = lifetimes
    home = try RepositoryFolder(path: path)
    guard try home.isEmpty() else { throw .exists(path: path) }
    (roots, published, drafts) = ([], [:], [:])
    let signed = JSONObject(replacing: [
      ("_type", .string("root")), ("spec_version", .string(TUFRepositoryWriter.specification)),
      ("consistent_snapshot", .bool(true)), ("keys", .object(JSONObject([:]))),
      ("roles", .object(JSONObject([:]))),
    ])
    drafts[.root] = MetadataDocument(signed)
    var root = signed
    for role in TUFRole.topLevel {
      guard let keys = keys[role] else { throw .impossibleThreshold(role: role.description) }
      root = try TUFRepositoryWriter.setting(keys, of: role, in: root)
    }
    try draft(.root, root, at: time)
    try draft(.targets, TUFRepositoryWriter.emptyTargets, at: time)
  }

  /// Opens a repository that is there, with the drafts that were saved.
  ///
  /// - Parameters:
  ///   - path: its folder.
  ///   - lifetimes: how long metadata is valid that is written from now on.
  /// - Throws: ``TUFWriterError/repository(_:)`` if it is not one, or its signatures are not right. Expiry is no error.
  public init(opening path: String, lifetimes: TUFLifetimes = TUFLifetimes()) throws(TUFWriterError) {
    self.lifetimes = lifetimes
    home = try RepositoryFolder(existing: path)
    (roots, published) = try home.readPublished()
    drafts = [:]
    for (role, document) in try home.readStaged() {
      // A draft that was published just before the power went is none any more.
      guard document.version > published[role]?.version ?? 0 else { continue }
      drafts[role] = document
    }
    guard !roots.isEmpty || drafts[.root] != nil else {
      throw .repository(.noTrustedRoot(why: "there is no repository in \(path)"))
    }
  }

  static let specification: UTF8Text = "1.0.31"

  static var emptyTargets: JSONObject {
    JSONObject(replacing: [
      ("_type", .string("targets")), ("spec_version", .string(specification)),
      ("targets", .object(JSONObject([:]))),
    ])
  }

  /// A role as it will be, or is.
  func current(_ role: TUFRole) throws(TUFWriterError) -> MetadataDocument {
    guard let document = drafts[role] ?? published[role] else { throw .unknownRole(role.description) }
    return document
  }

  /// The names of all roles that there will be, the four first.
  public var roles: [TUFRole] {
    let delegated = Set(published.keys).union(drafts.keys).filter { !$0.isTopLevel }
    return TUFRole.topLevel + delegated.sorted { $0.name < $1.name }
  }

  /// The version of a role that is published, 0 if none is.
  public func version(of role: TUFRole) -> Int64 { published[role]?.version ?? 0 }

  /// Puts a draft in place of what a role was, with the next version and a new expiry.
  mutating func draft(_ role: TUFRole, _ signed: JSONObject, at time: Int64) throws(TUFWriterError) {
    let (version, isTooLarge) = self.version(of: role).addingReportingOverflow(1)
    let (seconds, isTooLate) = time.addingReportingOverflow(lifetimes.lifetime(of: role))
    guard !isTooLarge, !isTooLate, let expires = DateTime.text(ofSeconds: seconds) else {
      throw .outOfRange(role: role.description)
    }
    let document = MetadataDocument(
      signed.setting("version", to: .integer(version)).setting("expires", to: .string(UTF8Text(expires))))
    // What a client would not read must not be signed.
    do throws(MetadataFault) {
      switch role {
      case .root: _ = try RootMetadata(document.signed)
      case .timestamp: _ = try TimestampMetadata(document.signed)
      case .snapshot: _ = try SnapshotMetadata(document.signed)
      default: _ = try TargetsMetadata(document.signed)
      }
    } catch {
      throw .repository(error.error(role: role.description))
    }
    drafts[role] = document
  }

  /// Makes a next version of a role that says the same, and is valid for longer.
  ///
  /// - Throws: ``TUFWriterError/unknownRole(_:)``. Timestamp and snapshot are made anew whenever something is published.
  public mutating func renew(_ role: TUFRole, at time: Int64) throws(TUFWriterError) {
    try draft(role, try current(role).signed, at: time)
  }

  /// Keeps the drafts, with the signatures that they have, for a writer that is opened later.
  ///
  /// - Throws: ``TUFWriterError/repository(_:)``.
  public func save() throws(TUFWriterError) {
    for (role, document) in drafts { try home.stage(document, for: role) }
  }

  /// Gives all drafts up.
  ///
  /// - Throws: ``TUFWriterError/repository(_:)``.
  public mutating func discardDrafts() throws(TUFWriterError) {
    for role in drafts.keys { try home.unstage(role) }
    drafts = [:]
  }
}
