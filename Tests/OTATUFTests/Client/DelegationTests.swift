import OTACore
import Testing

@testable import OTATUF

@Suite("Delegations of a TUF repository")
struct DelegationTests {
  /// Searches for a target, and says which delegated roles were asked for.
  private func search(
    _ path: String, in repository: TestRepository, limits: RepositoryLimits = RepositoryLimits()
  )
    async throws -> (
      found: Bool, visited: String
    )
  {
    let client = try await TestClient(repository, limits: limits)
    let view = try await client.refresh()
    _ = repository.metadata.takeRequests()
    var found = true
    do throws(TUFError) {
      #expect(try await view.target(at: path).path == path)
    } catch {
      #expect(error == .unknownTarget(path))
      found = false
    }
    let roles = repository.metadata.takeRequests().map { $0.split(separator: ".")[1] }
    return (found, roles.joined(separator: " "))
  }

  private typealias Edge = (parent: String, child: String, paths: [String], isTerminating: Bool)

  private func repository(_ edges: [Edge]) async throws -> TestRepository {
    var repository = try await TestRepository()
    // Children first, so that their keys are there when two roles delegate to one.
    for parent in Set(edges.map(\.parent)) {
      try repository.delegate(
        from: parent, edges.filter { $0.parent == parent }.map { ($0.child, $0.paths, $0.isTerminating) })
    }
    return repository
  }

  @Test("are searched each before what is behind it, once, and only along paths that match")
  func order() async throws {
    let graphs: [(edges: [Edge], visited: String)] = [
      ([("targets", "A", ["*"], false)], "A"),
      ([("targets", "A", ["*"], false), ("targets", "B", ["*"], false), ("B", "C", ["*"], false)], "A B C"),
      (
        [
          ("targets", "A", ["*"], false), ("targets", "B", ["*"], false), ("A", "C", ["*"], false),
          ("C", "D", ["*"], false),
        ], "A C D B"
      ),
      // Behind a terminating delegation only its own delegations are searched.
      (
        [
          ("targets", "A", ["*"], false), ("targets", "B", ["*"], false), ("A", "C", ["*"], true),
          ("A", "D", ["*"], false), ("C", "E", ["*"], false),
        ], "A C E"
      ),
      // One that does not match does not terminate anything.
      ([("targets", "A", ["*.py"], true), ("targets", "B", ["*"], false), ("A", "C", ["*"], false)], "B"),
      (
        [
          ("targets", "A", ["*"], false), ("targets", "B", ["*"], false), ("B", "C", ["*"], false),
          ("C", "D", ["*"], false), ("D", "B", ["*"], false), ("D", "targets2", [], false),
        ], "A B C D"
      ),
      (
        [
          ("targets", "A", ["*"], false), ("targets", "B", ["*"], false), ("A", "C", ["*"], false),
          ("B", "C", ["*"], false),
        ], "A C B"
      ),
    ]
    for graph in graphs {
      let repository = try await repository(graph.edges)
      try await repository.publish()
      let result = try await search("missing", in: repository)
      #expect(!result.found && result.visited == graph.visited)
    }
  }

  @Test("give a target to the first role that knows it and may")
  func lookup() async throws {
    var repository = try await repository([
      ("targets", "A", ["*.md", "foo-?.tgz"], false), ("targets", "B", ["releases/*/*"], false),
      ("B", "C", ["releases/x/*"], false), ("B", "D", ["releases/y/*.zip"], false),
    ])
    for (role, path) in [
      ("targets", "top"), ("A", "README.md"), ("A", "releases/README.md"), ("A", "foo-1.tgz"),
      ("A", "foo-alpha.tgz"), ("C", "releases/x/1"), ("D", "releases/y/1.zip"), ("D", "releases/z/1.zip"),
    ] {
      try repository.add(path, Array(path.utf8), to: role)
    }
    try await repository.publish()
    let expected: [(String, Bool, String)] = [
      ("top", true, ""), ("README.md", true, "A"), ("releases/x/1", true, "B C"),
      ("releases/y/1.zip", true, "B D"),
      ("releases/z/1.zip", false, "B"), ("releases/README.md", false, ""), ("foo-1.tgz", true, "A"),
      ("foo-alpha.tgz", false, ""), ("README.MD", false, ""),
    ]
    for (path, found, visited) in expected {
      let result = try await search(path, in: repository)
      #expect(result.found == found && result.visited == visited, "\(path)")
    }
  }

  @Test("are followed to no more roles than the limit says")
  func limit() async throws {
    var edges: [Edge] = []
    for index in 0..<40 {
      edges.append((index == 0 ? "targets" : "r\(index)", "r\(index + 1)", ["*"], false))
    }
    var repository = try await repository(edges)
    try repository.add("deep", [1], to: "r33")
    try repository.add("shallow", [1], to: "r32")
    try await repository.publish()
    #expect(try await !search("deep", in: repository).found)
    #expect(try await search("shallow", in: repository).found)
    #expect(try await search("deep", in: repository, limits: RepositoryLimits(delegatedRoles: 33)).found)
  }

  @Test("are verified with the keys of the role that delegates, each time anew")
  func diamond() async throws {
    var repository = try await repository([
      ("targets", "a", ["a/*"], false), ("targets", "b", ["b/*"], false), ("a", "release", ["a/*"], false),
    ])
    // The other parent trusts another key with the same role.
    let own = repository.targets["release"]
    repository.targets["release"] = nil
    try repository.delegate(from: "b", [("release", ["b/*"], false)])
    repository.targets["release"] = own
    try repository.add("a/file", [1], to: "release")
    try repository.add("b/file", [2], to: "release")
    try await repository.publish()
    let client = try await TestClient(repository)
    let view = try await client.refresh()
    _ = try await view.target(at: "a/file")
    await #expect(throws: TUFError.thresholdNotMet(role: "release")) { try await view.target(at: "b/file") }
    _ = try await view.target(at: "a/file")
  }

  @Test(
    "to roles with unusual names stay in the folder, and are asked for as they are",
    arguments: [
      ("?", "%3F"), ("#", "%23"), ("/role", "%2Frole"), ("../role", "..%2Frole"), ("..", ".."),
      ("é", "%C3%A9"),
    ])
  func unusualNames(name: String, encoded: String) async throws {
    var repository = try await TestRepository()
    try repository.delegate([(name, ["*"], false)])
    try repository.add("file", [1], to: name)
    try await repository.publish()
    let client = try await TestClient(repository)
    _ = try await client.refresh().target(at: "file")
    #expect(repository.metadata.takeRequests().last == "1.\(encoded).json")
    #expect(try client.names("metadata").contains(encoded + ".json"))
    #expect(try client.names("metadata").count == 5)
  }

  @Test(
    "to roles with the names of others, or with none, are refused",
    arguments: [
      "root", "timestamp", "snapshot", "targets", "", String(repeating: "é", count: 40),
    ])
  func reservedNames(name: String) async throws {
    var repository = try await TestRepository()
    let role = TestRepository.authority(try TestRepository.Role())
    guard case .object(let object) = role else { return #expect(Bool(false)) }
    let members = object.members + [JSONObject.Member(name: "name", value: .text(name))]
    let delegate = JSONValue.object(try #require(JSONObject(members)))
    repository.delegations["targets"] = .make(["keys": .make([:]), "roles": .array([delegate])])
    try await repository.publish()
    let client = try await TestClient(repository)
    await client.refuses(.malformed(role: "targets", why: "the field name is missing or wrong"))
  }

  @Test("to roles that the snapshot does not list end the search, and are not asked for")
  func notListed() async throws {
    var repository = try await repository([("targets", "A", ["*"], false), ("targets", "B", ["*"], false)])
    try repository.add("file", [1], to: "B")
    repository.listed["A.json"] = .some(nil)
    try await repository.publish()
    let client = try await TestClient(repository)
    let view = try await client.refresh()
    _ = repository.metadata.takeRequests()
    await #expect(throws: TUFError.notListed(role: "A")) { try await view.target(at: "file") }
    #expect(repository.metadata.takeRequests() == [])
  }

  @Test("to hash bins lead to one role by the digest of the path")
  func hashBins() async throws {
    var repository = try await TestRepository()
    let role = try TestRepository.Role()
    for bin in 0..<16 { repository.targets["bin-" + String(bin, radix: 16)] = role }
    repository.delegations["targets"] = .make([
      "keys": .make([role.keys[0].identifier: role.keys[0].json]),
      "succinct_roles": .make([
        "keyids": .array([.text(role.keys[0].identifier)]), "threshold": .integer(1),
        "bit_length": .integer(4),
        "name_prefix": .text("bin"),
      ]),
    ])
    // printf a | sha256sum begins with ca.
    try repository.add("a", [1], to: "bin-c")
    try repository.add("b", [1], to: "bin-c")
    try await repository.publish()
    #expect(try await search("a", in: repository) == (true, "bin-c"))
    // And with 3e for b: what another bin says about it does not count.
    #expect(try await search("b", in: repository) == (false, "bin-3"))
  }

  @Test("by beginnings of the digest lead to the roles with such a beginning")
  func hashPrefixes() async throws {
    var repository = try await TestRepository()
    let role = try TestRepository.Role()
    repository.targets["P"] = role
    repository.delegations["targets"] = .make([
      "keys": .make([role.keys[0].identifier: role.keys[0].json]),
      "roles": .array([
        .make([
          "name": .text("P"), "keyids": .array([.text(role.keys[0].identifier)]), "threshold": .integer(1),
          "path_hash_prefixes": .array([.text("00"), .text("ca9")]),
        ])
      ]),
    ])
    for path in ["a", "b"] { try repository.add(path, [1], to: "P") }
    try await repository.publish()
    #expect(try await search("a", in: repository) == (true, "P"))
    #expect(try await search("b", in: repository) == (false, ""))
  }
}
