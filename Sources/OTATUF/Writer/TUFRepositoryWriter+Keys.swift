// Who signs for what, and the changes of it.
extension TUFRepositoryWriter {
  /// Gives a role other keys, or another threshold.
  ///
  /// The root is then a draft, to be signed by its old keys and, if they are those that change, by the new ones too; a role
  /// that it is about gets a new version for its new keys to sign. For timestamp, snapshot and targets the old keys may sign
  /// as well: then clients notice nothing, whenever the publication is cut off. A delegated role is changed in every role
  /// that delegates to it.
  ///
  /// - Parameters:
  ///   - role: the role.
  ///   - keys: its keys from now on; those that are missing here are revoked.
  ///   - time: seconds since 1970-01-01T00:00:00Z.
  /// - Throws: ``TUFWriterError/impossibleThreshold(role:)``, ``TUFWriterError/unknownRole(_:)``.
  public mutating func rotate(_ role: TUFRole, to keys: TUFRoleKeys, at time: Int64) throws(TUFWriterError) {
    try keys.check(role)
    if role.isTopLevel {
      let root = try current(.root).signed
      try draft(.root, try TUFRepositoryWriter.setting(keys, of: role, in: root), at: time)
      if role == .targets { try renew(.targets, at: time) }
      return
    }
    var isKnown = false
    for parent in roles where parent == .targets || !parent.isTopLevel {
      let signed = try current(parent).signed
      guard let delegations = try TUFRepositoryWriter.delegations(in: signed, of: parent),
        delegations.keys(of: role) != nil
      else { continue }
      isKnown = true
      var members = signed.part("delegations")
      if members["succinct_roles"] != nil {
        let bins = JSONObject(
          replacing: members.part("succinct_roles").members.map { ($0.name, $0.value) } + keys.members)
        members = members.setting("succinct_roles", to: .object(bins))
      } else {
        members = TUFRepositoryWriter.replacing(role, in: members) { entry in
          JSONObject(replacing: entry.members.map { ($0.name, $0.value) } + keys.members)
        }
      }
      let parts = TUFRepositoryWriter.settingKeys(keys.keys, in: members)
      try draft(parent, signed.setting("delegations", to: .object(parts)), at: time)
      for child in delegations.names where child == role.name || members["succinct_roles"] != nil {
        try renew(TUFRole(child), at: time)
      }
    }
    guard isKnown else { throw .unknownRole(role.description) }
  }

  /// Root metadata in which a role has these keys; keys that no role has any more are taken out.
  static func setting(
    _ keys: TUFRoleKeys, of role: TUFRole, in root: JSONObject
  ) throws(TUFWriterError) -> JSONObject {
    try keys.check(role)
    let roles = root.part("roles").setting(role.name, to: .object(JSONObject(replacing: keys.members)))
    return settingKeys(
      keys.keys, in: root.setting("roles", to: .object(roles)), roles: roles.members.map(\.value))
  }

  /// Delegations whose `keys` are those that their roles name.
  static func settingKeys(_ keys: [TUFPublicKey], in delegations: JSONObject) -> JSONObject {
    if case .array(let roles) = delegations["roles"] {
      return settingKeys(keys, in: delegations, roles: roles)
    }
    return settingKeys(keys, in: delegations, roles: [.object(delegations.part("succinct_roles"))])
  }

  private static func settingKeys(
    _ keys: [TUFPublicKey], in object: JSONObject, roles: [JSONValue]
  ) -> JSONObject {
    var known = object.part("keys")
    for key in keys { known = known.setting(UTF8Text(key.keyID), to: key.json) }
    var used: Set<UTF8Text> = []
    for case .object(let role) in roles { used.formUnion((try? role.strings("keyids")) ?? []) }
    let members = known.members.filter { used.contains($0.name) }.map { ($0.name, $0.value) }
    return object.setting("keys", to: .object(JSONObject(replacing: members)))
  }

  /// Delegations in which the entry of one role is another one.
  static func replacing(
    _ role: TUFRole, in delegations: JSONObject, with change: (JSONObject) -> JSONObject
  ) -> JSONObject {
    guard case .array(let entries) = delegations["roles"] else { return delegations }
    let changed = entries.map { entry -> JSONValue in
      guard case .object(let object) = entry, case .string(let name) = object["name"], name == role.name
      else {
        return entry
      }
      return .object(change(object))
    }
    return delegations.setting("roles", to: .array(changed))
  }

  /// What a role entrusts to others.
  static func delegations(in signed: JSONObject, of role: TUFRole) throws(TUFWriterError) -> Delegations? {
    do throws(MetadataFault) {
      return try TargetsMetadata(signed).delegations
    } catch {
      throw .repository(error.error(role: role.description))
    }
  }

  /// The fields of a root.
  static func root(_ document: MetadataDocument) throws(TUFWriterError) -> RootMetadata {
    do throws(MetadataFault) {
      return try RootMetadata(document.signed)
    } catch {
      throw .repository(error.error(role: "root"))
    }
  }

  /// Who may sign for what in the roles as they will be.
  func authorities() throws(TUFWriterError) -> Authorities {
    try Authorities(
      root: try TUFRepositoryWriter.root(try current(.root)),
      earlier: try roots.last.map { (root) throws(TUFWriterError) in try TUFRepositoryWriter.root(root) },
      delegations: try Authorities.delegations(in: published.merging(drafts) { _, draft in draft }))
  }
}

extension RootMetadata {
  /// The keys of one of the four roles.
  func keys(of role: TUFRole) -> RoleKeys {
    switch role {
    case .timestamp: timestamp
    case .snapshot: snapshot
    case .targets: targets
    default: root
    }
  }
}

extension Delegations {
  /// The names of all roles that are delegated to.
  var names: [UTF8Text] {
    switch roles {
    case .listed(let roles): roles.map(\.delegate.name)
    case .bins(let bins): bins.names
    }
  }

  /// The keys of a role, if it is delegated to.
  func keys(of role: TUFRole) -> RoleKeys? {
    switch roles {
    case .listed(let roles): roles.first { $0.delegate.name == role.name }?.delegate.keys
    case .bins(let bins): bins.contains(role.name) ? bins.keys : nil
    }
  }
}
