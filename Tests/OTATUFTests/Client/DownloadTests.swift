import OTACore
import Testing

@testable import OTATUF

@Suite("Targets of a TUF repository")
struct DownloadTests {
  private static let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  /// A repository with one target, and a client that has found it.
  private func found(
    _ path: String, isConsistent: Bool = true, hashes: [String: JSONValue]? = nil
  ) async throws -> (TestRepository, TestClient, TUFRepository, TUFTarget) {
    var repository = try await TestRepository()
    repository.isConsistent = isConsistent
    try await repository.publishRoot()
    try repository.add(path, Self.bytes)
    if let hashes {
      repository.entries["targets"]?[path] = .make([
        "length": .integer(Int64(Self.bytes.count)), "hashes": .make(hashes),
      ])
    }
    try await repository.publish()
    let client = try await TestClient(repository)
    let view = try await client.refresh()
    return (repository, client, view, try await view.target(at: path))
  }

  @Test(
    "are fetched once, under their hash or not, and kept under their encoded path", arguments: [true, false])
  func download(isConsistent: Bool) async throws {
    let (repository, client, view, target) = try await found("a b/c.bin", isConsistent: isConsistent)
    // The server's own file system knows no encoding.
    for name in [true, false] {
      let digest = try #require(target.digests.first)
      repository.files[name ? "a%20b/\(digest).c.bin" : "a%20b/c.bin"] =
        name == isConsistent ? Self.bytes : [0]
    }
    let folder = try client.targetFolder()
    #expect(try await view.download(target, from: repository.files, into: folder))
    #expect(try client.names("targets") == ["a%20b%2Fc.bin"])
    #expect(try client.read("targets/a%20b%2Fc.bin") == Self.bytes)
    #expect(try folder.path(of: target).hasSuffix("targets/a%20b%2Fc.bin"))
    #expect(repository.files.takeRequests().count == 1)

    #expect(try await !view.download(target, from: repository.files, into: folder))
    #expect(repository.files.takeRequests() == [])
    // What was changed since is fetched again.
    try client.write(Self.bytes.dropLast() + [0], to: "targets/a%20b%2Fc.bin")
    #expect(try await view.download(target, from: repository.files, into: folder))
    #expect(try client.read("targets/a%20b%2Fc.bin") == Self.bytes)
  }

  @Test("that are not what is described leave nothing behind, and what was there as it was")
  func otherBytes() async throws {
    let (repository, client, view, target) = try await found("file")
    let path = "\(try #require(target.digests.first)).file"
    let folder = try client.targetFolder()
    for wrong in [
      Self.bytes.dropLast() + [0], Array(Self.bytes.dropLast()), [], [1] + Self.bytes.dropFirst(),
    ] {
      repository.files[path] = wrong
      await #expect(throws: TUFError.targetMismatch("file")) {
        try await view.download(target, from: repository.files, into: folder)
      }
      #expect(try client.names("targets") == [])
    }
    repository.files[path] = Self.bytes + [0]
    await #expect(throws: TUFError.tooLarge(file: path)) {
      try await view.download(target, from: repository.files, into: folder)
    }
    repository.files.makeEndless(path)
    await #expect(throws: TUFError.tooLarge(file: path)) {
      try await view.download(target, from: repository.files, into: folder)
    }
    try client.write([1, 2, 3], to: "targets/file")
    await #expect(throws: TUFError.tooLarge(file: path)) {
      try await view.download(target, from: repository.files, into: folder)
    }
    #expect(try client.names("targets") == ["file"])
    #expect(try client.read("targets/file") == [1, 2, 3])
  }

  @Test("need a hash that is known, and all that are known must match")
  func hashes() async throws {
    let sha256 = JSONValue.text(try Hashing.digest(.sha256, of: Self.bytes).description)
    let sha512 = JSONValue.text(try Hashing.digest(.sha512, of: Self.bytes).description)
    let wrong = JSONValue.text(try Hashing.digest(.sha512, of: [0]).description)
    let cases: [([String: JSONValue], Bool)] = [
      (["sha256": sha256], true), (["sha512": sha512], true), (["sha256": sha256, "sha512": sha512], true),
      (["sha256": sha256, "new": .text("00")], true), (["sha256": sha256, "sha512": wrong], false),
    ]
    for (hashes, isGood) in cases {
      let (repository, client, view, target) = try await found("file", hashes: hashes)
      for digest in target.digests { repository.files["\(digest).file"] = Self.bytes }
      let folder = try client.targetFolder()
      if isGood {
        #expect(try await view.download(target, from: repository.files, into: folder))
      } else {
        await #expect(throws: TUFError.targetMismatch("file")) {
          try await view.download(target, from: repository.files, into: folder)
        }
      }
    }
    await #expect(throws: TUFError.malformed(role: "targets", why: "the field hashes is missing or wrong")) {
      _ = try await found("file", hashes: ["new": sha512])
    }
  }

  @Test("cannot have a name that no file can have")
  func longName() async throws {
    let (repository, client, view, target) = try await found(String(repeating: "é", count: 60))
    await #expect(throws: TUFError.unusablePath(target.path)) {
      try await view.download(target, from: repository.files, into: try client.targetFolder())
    }
  }
}
