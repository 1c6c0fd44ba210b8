import OTACore
import Testing

@testable import OTATUF

@Suite("Attacks on a TUF client")
struct AttackTests {
  @Test("rollback: no role becomes older")
  func rollback() async throws {
    var repository = try await TestRepository()
    let client = try await TestClient(repository)
    for _ in 0..<4 { try await repository.publishNext() }
    try await client.refresh()
    let newest = repository

    repository.timestamp.version = 4
    try await repository.publishTimestamp()
    await client.refuses(.rollback(role: "timestamp", offered: 4, trusted: 5))

    repository = newest
    repository.timestamp.version = 6
    repository.snapshot.version = 4
    try await repository.publish()
    await client.refuses(.rollback(role: "snapshot", offered: 4, trusted: 5))
    #expect(try client.trusted == "root 1, snapshot 5, targets 5, timestamp 5")

    repository = newest
    repository.timestamp.version = 6
    repository.snapshot.version = 6
    repository.targets["targets"]?.version = 4
    try await repository.publish()
    await client.refuses(.rollback(role: "targets.json", offered: 4, trusted: 5))
    #expect(try client.trusted == "root 1, snapshot 5, targets 5, timestamp 6")
  }

  @Test("rollback: what has expired still says which versions were there", arguments: [true, false])
  func rollbackBehindExpiry(listsHashes: Bool) async throws {
    var repository = try await TestRepository()
    repository.listsHashes = listsHashes
    let client = try await TestClient(repository)
    for _ in 0..<4 { try await repository.publishNext() }
    let expiry = "2023-12-01T00:00:00Z"
    repository.timestamp.expires = expiry
    repository.snapshot.expires = expiry
    try await repository.publishSnapshot()
    try await repository.publishTimestamp()
    try await client.refresh()
    repository.timestamp.expires = "2030-01-01T00:00:00Z"
    repository.snapshot.expires = "2030-01-01T00:00:00Z"
    let later = TestRepository.now + 100 * 86_400

    let before = repository
    repository.timestamp.version = 4
    try await repository.publishTimestamp()
    await client.refuses(.rollback(role: "timestamp", offered: 4, trusted: 5), at: later)
    repository = before
    repository.timestamp.version = 6
    repository.snapshot.version = 6
    repository.targets["targets"]?.version = 4
    try await repository.publish()
    await client.refuses(.rollback(role: "targets.json", offered: 4, trusted: 5), at: later)
    repository = before
    repository.timestamp.version = 6
    try await repository.publishNext()
    try await client.refresh(at: later)
  }

  @Test("rollback: no role vanishes from the snapshot")
  func vanishing() async throws {
    var repository = try await TestRepository()
    try repository.delegate([("a", ["a/*"], false)])
    try await repository.publish()
    let client = try await TestClient(repository)
    try await client.refresh()
    repository.listed["a.json"] = .some(nil)
    try await repository.publishNext()
    await client.refuses(.roleRemoved(role: "a.json"))
    #expect(try client.trusted == "root 1, snapshot 1, targets 1, timestamp 2")
  }

  @Test(
    "fast-forward: new keys lead back from versions that somebody has driven up",
    arguments: [
      "timestamp", "snapshot", "both", "one of two",
    ])
  func fastForward(rotated: String) async throws {
    var repository = try await TestRepository()
    repository.timestamp.keys.append(try TestKey())
    repository.timestamp.signers = repository.timestamp.keys
    try await repository.publishRoot()
    let client = try await TestClient(repository)
    let honest = repository
    repository.timestamp.version = .max
    repository.snapshot.version = .max
    repository.targets["targets"]?.version = .max
    try await repository.publish()
    try await client.refresh()

    repository = honest
    try await repository.publishNext()
    await client.refuses(.rollback(role: "timestamp", offered: 2, trusted: .max))
    switch rotated {
    case "timestamp": try repository.timestamp.rotate()
    case "snapshot": try repository.snapshot.rotate()
    // The key that stays has signed the timestamp too, so that it still verifies.
    case "one of two":
      repository.timestamp.keys.removeFirst()
      repository.timestamp.signers = repository.timestamp.keys
    default:
      try repository.timestamp.rotate()
      try repository.snapshot.rotate()
    }
    try await repository.publishNextRoot()
    try await repository.publish()
    try await client.refresh()
    #expect(try client.trusted == "root 2, snapshot 2, targets 2, timestamp 2")
  }

  @Test("fast-forward: what is forgotten is forgotten before the root is kept that says so")
  func fastForwardAndExpiredRoot() async throws {
    var repository = try await TestRepository()
    repository.timestamp.keys.append(try TestKey())
    repository.timestamp.signers = repository.timestamp.keys
    try await repository.publishRoot()
    let client = try await TestClient(repository)
    let honest = repository
    repository.timestamp.version = .max
    try await repository.publishTimestamp()
    try await client.refresh()
    repository = honest
    repository.timestamp.keys.removeFirst()
    repository.timestamp.signers = repository.timestamp.keys
    // The update ends at this root, since it has expired; the next one begins with it.
    repository.root.expires = "2020-01-01T00:00:00Z"
    try await repository.publishNextRoot()
    try await repository.publish()
    await client.refuses(.expired(role: "root"))
    repository.root.expires = "2030-01-01T00:00:00Z"
    try await repository.publishNextRoot()
    try await client.refresh()
    #expect(try client.trusted == "root 3, snapshot 1, targets 1, timestamp 1")
  }

  @Test("fast-forward: a key more, and none less, does not make a client forget")
  func addedKey() async throws {
    var repository = try await TestRepository()
    let client = try await TestClient(repository)
    try await repository.publishNext()
    try await client.refresh()
    repository.timestamp.keys.append(try TestKey())
    try await repository.publishNextRoot()
    repository.timestamp.version = 1
    try await repository.publishTimestamp()
    await client.refuses(.rollback(role: "timestamp", offered: 1, trusted: 2))
  }

  @Test(
    "freeze: metadata that has expired is not trusted, and what was trusted stays",
    arguments: [
      "timestamp", "snapshot", "targets",
    ])
  func freeze(role: String) async throws {
    var repository = try await TestRepository()
    let client = try await TestClient(repository)
    try await client.refresh()
    let expiry = "2023-11-14T22:13:20Z"
    switch role {
    case "timestamp": repository.timestamp.expires = expiry
    case "snapshot": repository.snapshot.expires = expiry
    default: repository.targets["targets"]?.expires = expiry
    }
    try await repository.publishNext()
    await client.refuses(.expired(role: role))
    let expected = [
      "timestamp": "root 1, snapshot 1, targets 1, timestamp 1",
      "snapshot": "root 1, snapshot 1, targets 1, timestamp 2",
      "targets": "root 1, snapshot 2, targets 1, timestamp 2",
    ]
    #expect(try client.trusted == expected[role])
    try await client.refresh(at: TestRepository.now - 1)
  }

  @Test(
    "freeze: the same old metadata for ever is found out, whichever of it expires first",
    arguments: [
      "timestamp", "snapshot", "targets",
    ])
  func freezeWithTheSame(role: String) async throws {
    var repository = try await TestRepository()
    let expiry = "2023-12-01T00:00:00Z"
    switch role {
    case "timestamp": repository.timestamp.expires = expiry
    case "snapshot": repository.snapshot.expires = expiry
    default: repository.targets["targets"]?.expires = expiry
    }
    try await repository.publish()
    let client = try await TestClient(repository)
    try await client.refresh()
    await client.refuses(.expired(role: role), at: TestRepository.now + 100 * 86_400)
  }

  @Test("mix and match: files of different times do not go together", arguments: [true, false])
  func mixAndMatch(listsHashes: Bool) async throws {
    var repository = try await TestRepository()
    repository.listsHashes = listsHashes
    let client = try await TestClient(repository)
    try await repository.publishNext()
    try await client.refresh()
    let newer = repository
    try await repository.publishNext()
    // The files of before under the names of now.
    for role in ["snapshot", "targets"] {
      let good = repository.metadata["3.\(role).json"]
      repository.metadata["3.\(role).json"] = newer.metadata["2.\(role).json"]
      await client.refuses(.listingMismatch(role: role))
      repository.metadata["3.\(role).json"] = good
    }
    try await client.refresh()
  }

  @Test("mix and match: a file with the right version and other bytes is not the one that is listed")
  func otherBytes() async throws {
    var repository = try await TestRepository()
    repository.listsHashes = true
    try await repository.publish()
    let client = try await TestClient(repository)
    for role in ["snapshot", "targets"] {
      let path = "1.\(role).json"
      let good = try #require(repository.metadata[path])
      // Signed, and the same metadata.
      repository.metadata[path] = good + [0x20]
      await client.refuses(.tooLarge(file: path))
      repository.metadata[path] = good.dropLast() + [UInt8(ascii: "]")]
      await client.refuses(.listingMismatch(role: role))
      repository.metadata[path] = good
    }
    try await client.refresh()
  }

  @Test("mix-up: metadata of another role is not taken, also if its signatures are good")
  func wrongType() async throws {
    var repository = try await TestRepository()
    repository.snapshot.signers += repository.timestamp.keys
    repository.listed = ["snapshot.json": .make(["version": .integer(1)])]
    try await repository.publishSnapshot()
    repository.metadata["timestamp.json"] = repository.metadata["1.snapshot.json"]
    let client = try await TestClient(repository)
    await client.refuses(.wrongType(role: "timestamp"))
    #expect(try client.trusted == "root 1")
  }

  @Test("endless data: every role has a limit, and reading ends there")
  func endlessData() async throws {
    let files = ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]
    for file in files {
      let repository = try await TestRepository()
      let client = try await TestClient(repository)
      repository.metadata.makeEndless(file)
      await client.refuses(.tooLarge(file: file))
    }
  }

  @Test("endless data: a listed length above the limit does not raise it")
  func hugeLength() async throws {
    var repository = try await TestRepository()
    repository.listed["targets.json"] = .make(["version": .integer(1), "length": .integer(.max)])
    try await repository.publishSnapshot()
    try await repository.publishTimestamp()
    repository.metadata.makeEndless("1.targets.json")
    let client = try await TestClient(repository, limits: RepositoryLimits(targetsSize: 10_000))
    await client.refuses(.tooLarge(file: "1.targets.json"))
  }

  @Test("malformed metadata is refused, signed or not, and never traps")
  func hostileMetadata() async throws {
    var random = SeededGenerator()
    let repository = try await TestRepository()
    let good = try #require(repository.metadata["1.root.json"])
    for _ in 0..<2000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0x20...0x7e, using: &random)
      }
      guard let metadata = try? SignedMetadata(bytes, limits: RepositoryLimits()) else { continue }
      _ = try? RootMetadata(metadata.signed)
      _ = try? TimestampMetadata(metadata.signed)
      _ = try? SnapshotMetadata(metadata.signed)
      _ = try? TargetsMetadata(metadata.signed)
    }
  }

  @Test("fields of the wrong type or beyond their range make metadata malformed")
  func wrongFields() async throws {
    let cases: [(String, JSONValue)] = [
      ("version", .integer(0)), ("version", .integer(-1)), ("version", .text("1")), ("version", .bool(true)),
      ("expires", .integer(1)), ("expires", .text("2030-01-01")), ("meta", .array([])), ("meta", .make([:])),
      ("meta", .make(["snapshot.json": .make(["version": .integer(0)])])),
      ("meta", .make(["snapshot.json": .make(["version": .integer(1), "length": .integer(-1)])])),
      ("meta", .make(["snapshot.json": .make(["version": .integer(1), "hashes": .make([:])])])),
      (
        "meta",
        .make(["snapshot.json": .make(["version": .integer(1), "hashes": .make(["md5": .text("00")])])])
      ),
      (
        "meta",
        .make(["snapshot.json": .make(["version": .integer(1), "hashes": .make(["sha256": .text("00")])])])
      ),
    ]
    for (name, value) in cases {
      var repository = try await TestRepository()
      repository.timestamp.fields[name] = value
      try await repository.publishTimestamp()
      let client = try await TestClient(repository)
      await #expect {
        try await client.refresh()
      } throws: { error in
        if case .malformed(role: "timestamp", _) = error as? TUFError { true } else { false }
      }
    }
  }
}
