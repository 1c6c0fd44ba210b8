import OTACore
import Testing

@testable import OTATUF

@Suite("The folder of a TUF client")
struct FolderTests {
  @Test(
    "may lose or change every file but the root, and an update makes them good again",
    arguments: [
      "timestamp", "snapshot", "targets",
    ])
  func damage(role: String) async throws {
    let repository = try await TestRepository()
    let client = try await TestClient(repository)
    try await client.refresh()
    let good = try client.read("metadata/\(role).json")
    var flipped = good
    flipped[good.count / 2] ^= 1
    for bad in [[], Array(good.dropLast()), flipped, [UInt8](repeating: 0x20, count: 6_000_000)] {
      try client.write(bad, to: "metadata/\(role).json")
      try await client.refresh()
      #expect(try client.read("metadata/\(role).json") == good)
    }
  }

  @Test("belongs to one client at a time, and is free behind it")
  func lock() async throws {
    let repository = try await TestRepository()
    let client = try await TestClient(repository)
    do {
      let folder = try client.folder()
      #expect(throws: TUFError.folderInUse(path: client.path + "/metadata")) { try client.folder() }
      // Targets under the names of metadata would be trusted as such.
      #expect(throws: TUFError.folderInUse(path: client.path + "/metadata")) {
        try TargetFolder(path: client.path + "/metadata")
      }
      #expect(try folder.read("root", limit: 1_000_000) != nil)
    }
    _ = try client.folder()
    #expect(throws: TUFError.storage(path: client.path + "/none", number: 2)) {
      try MetadataFolder(path: client.path + "/none")
    }
  }

  @Test("takes no harm from what a loss of power has left of a write")
  func leftovers() async throws {
    let repository = try await TestRepository()
    let client = try await TestClient(repository)
    for name in ["root", "timestamp", "snapshot", "targets"] {
      try client.write([UInt8](repeating: 0x7b, count: 10_000), to: "metadata/.\(name).json.tmp")
    }
    try await client.refresh()
    #expect(try client.names("metadata").filter { $0.hasSuffix(".json") }.count == 4)
    #expect(
      try client.read("metadata/snapshot.json") == repository.metadata["1.snapshot.json"])
  }

  @Test("forgets all but the root when another first root is put in place")
  func initializeAgain() async throws {
    let repository = try await TestRepository()
    let client = try await TestClient(repository)
    try await client.refresh()
    try TUFClient.initialize(try client.folder(), root: try #require(repository.metadata["1.root.json"]))
    #expect(try client.trusted == "root 1")
  }
}
