/// The root role: who may sign for which role.
///
/// - Note: Source: TUF specification 1.0, section 4.3.
struct RootMetadata: Sendable {
  let header: MetadataHeader
  let usesConsistentSnapshots: Bool
  let root: RoleKeys
  let timestamp: RoleKeys
  let snapshot: RoleKeys
  let targets: RoleKeys

  init(_ signed: JSONObject) throws(MetadataFault) {
    header = try MetadataHeader(signed, type: "root")
    usesConsistentSnapshots = try signed.flag("consistent_snapshot")
    let keys = try RoleKeys.readKeys(try signed.object("keys"))
    let roles = try signed.object("roles")
    root = try RoleKeys(try roles.object("root"), among: keys)
    timestamp = try RoleKeys(try roles.object("timestamp"), among: keys)
    snapshot = try RoleKeys(try roles.object("snapshot"), among: keys)
    targets = try RoleKeys(try roles.object("targets"), among: keys)
  }
}
