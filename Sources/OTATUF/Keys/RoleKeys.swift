/// The keys that may sign for a role, and how many of them must.
struct RoleKeys: Sendable {
  /// By identifier; those that are named for the role and were not given cannot sign.
  let keys: [UTF8Text: TUFKey]
  let threshold: Int64

  /// Reads the fields `keyids` and `threshold`.
  init(_ role: JSONObject, among keys: [UTF8Text: TUFKey]) throws(MetadataFault) {
    var own: [UTF8Text: TUFKey] = [:]
    let keyIDs = try role.strings("keyids")
    guard Set(keyIDs).count == keyIDs.count else { throw .field("keyids") }
    for keyID in keyIDs { own[keyID] = keys[keyID] }
    self.keys = own
    threshold = try role.integer("threshold", atLeast: 1)
  }

  /// Reads the field `keys` of root metadata or of delegations.
  static func readKeys(_ object: JSONObject) throws(MetadataFault) -> [UTF8Text: TUFKey] {
    var keys: [UTF8Text: TUFKey] = [:]
    for member in object.members {
      guard case .object(let key) = member.value else { throw .field("keys") }
      keys[member.name] = try TUFKey(key)
    }
    return keys
  }

  /// Checks that enough of the keys have signed.
  ///
  /// A key counts once, also under two identifiers. Signatures by others, and such as are wrong, count nothing and do no
  /// harm.
  ///
  /// - Throws: ``TUFError/thresholdNotMet(role:)``, and errors of libraries.
  func check(_ metadata: SignedMetadata, of role: String) throws(TUFError) {
    var counted: Set<[UInt8]> = []
    for signature in metadata.signatures {
      guard let bytes = signature.bytes, let key = keys[signature.keyID], !counted.contains(key.identity)
      else { continue }
      if try key.accepts(bytes, of: metadata.message) { counted.insert(key.identity) }
    }
    guard Int64(counted.count) >= threshold else { throw .thresholdNotMet(role: role) }
  }

  /// Whether a key of the role before is none any more.
  func revokesKey(of earlier: RoleKeys) -> Bool {
    let present = Set(keys.values.map(\.identity))
    return !earlier.keys.values.allSatisfy { present.contains($0.identity) }
  }
}
