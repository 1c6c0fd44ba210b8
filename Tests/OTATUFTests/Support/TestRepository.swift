import OTACore

@testable import OTATUF

/// A repository that does what a test tells it, also what none should do.
struct TestRepository {
  /// A role, as it is to be published next.
  struct Role {
    var version: Int64 = 1
    var expires = "2030-01-01T00:00:00Z"
    var keys: [TestKey]
    var threshold: Int64 = 1
    /// Who signs; the keys of the role unless a test wants others.
    var signers: [TestKey]
    /// Fields that replace or join the role's own.
    var fields: [String: JSONValue] = [:]

    init() throws {
      keys = [try TestKey()]
      signers = keys
    }

    /// New keys in place of the old ones.
    mutating func rotate() throws {
      keys = [try TestKey()]
      signers = keys
    }
  }

  /// The moment of all tests, in 2023.
  static let now: Int64 = 1_700_000_000

  let metadata = MemoryFetcher()
  let files = MemoryFetcher()
  var root: Role
  var timestamp: Role
  var snapshot: Role
  /// The targets role under its name, and the ones that it delegates to.
  var targets: [String: Role]
  /// By role, then by path.
  var entries: [String: [String: JSONValue]] = [:]
  /// The field `delegations` by role.
  var delegations: [String: JSONValue] = [:]
  var isConsistent = true
  var listsHashes = false
  /// What the snapshot lists in place of the present version.
  var listed: [String: JSONValue?] = [:]

  /// A repository with one version of every role, published.
  init() async throws {
    root = try Role()
    timestamp = try Role()
    snapshot = try Role()
    targets = ["targets": try Role()]
    try await publishRoot()
    try await publish()
  }

  /// Signs and publishes the root.
  func publishRoot() async throws {
    metadata["\(root.version).root.json"] = try await rootFile()
  }

  func rootFile() async throws -> [UInt8] {
    var keys: [String: JSONValue] = [:]
    var roles: [String: JSONValue] = [:]
    let all = [
      ("root", root), ("timestamp", timestamp), ("snapshot", snapshot), ("targets", targets["targets"]),
    ]
    for case (let name, let role?) in all {
      for key in role.keys { keys[key.identifier] = key.json }
      roles[name] = TestRepository.authority(role)
    }
    return try await TestRepository.file(
      root, type: "root",
      ["consistent_snapshot": .bool(isConsistent), "keys": .make(keys), "roles": .make(roles)])
  }

  /// Signs and publishes all other roles as they are.
  func publish() async throws {
    try await publishTargets()
    try await publishSnapshot()
    try await publishTimestamp()
  }

  func publishTargets() async throws {
    for (name, role) in targets {
      var fields: [String: JSONValue] = ["targets": .make(entries[name] ?? [:])]
      fields["delegations"] = delegations[name]
      metadata[path(name, role)] = try await TestRepository.file(role, type: "targets", fields)
    }
  }

  func publishSnapshot() async throws {
    var meta: [String: JSONValue] = [:]
    for (name, role) in targets { meta[name + ".json"] = try listing(role, metadata[path(name, role)]) }
    for (name, listing) in listed { meta[name] = listing }
    metadata[path("snapshot", snapshot)] = try await TestRepository.file(
      snapshot, type: "snapshot", ["meta": .make(meta)])
  }

  func publishTimestamp() async throws {
    let listing = try listing(snapshot, metadata[path("snapshot", snapshot)])
    metadata["timestamp.json"] = try await TestRepository.file(
      timestamp, type: "timestamp", ["meta": .make(["snapshot.json": listing])])
  }

  /// Raises the versions of all roles but the root, and publishes them.
  mutating func publishNext() async throws {
    for name in targets.keys { targets[name]?.version += 1 }
    snapshot.version += 1
    timestamp.version += 1
    try await publish()
  }

  /// Raises the version of the root, and publishes it.
  mutating func publishNextRoot() async throws {
    root.version += 1
    try await publishRoot()
  }

  private func listing(_ role: Role, _ bytes: [UInt8]?) throws -> JSONValue {
    guard listsHashes, let bytes else { return .make(["version": .integer(role.version)]) }
    return .make([
      "version": .integer(role.version), "length": .integer(Int64(bytes.count)),
      "hashes": .make(["sha256": .text(try Hashing.digest(.sha256, of: bytes).description)]),
    ])
  }

  func path(_ name: String, _ role: Role) -> String {
    let file = MetadataFolder.fileName(of: UTF8Text(name))
    return isConsistent ? "\(role.version).\(file)" : file
  }

  static func authority(_ role: Role) -> JSONValue {
    .make([
      "keyids": .array(role.keys.map { .text($0.identifier) }), "threshold": .integer(role.threshold),
    ])
  }

  /// A signed file.
  static func file(_ role: Role, type: String, _ fields: [String: JSONValue]) async throws -> [UInt8] {
    var signed: [String: JSONValue] = [
      "_type": .text(type), "spec_version": .text("1.0.31"), "version": .integer(role.version),
      "expires": .text(role.expires),
    ]
    signed.merge(fields) { _, new in new }
    signed.merge(role.fields) { _, new in new }
    let message = CanonicalJSON.encode(.make(signed))
    var signatures: [JSONValue] = []
    for key in role.signers {
      let signature = try await key.signature(for: message)
      signatures.append(
        .make(["keyid": .text(key.identifier), "sig": .text(String(hexadecimal: signature.span))]))
    }
    return [UInt8](json: .make(["signatures": .array(signatures), "signed": .make(signed)]))
  }
}

// Targets and delegations.
extension TestRepository {
  /// Adds a target to a role, and its file to the server.
  mutating func add(_ path: String, _ bytes: [UInt8], to role: String = "targets") throws {
    let digest = try Hashing.digest(.sha256, of: bytes).description
    entries[role, default: [:]][path] = .make([
      "length": .integer(Int64(bytes.count)), "hashes": .make(["sha256": .text(digest)]),
    ])
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    files[isConsistent ? "\(path[..<start])\(digest).\(path[start...])" : path] = bytes
  }

  /// Makes roles that a role delegates to.
  mutating func delegate(
    from parent: String = "targets",
    _ children: [(name: String, paths: [String], isTerminating: Bool)]
  ) throws {
    var keys: [String: JSONValue] = [:]
    var roles: [JSONValue] = []
    for child in children {
      let role = try targets[child.name] ?? Role()
      targets[child.name] = role
      for key in role.keys { keys[key.identifier] = key.json }
      roles.append(
        .make([
          "name": .text(child.name), "keyids": .array(role.keys.map { .text($0.identifier) }),
          "threshold": .integer(role.threshold), "terminating": .bool(child.isTerminating),
          "paths": .array(child.paths.map { .text($0) }),
        ]))
    }
    delegations[parent] = .make(["keys": .make(keys), "roles": .array(roles)])
  }
}
