import OTACore
import OTACrypto
import OTAPartition

/// Reads what a set shall be: Docs/KeyLifecycle.md, "The description of a set".
///
/// Everything in it must be known: a role that is written wrong would otherwise leave a key out.
struct TrustDescription {
  /// The file, for messages.
  let path: String
  /// The folder that relative paths start from; empty, or with a slash at its end.
  let folder: String
  /// The set before, which says number and scope where the description does not.
  let previous: TrustAnchors?

  static let guide = "see 'The description of a set' in Docs/KeyLifecycle.md"

  func read(_ bytes: [UInt8]) throws(CommandFailure) -> TrustAnchors {
    var root = try DescriptionObject(parsing: bytes, of: path, guide: Self.guide)
    let number = try number(&root)
    let scope = try scope(&root)
    let issued = try Self.time(&root, "issued") ?? 0
    let expires = try Self.time(&root, "expires")
    if let expires, expires <= issued { throw root.problem("expires", "must be later than issued") }
    let keys = try keys(&root)
    let thresholds = try Self.thresholds(&root, keys)
    try root.finish()
    let images = keys.filter { $0.roles.contains(.image) }
    guard images.count <= TrustAnchors.imageKeyCapacity else {
      throw root.problem("keys", "must be at most \(TrustAnchors.imageKeyCapacity) for images")
    }
    do throws(TrustAnchorError) {
      return try TrustAnchors(
        number: number, scope: scope, issued: issued, expires: expires, thresholds: thresholds,
        keys: keys.span)
    } catch {
      // All else was looked at.
      throw root.problem("keys", "do not fit a set: see the table of sizes there")
    }
  }

  private func number(_ root: inout DescriptionObject) throws(CommandFailure) -> UInt64 {
    let number = try root.integer("number")
    guard let previous else {
      guard let number else { throw root.problem("number", "is missing") }
      guard number >= 1 else { throw root.problem("number", "must be 1 or more") }
      return number
    }
    guard previous.number < .max else { throw root.problem("number", "has come to its end") }
    let next = previous.number + 1
    guard number == nil || number == next else {
      throw root.problem("number", "must be \(next), one more than that of the set before")
    }
    return next
  }

  private func scope(_ root: inout DescriptionObject) throws(CommandFailure) -> UniversalIdentifier {
    guard let text = try root.text("scope") else {
      guard let previous else { throw root.problem("scope", "is missing") }
      return previous.scope
    }
    guard let scope = UniversalIdentifier(text) else {
      throw root.problem("scope", "must be such as 1492af14-2569-5e48-bf42-9b2d51f2ab45")
    }
    guard previous == nil || previous?.scope == scope else {
      throw root.problem("scope", "must be that of the set before")
    }
    return scope
  }

  private static func time(
    _ root: inout DescriptionObject, _ name: String
  ) throws(CommandFailure) -> UInt64? {
    guard let text = try root.text(name) else { return nil }
    guard let seconds = TrustTime.seconds(text) else {
      throw root.problem(name, "must be such as 2027-01-31 or 2027-01-31T12:00:00Z")
    }
    return seconds
  }

  private func keys(_ root: inout DescriptionObject) throws(CommandFailure) -> [TrustKey] {
    var keys: [TrustKey] = []
    for var object in try root.objects("keys") {
      guard let file = try object.text("file") else { throw object.problem("file", "is missing") }
      var roles: TrustRoles = []
      for (index, value) in try object.list("roles").enumerated() {
        guard let role = TrustRole.allCases.first(where: { value == .text($0.text) }) else {
          throw object.problem("roles[\(index)]", "must be root, manifest or image")
        }
        roles.insert(TrustRoles(role))
      }
      guard !roles.isEmpty else { throw object.problem("roles", "is missing") }
      try object.finish()
      let key = try SigningKey.publicKey(reading: file.hasPrefix("/") ? file : folder + file)
      guard !keys.contains(where: { $0.key == key }) else {
        throw object.problem("file", "is a key that stands above already; give that one more roles")
      }
      keys.append(TrustKey(key, for: roles))
    }
    guard (1...TrustAnchors.capacity).contains(keys.count) else {
      throw root.problem("keys", "must be 1 to \(TrustAnchors.capacity)")
    }
    return keys
  }

  private static func thresholds(
    _ root: inout DescriptionObject, _ keys: [TrustKey]
  ) throws(CommandFailure) -> TrustThresholds {
    var values: [UInt8] = []
    var object = try root.object("thresholds")
    for role in TrustRole.allCases {
      let count = keys.filter { $0.roles.contains(role) }.count
      guard count > 0 || role != .root else { throw root.problem("keys", "must have one with the role root") }
      let most = role == .image ? min(count, 1) : count
      let value = try object?.integer(role.text) ?? UInt64(min(count, 1))
      guard value <= most, value > 0 || count == 0 else {
        throw root.problem(
          "thresholds.\(role.text)",
          count == 0
            ? "must be 0: no key has that role"
            : role == .image ? "must be 1: an image has one signature" : "must be 1 to \(count), its keys")
      }
      values.append(UInt8(value))
    }
    try object?.finish()
    return TrustThresholds(root: values[0], manifest: values[1], image: values[2])
  }
}
