import Foundation
import OTACore
import OTACryptoOpenSSL
import OTATransportHTTP
import Testing

@testable import OTATUF

@Suite(
  "The client of python-tuf, with a repository that is written here",
  .enabled(if: pythonWithTUF != nil, "there is no Python with the package tuf; name one in OTA_TUF_PYTHON"))
struct PythonClientTests {
  private var now: Int64 { Int64(Date().timeIntervalSince1970) }

  @Test("follows it through targets, delegations by pattern, and new keys for every role")
  func patterns() async throws {
    let python = try PythonClient()
    let repository = try WrittenRepository(at: now)
    let home = python.path + "/repository"
    let (time, bob) = (repository.time, try TUFRole(delegated: "bob"))
    let keys: [TUFRole: TUFRoleKeys] = [
      .root: try WrittenRepository.keys(1, 5, threshold: 2), .timestamp: try WrittenRepository.keys(2),
      .snapshot: try WrittenRepository.keys(3), .targets: try WrittenRepository.keys(4),
    ]
    var writer = try TUFRepositoryWriter(creating: home, keys: keys, at: time)
    try writer.add("a/b.bin", contents: Array("one".utf8), custom: Array(#"{"é":"\n"}"#.utf8), at: time)
    try await writer.publish(at: time, signers: try repository.everybody)
    #expect(try python.update("repository", client: "old", ["a/b.bin", "none"]) == ["1", "one", "-"])
    try writer.delegate(to: bob, paths: ["b/*"], keys: try WrittenRepository.keys(6), at: time)
    try writer.add("b/x", contents: Array("two".utf8), to: bob, at: time)
    try await writer.publish(at: time, signers: try repository.everybody)
    #expect(try python.update("repository", client: "old", ["b/x"]) == ["1", "two"])
    var next: UInt8 = 10
    var root = 1
    for role in [TUFRole.timestamp, .snapshot, .targets, bob, .root, .root] {
      try writer.rotate(role, to: try WrittenRepository.keys(next), at: time)
      try await writer.publish(at: time, signers: try repository.everybody)
      if role != bob { root += 1 }
      #expect(try python.update("repository", client: "old", ["b/x"]) == ["\(root)", "two"], "after \(role)")
      next += 1
    }
    try writer.add("b/x", contents: Array("three".utf8), to: bob, at: time)
    try await writer.publish(at: time, signers: try repository.signers(10, 11, 13))
    // One that follows step by step, and one that has slept since the first root.
    #expect(try python.update("repository", client: "old", ["b/x"]) == ["6", "three"])
    #expect(try python.update("repository", client: "new", ["b/x", "a/b.bin"]) == ["6", "three", "one"])
  }

  @Test("follows it into hash bins, with keys of three types, after it came to a server by PUT")
  func bins() async throws {
    let python = try PythonClient()
    let repository = try WrittenRepository(at: now)
    let time = repository.time
    let p256 = try TUFKeySigner(try OpenSSLPrivateKey.generate(.p256))
    let rsa = try TUFKeySigner(try OpenSSLPrivateKey.generate(.rsa2048))
    let signers: [any TUFSigner] = try repository.signers(1) + [p256, rsa]
    let keys: [TUFRole: TUFRoleKeys] = [
      .root: TUFRoleKeys(signers.map(\.publicKey), threshold: 3), .timestamp: TUFRoleKeys([p256.publicKey]),
      .snapshot: TUFRoleKeys([rsa.publicKey]), .targets: try WrittenRepository.keys(1),
    ]
    var writer = try TUFRepositoryWriter(creating: repository.home, keys: keys, at: time)
    try writer.delegate(toBins: "bin", bits: 4, keys: TUFRoleKeys([p256.publicKey]), at: time)
    let paths = (0..<20).map { "dir \($0 % 3)/file \($0)" }
    for path in paths { try writer.add(path, contents: Array(path.utf8), at: time) }
    try await writer.publish(at: time, signers: signers)
    let transport = try HTTPTransport(base: python.address)
    let server = TUFTransportDestination(
      transport, metadata: python.address + "/mirror/metadata", targets: python.address + "/mirror/targets/")
    try await writer.mirror(to: server)
    #expect(try python.update("mirror", client: "a", paths.map { $0 }) == ["1"] + paths)
    try writer.add(paths[7], contents: Array("new".utf8), at: time)
    try await writer.publish(at: time, signers: signers)
    // Cut off, it is still the old one; completed, it is the new one.
    await #expect(throws: TUFWriterError.self) {
      try await writer.mirror(to: CutDestination(server, after: 3))
    }
    #expect(try python.update("mirror", client: "a", [paths[7]]) == ["1", paths[7]])
    try await writer.mirror(to: server)
    #expect(try python.update("mirror", client: "a", [paths[7]]) == ["1", "new"])
    #expect(try python.update("mirror", client: "b", [paths[7]]) == ["1", "new"])
  }

  @Test("refuses it when it has expired, and when a role is not signed by enough")
  func refused() async throws {
    let python = try PythonClient()
    let old = try WrittenRepository(at: now - 2 * 86_400)
    let home = python.path + "/expired"
    let keys: [TUFRole: TUFRoleKeys] = [
      .root: try WrittenRepository.keys(1), .timestamp: try WrittenRepository.keys(2),
      .snapshot: try WrittenRepository.keys(3), .targets: try WrittenRepository.keys(4),
    ]
    var writer = try TUFRepositoryWriter(creating: home, keys: keys, at: old.time)
    try await writer.publish(at: old.time, signers: try old.everybody)
    #expect(try python.update("expired", client: "a") == ["ExpiredMetadataError"])
    try await writer.publish(at: now, signers: try old.everybody)
    #expect(try python.update("expired", client: "a") == ["1"])
    // The writer does not do this: somebody takes a signature off.
    let path = home + "/metadata/timestamp.json"
    let text = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
    try Data(text.replacingOccurrences(of: "\"version\":2", with: "\"version\":9").utf8).write(
      to: URL(filePath: path))
    #expect(try python.update("expired", client: "b") == ["UnsignedMetadataError"])
  }
}
