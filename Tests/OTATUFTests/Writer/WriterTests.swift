import Foundation
import OTACore
import Testing

@testable import OTATUF

@Suite("A repository that is written here")
struct WriterTests {
  @Test("is followed by a client, from its first version through targets that come, change and go")
  func targets() async throws {
    let repository = try WrittenRepository()
    let time = repository.time
    var writer = try repository.create()
    try await writer.publish(at: time, signers: try repository.everybody)
    let client = try FolderClient(repository.home)
    try await client.refresh()

    try writer.add("a/b.bin", contents: Array("one".utf8), custom: Array(#"{"x":[1]}"#.utf8), at: time)
    // A draft is nothing that clients see.
    await #expect(throws: TUFError.unknownTarget("a/b.bin")) { try await client.download("a/b.bin") }
    try await writer.publish(at: time, signers: try repository.signers(2, 3, 4))
    #expect(try await client.download("a/b.bin") == "one")
    #expect(try await client.refresh().target(at: "a/b.bin").custom == Array(#"{"x":[1]}"#.utf8))
    try writer.add("a/b.bin", contents: Array("two".utf8), at: time)
    try writer.add("c", contents: [], at: time)
    try await writer.publish(at: time, signers: try repository.signers(2, 3, 4))
    #expect(try await client.download("a/b.bin") == "two")
    #expect(try await client.download("c") == "")
    try writer.remove("a/b.bin", at: time)
    #expect(throws: TUFWriterError.unknownTarget("a/b.bin")) { try writer.remove("a/b.bin", at: time) }
    try await writer.publish(at: time, signers: try repository.signers(2, 3, 4))
    await #expect(throws: TUFError.unknownTarget("a/b.bin")) { try await client.download("a/b.bin") }
    #expect(writer.version(of: .targets) == 4)
    #expect(writer.version(of: .root) == 1)
  }

  @Test("goes on after it was closed, and is the same bytes whenever it is written")
  func reopened() async throws {
    func write() async throws -> [String: [UInt8]] {
      let repository = try WrittenRepository()
      do {
        var writer = try repository.create()
        try await writer.publish(at: repository.time, signers: try repository.everybody)
        try writer.add("x", contents: [1, 2, 3], at: repository.time)
        try writer.save()
      }
      do {
        var writer = try repository.open()
        #expect(try writer.pending().map(\.role) == [.targets])
        #expect(try writer.pending().map(\.missing) == [1])
        try await writer.publish(at: repository.time, signers: try repository.everybody)
      }
      #expect(try repository.open().version(of: .targets) == 2)
      #expect(try repository.open().pending().isEmpty)
      #expect(try await FolderClient(repository.home).download("x") == "\u{1}\u{2}\u{3}")
      return try repository.files()
    }
    let first = try await write()
    #expect(first.count > 6)
    #expect(try await write() == first)
  }

  @Test("is followed into delegations by patterns, from role to role")
  func delegations() async throws {
    let repository = try WrittenRepository()
    let time = repository.time
    var writer = try repository.create()
    let (apps, board) = (try TUFRole(delegated: "apps"), try TUFRole(delegated: "board-1"))
    try writer.delegate(
      to: apps, paths: ["app/*", "app/?/*"], keys: try WrittenRepository.keys(5, 6, threshold: 2), at: time)
    try writer.delegate(
      to: board, from: apps, paths: ["app/x/*"], isTerminating: true, keys: try WrittenRepository.keys(7),
      at: time)
    try writer.add("app/one", contents: Array("1".utf8), to: apps, at: time)
    try writer.add("app/x/two", contents: Array("2".utf8), to: board, at: time)
    // Not one that the role is trusted for: written, but nobody believes it.
    try writer.add("other", contents: Array("3".utf8), to: board, at: time)
    try await writer.publish(at: time, signers: try repository.everybody)
    let client = try FolderClient(repository.home)
    #expect(try await client.download("app/one") == "1")
    #expect(try await client.download("app/x/two") == "2")
    await #expect(throws: TUFError.unknownTarget("other")) { try await client.download("other") }

    // Other keys and patterns for a role that is there: its place stays, and it has to be signed again.
    try writer.delegate(to: apps, paths: ["*", "app/?/*"], keys: try WrittenRepository.keys(8), at: time)
    #expect(try writer.pending().map(\.role) == [apps, .targets])
    try await writer.publish(at: time, signers: try repository.signers(2, 3, 4, 8))
    await #expect(throws: TUFError.unknownTarget("app/one")) { try await client.download("app/one") }
    #expect(try await client.download("app/x/two") == "2")
    #expect(throws: TUFWriterError.delegationConflict("targets")) {
      try writer.delegate(toBins: "bin", bits: 2, keys: try WrittenRepository.keys(5), at: time)
    }
  }

  @Test("is followed into hash bins, all of them, and through new keys for them")
  func bins() async throws {
    let repository = try WrittenRepository()
    let time = repository.time
    var writer = try repository.create()
    try writer.delegate(toBins: "bin", bits: 5, keys: try WrittenRepository.keys(5), at: time)
    #expect(try writer.pending().count == 34)
    let paths = (0..<100).map { "p/\($0)" }
    for path in paths { try writer.add(path, contents: Array(path.utf8), at: time) }
    try await writer.publish(at: time, signers: try repository.everybody)
    let client = try FolderClient(repository.home)
    for path in paths { #expect(try await client.download(path) == path) }
    // Only the bin that something changes in gets a new version.
    try writer.add("p/0", contents: Array("new".utf8), at: time)
    #expect(try writer.pending().count == 1)
    try await writer.publish(at: time, signers: try repository.signers(2, 3, 5))
    #expect(try await client.download("p/0") == "new")
    try writer.rotate(try TUFRole(delegated: "bin-00"), to: try WrittenRepository.keys(6), at: time)
    #expect(try writer.pending().count == 33)
    try await writer.publish(at: time, signers: try repository.signers(2, 3, 4, 6))
    for path in paths.dropFirst() { #expect(try await client.download(path) == path) }
    #expect(throws: TUFWriterError.delegationConflict("targets")) {
      try writer.delegate(
        to: try TUFRole(delegated: "a"), paths: ["*"], keys: try WrittenRepository.keys(5), at: time)
    }
  }

  @Test("renews what expires, and a snapshot when half of its time is over")
  func expiry() async throws {
    let repository = try WrittenRepository()
    let time = repository.time
    var writer = try repository.create()
    try await writer.publish(at: time, signers: try repository.everybody)
    let client = try FolderClient(repository.home)
    let day: Int64 = 86_400
    await #expect(throws: TUFError.expired(role: "timestamp")) { try await client.refresh(at: time + day) }
    try await writer.publish(at: time + day, signers: try repository.signers(2))
    try await client.refresh(at: time + day)
    #expect(writer.version(of: .snapshot) == 1)
    await #expect(throws: TUFWriterError.self) {
      try await writer.publish(at: time + 4 * day, signers: try repository.signers(2))
    }
    try await writer.publish(at: time + 4 * day, signers: try repository.signers(2, 3))
    #expect(writer.version(of: .snapshot) == 2)
    try writer.renew(.targets, at: time + 91 * day)
    try await writer.publish(at: time + 91 * day, signers: try repository.everybody)
    try await client.refresh(at: time + 91 * day)
    #expect(writer.version(of: .targets) == 2)
  }
}
