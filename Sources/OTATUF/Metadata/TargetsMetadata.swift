/// The targets role or a role that it delegates to: which files are to be trusted.
///
/// - Note: Source: TUF specification 1.0, section 4.5.
struct TargetsMetadata: Sendable {
  let header: MetadataHeader
  let delegations: Delegations?
  /// By path; an entry is read when it is asked for, since there may be many.
  private let targets: JSONObject

  init(_ signed: JSONObject) throws(MetadataFault) {
    header = try MetadataHeader(signed, type: "targets")
    targets = try signed.object("targets")
    delegations = signed["delegations"] == nil ? nil : try Delegations(try signed.object("delegations"))
  }

  /// What the role says about a target, if it does.
  func target(_ path: UTF8Text) throws(MetadataFault) -> TUFTarget? {
    guard let value = targets[path] else { return nil }
    guard case .object(let object) = value else { throw .field("targets") }
    let description = try FileDescription(object)
    // Both must be there for a target; FileDescription has refused hashes without any that is known.
    guard let length = description.length, !description.digests.isEmpty else { throw .field("targets") }
    let custom = object["custom"].map { CanonicalJSON.encode($0) }
    return TUFTarget(name: path, length: length, digests: description.digests, custom: custom)
  }
}
