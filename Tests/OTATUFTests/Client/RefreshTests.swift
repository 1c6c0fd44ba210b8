import OTACore
import Testing

@testable import OTATUF

@Suite("An update of a TUF client")
struct RefreshTests {
  @Test("asks for the files that it needs, and keeps them as they came", arguments: [true, false])
  func requests(isConsistent: Bool) async throws {
    var repository = try await TestRepository()
    repository.isConsistent = isConsistent
    try await repository.publishRoot()
    try await repository.publish()
    // Bytes that no writer of ours would make, and that are the same metadata.
    repository.metadata["timestamp.json"]? += Array(" \n".utf8)
    let client = try await TestClient(repository)
    try await client.refresh()
    let prefix = isConsistent ? "1." : ""
    #expect(
      repository.metadata.takeRequests() == [
        "2.root.json", "timestamp.json", prefix + "snapshot.json", prefix + "targets.json",
      ])
    #expect(try client.trusted == "root 1, snapshot 1, targets 1, timestamp 1")
    #expect(try client.read("metadata/timestamp.json") == repository.metadata["timestamp.json"])

    // What is there and still listed is not fetched again.
    try await client.refresh()
    #expect(repository.metadata.takeRequests() == ["2.root.json", "timestamp.json"])
  }

  @Test("follows new versions, with lengths and hashes or without", arguments: [true, false])
  func newVersions(listsHashes: Bool) async throws {
    var repository = try await TestRepository()
    repository.listsHashes = listsHashes
    let client = try await TestClient(repository)
    for _ in 0..<3 { try await repository.publishNext() }
    try await client.refresh()
    #expect(try client.trusted == "root 1, snapshot 4, targets 4, timestamp 4")
  }

  @Test("leaves the timestamp as it was when one of the same version says something else")
  func sameVersion() async throws {
    var repository = try await TestRepository()
    let client = try await TestClient(repository)
    try await client.refresh()
    let before = try client.read("metadata/timestamp.json")
    repository.snapshot.version = 100
    try await repository.publishSnapshot()
    try await repository.publishTimestamp()
    try await client.refresh()
    #expect(try client.read("metadata/timestamp.json") == before)
    #expect(try client.trusted == "root 1, snapshot 1, targets 1, timestamp 1")
  }

  @Test("ignores fields that it does not know, which are signed all the same")
  func unknownFields() async throws {
    var repository = try await TestRepository()
    repository.timestamp.fields["x-new"] = .make(["a": .array([.integer(1), .null])])
    try await repository.publishTimestamp()
    let client = try await TestClient(repository)
    try await client.refresh()
    let text = String(decoding: try #require(repository.metadata["timestamp.json"]), as: UTF8.self)
    repository.timestamp.version = 2
    try await repository.publishTimestamp()
    repository.metadata["timestamp.json"] = Array(text.replacing("[1,null]", with: "[2,null]").utf8)
    await client.refuses(.thresholdNotMet(role: "timestamp"))
  }

  @Test("reads every 1.x of the specification, and no other version")
  func specificationVersion() async throws {
    var repository = try await TestRepository()
    let client = try await TestClient(repository)
    for good in ["1.0", "1.0.0", "1.42.7"] {
      repository.timestamp.version += 1
      repository.timestamp.fields["spec_version"] = .text(good)
      try await repository.publishTimestamp()
      try await client.refresh()
    }
    for bad in ["2.0.0", "0.9", "1", "", "1.", "1.0.0.0", "1.x", "11.0"] {
      repository.timestamp.version += 1
      repository.timestamp.fields["spec_version"] = .text(bad)
      try await repository.publishTimestamp()
      await client.refuses(.unsupportedVersion(role: "timestamp", version: bad))
    }
  }

  @Test("fails when a file that is listed is not there, and keeps what it has verified")
  func missingFiles() async throws {
    var repository = try await TestRepository()
    let client = try await TestClient(repository)
    try await client.refresh()
    try await repository.publishNext()
    repository.metadata["2.targets.json"] = nil
    await client.refuses(.missing(file: "2.targets.json"))
    #expect(try client.trusted == "root 1, snapshot 2, targets 1, timestamp 2")
    repository.metadata["timestamp.json"] = nil
    await client.refuses(.missing(file: "timestamp.json"))
  }

  @Test("does not take a server that fails for one that has no newer root")
  func failingServer() async throws {
    let repository = try await TestRepository()
    let client = try await TestClient(repository)
    repository.metadata.fail("2.root.json", with: .status(500))
    await client.refuses(.transport(file: "2.root.json", .status(500)))
    repository.metadata.fail("2.root.json", with: .unreachable)
    await client.refuses(.transport(file: "2.root.json", .unreachable))
    repository.metadata.fail("2.root.json", with: nil)
    try await client.refresh()
  }

  @Test("goes on after an update that ended after any of its requests", arguments: [true, false])
  func interruption(rotates: Bool) async throws {
    for failing in [
      "2.root.json", "3.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json", "4.root.json",
    ] {
      var repository = try await TestRepository()
      let client = try await TestClient(repository)
      try await client.refresh()
      if rotates {
        try repository.snapshot.rotate()
        try repository.timestamp.rotate()
      }
      try await repository.publishNextRoot()
      try await repository.publishNextRoot()
      try await repository.publishNext()
      repository.metadata.fail(failing, with: .interrupted)
      await client.refuses(.transport(file: failing, .interrupted))
      repository.metadata.fail(failing, with: nil)
      try await client.refresh()
      #expect(try client.trusted == "root 3, snapshot 2, targets 2, timestamp 2", "\(failing)")
    }
  }
}
