/// What a role entrusts to others.
///
/// - Note: Source: TUF specification 1.0, section 4.5 (DELEGATIONS), and TAP 15 (succinct hash bins).
struct Delegations: Sendable {
  /// A role that answers for some targets.
  struct Delegate: Sendable {
    let name: UTF8Text
    let keys: RoleKeys
    /// Whether nobody behind it in the list is asked for its targets.
    let isTerminating: Bool
  }

  /// How the roles are named.
  enum Roles: Sendable {
    case listed([DelegatedRole])
    case bins(SuccinctBins)
  }

  let roles: Roles

  init(_ object: JSONObject) throws(MetadataFault) {
    let keys = try RoleKeys.readKeys(try object.object("keys"))
    guard (object["roles"] == nil) != (object["succinct_roles"] == nil) else { throw .field("roles") }
    guard object["roles"] != nil else {
      roles = .bins(try SuccinctBins(try object.object("succinct_roles"), among: keys))
      return
    }
    var listed: [DelegatedRole] = []
    for value in try object.array("roles") {
      guard case .object(let role) = value else { throw .field("roles") }
      listed.append(try DelegatedRole(role, among: keys))
    }
    guard Set(listed.map(\.delegate.name)).count == listed.count else { throw .field("roles") }
    roles = .listed(listed)
  }

  /// The roles that answer for a target, in the order in which they are asked.
  func delegates(for target: TargetPath) -> [Delegate] {
    switch roles {
    case .listed(let roles): roles.filter { $0.answers(for: target) }.map(\.delegate)
    case .bins(let bins): [bins.delegate(for: target)]
    }
  }

  /// Names that would stand for another file of the metadata folder, or for none.
  ///
  /// - Note: The length: a file system takes names of 255 bytes, with an ending and while they are being written.
  static func isUsableName(_ name: UTF8Text) -> Bool {
    let reserved: Set<UTF8Text> = ["root", "timestamp", "snapshot", "targets"]
    return !name.bytes.isEmpty && !reserved.contains(name)
      && PercentEncoding.encode(name.bytes).utf8.count <= 200
  }
}

/// One role of a list of delegations.
struct DelegatedRole: Sendable {
  private enum Scope: Sendable {
    case patterns([PathPattern])
    /// Beginnings of the digest of a path, in hexadecimal.
    case digestPrefixes([[UInt8]])
  }

  let delegate: Delegations.Delegate
  private let scope: Scope

  init(_ role: JSONObject, among keys: [UTF8Text: TUFKey]) throws(MetadataFault) {
    let name = try role.string("name")
    guard Delegations.isUsableName(name) else { throw .field("name") }
    delegate = Delegations.Delegate(
      name: name, keys: try RoleKeys(role, among: keys), isTerminating: try role.flag("terminating"))
    guard role["paths"] == nil || role["path_hash_prefixes"] == nil else { throw .field("paths") }
    if role["path_hash_prefixes"] != nil {
      scope = .digestPrefixes(try role.strings("path_hash_prefixes").map(\.bytes))
    } else {
      scope = .patterns(role["paths"] == nil ? [] : try role.strings("paths").map { PathPattern($0) })
    }
  }

  /// Whether the role is trusted to describe a target.
  func answers(for target: TargetPath) -> Bool {
    switch scope {
    case .patterns(let patterns): patterns.contains { $0.matches(target.name) }
    case .digestPrefixes(let prefixes): prefixes.contains { target.digestText.starts(with: $0) }
    }
  }
}
