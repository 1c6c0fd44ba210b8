public import OTACore
import OTACrypto

// Which files there are, and who may say so.
extension TUFRepositoryWriter {
  /// Adds a file, or puts another one in the place of one that has this path.
  ///
  /// The file is kept in the folder at once, under a name that nobody knows before the metadata is published.
  ///
  /// - Parameters:
  ///   - path: its path in the repository, see ``add(_:length:digest:custom:to:at:)``.
  ///   - bytes: its contents.
  ///   - custom: what clients are told beyond that: a JSON object.
  ///   - role: the role that describes it; `nil` for the targets role or, if that delegates to hash bins, the right bin.
  ///   - time: seconds since 1970-01-01T00:00:00Z.
  /// - Throws: as ``add(_:length:digest:custom:to:at:)``, and errors of the folder.
  public mutating func add(
    _ path: String, contents bytes: [UInt8], custom: [UInt8]? = nil, to role: TUFRole? = nil, at time: Int64
  ) throws(TUFWriterError) {
    let digest: Digest
    do throws(TUFError) {
      digest = try Hashing.digest(.sha256, of: bytes)
    } catch {
      throw .repository(error)
    }
    try add(path, length: Int64(bytes.count), digest: digest, custom: custom, to: role, at: time)
    try home.published.store(.target(TUFRepositoryWriter.fileName(of: path, digest)), bytes)
  }

  /// Adds a target whose file is not here: whoever serves it puts it to its place.
  ///
  /// - Parameters:
  ///   - path: its path in the repository: parts with `/` between them, none of them empty, `.`, `..` or above 180 bytes,
  ///     without control characters and backslashes.
  ///   - length: the length of the file, in bytes.
  ///   - digest: SHA-256 or SHA-512 of the file.
  ///   - custom: what clients are told beyond that: a JSON object.
  ///   - role: the role that describes it; `nil` for the targets role or, if that delegates to hash bins, the right bin.
  ///   - time: seconds since 1970-01-01T00:00:00Z.
  /// - Throws: ``TUFWriterError/unusablePath(_:)``, ``TUFWriterError/unknownRole(_:)``,
  ///   ``TUFWriterError/malformedCustom``.
  public mutating func add(
    _ path: String, length: Int64, digest: Digest, custom: [UInt8]? = nil, to role: TUFRole? = nil,
    at time: Int64
  ) throws(TUFWriterError) {
    let target = try TUFRepositoryWriter.usable(path)
    let role = try self.role(role, for: target)
    let function: UTF8Text
    switch digest.algorithm {
    case .sha256: function = "sha256"
    case .sha512: function = "sha512"
    default: throw .signing(.unsupportedAlgorithm)
    }
    let hashes = JSONObject(replacing: [(function, .string(UTF8Text(digest.description)))])
    var entry = JSONObject(replacing: [("length", .integer(length)), ("hashes", .object(hashes))])
    if let custom {
      guard case .object(let object) = try? JSONReader.read(custom, limits: RepositoryLimits()) else {
        throw .malformedCustom
      }
      entry = entry.setting("custom", to: .object(object))
    }
    try setEntry(target.name, to: .object(entry), in: role, at: time)
  }

  /// Takes a target out.
  ///
  /// Its file stays, for clients that still have older metadata.
  ///
  /// - Parameters:
  ///   - path: its path.
  ///   - role: the role that describes it; `nil` as for ``add(_:length:digest:custom:to:at:)``.
  ///   - time: seconds since 1970-01-01T00:00:00Z.
  /// - Throws: ``TUFWriterError/unknownTarget(_:)``, ``TUFWriterError/unknownRole(_:)``.
  public mutating func remove(
    _ path: String, from role: TUFRole? = nil, at time: Int64
  ) throws(TUFWriterError) {
    let target = try TUFRepositoryWriter.usable(path)
    let role = try self.role(role, for: target)
    guard try current(role).signed.part("targets")[target.name] != nil else { throw .unknownTarget(path) }
    try setEntry(target.name, to: nil, in: role, at: time)
  }

  private mutating func setEntry(
    _ name: UTF8Text, to entry: JSONValue?, in role: TUFRole, at time: Int64
  ) throws(TUFWriterError) {
    guard role == .targets || !role.isTopLevel else { throw .unknownRole(role.description) }
    let signed = try current(role).signed
    let targets = signed.part("targets").setting(name, to: entry)
    try draft(role, signed.setting("targets", to: .object(targets)), at: time)
  }

  /// The role that a target goes to, also if nobody says which.
  private func role(_ role: TUFRole?, for target: TargetPath) throws(TUFWriterError) -> TUFRole {
    if let role { return role }
    let signed = try current(.targets).signed
    guard signed.part("delegations")["succinct_roles"] != nil,
      let delegations = try TUFRepositoryWriter.delegations(in: signed, of: .targets),
      let bin = delegations.delegates(for: target).first
    else { return .targets }
    return TUFRole(bin.name)
  }

  /// A path that means the same file to every server and file system.
  static func usable(_ path: String) throws(TUFWriterError) -> TargetPath {
    let isPlain = path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\\") }
    let isShort = path.utf8.split(separator: UInt8(ascii: "/")).allSatisfy { $0.count <= 180 }
    guard isPlain, isShort, path.utf8.count <= 1000, let target = try? TargetPath(UTF8Text(path)) else {
      throw .unusablePath(path)
    }
    return target
  }

  /// Where the file of a target is: with its hash before its name.
  static func fileName(of path: String, _ digest: Digest) -> String {
    let bytes = Array(path.utf8)
    let start = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    return String(decoding: bytes[..<start] + Array("\(digest).".utf8) + bytes[start...], as: UTF8.self)
  }

  /// Lets another role answer for some targets, or changes what it answers for.
  ///
  /// A role that is new gets an empty first version, to be signed by its keys. It comes behind those that are there
  /// already; one that is there keeps its place.
  ///
  /// - Parameters:
  ///   - role: the role that answers.
  ///   - parent: the role that delegates.
  ///   - paths: patterns of paths: `*` for any characters of one part of the path, `?` for one character.
  ///   - isTerminating: whether nobody behind it is asked for these targets.
  ///   - keys: who signs for it.
  ///   - time: seconds since 1970-01-01T00:00:00Z.
  /// - Throws: ``TUFWriterError/impossibleThreshold(role:)``, ``TUFWriterError/unknownRole(_:)`` for the parent,
  ///   ``TUFWriterError/unusableName(_:)`` for one of the four roles, ``TUFWriterError/delegationConflict(_:)``.
  public mutating func delegate(
    to role: TUFRole, from parent: TUFRole = .targets, paths: [String], isTerminating: Bool = false,
    keys: TUFRoleKeys, at time: Int64
  ) throws(TUFWriterError) {
    guard !role.isTopLevel else { throw .unusableName(role.description) }
    guard parent == .targets || !parent.isTopLevel else { throw .unknownRole(parent.description) }
    try keys.check(role)
    let signed = try current(parent).signed
    var delegations = signed.part("delegations")
    guard delegations["succinct_roles"] == nil else { throw .delegationConflict(parent.description) }
    let entry = JSONObject(
      replacing: [
        ("name", .string(role.name)), ("terminating", .bool(isTerminating)),
        ("paths", .array(paths.map { .string(UTF8Text($0)) })),
      ] + keys.members)
    let earlier = try TUFRepositoryWriter.delegations(in: signed, of: parent)?.keys(of: role)
    if earlier != nil {
      delegations = TUFRepositoryWriter.replacing(role, in: delegations) { _ in entry }
    } else {
      var entries: [JSONValue] = []
      if case .array(let values) = delegations["roles"] { entries = values }
      delegations = delegations.setting("roles", to: .array(entries + [.object(entry)]))
    }
    delegations = TUFRepositoryWriter.settingKeys(keys.keys, in: delegations)
    try draft(parent, signed.setting("delegations", to: .object(delegations)), at: time)
    try meetKeys(of: role, authorities(), at: time)
  }

  /// Shares the targets of a role out to hash bins, which all have the same keys (TAP 15).
  ///
  /// Every target belongs to one bin, by the hash of its path; ``add(_:contents:custom:to:at:)`` finds it. Targets that the
  /// role itself describes stay there.
  ///
  /// - Parameters:
  ///   - prefix: what the names of the bins begin with, as ``TUFRole/init(delegated:)`` wants it.
  ///   - bits: 2 to the power of this is their number; from 1 to 14.
  ///   - parent: the role that delegates.
  ///   - keys: who signs for them.
  ///   - time: seconds since 1970-01-01T00:00:00Z.
  /// - Throws: ``TUFWriterError/delegationConflict(_:)`` if the role delegates to others already, and as
  ///   ``delegate(to:from:paths:isTerminating:keys:at:)``.
  public mutating func delegate(
    toBins prefix: String, bits: Int, from parent: TUFRole = .targets, keys: TUFRoleKeys, at time: Int64
  ) throws(TUFWriterError) {
    let name = try TUFRole(delegated: prefix)
    guard (1...14).contains(bits) else { throw .unusableBins(bits: bits) }
    guard parent == .targets || !parent.isTopLevel else { throw .unknownRole(parent.description) }
    try keys.check(name)
    let signed = try current(parent).signed
    guard signed["delegations"] == nil else { throw .delegationConflict(parent.description) }
    let bins = JSONObject(
      replacing: [("bit_length", .integer(Int64(bits))), ("name_prefix", .string(name.name))] + keys.members)
    let delegations = TUFRepositoryWriter.settingKeys(
      keys.keys, in: JSONObject(replacing: [("succinct_roles", .object(bins))]))
    try draft(parent, signed.setting("delegations", to: .object(delegations)), at: time)
    let authorities = try authorities()
    for name in try TUFRepositoryWriter.delegations(in: try current(parent).signed, of: parent)?.names ?? [] {
      try meetKeys(of: TUFRole(name), authorities, at: time)
    }
  }

  /// Makes a first version of a delegated role, or a next one if its signatures are not enough any more.
  private mutating func meetKeys(
    of role: TUFRole, _ authorities: Authorities, at time: Int64
  ) throws(TUFWriterError) {
    guard drafts[role] == nil else { return }
    guard let document = published[role] else {
      try draft(role, TUFRepositoryWriter.emptyTargets, at: time)
      return
    }
    for keys in authorities.required(role) where try keys.missing(in: document) > 0 {
      try renew(role, at: time)
      return
    }
  }
}
