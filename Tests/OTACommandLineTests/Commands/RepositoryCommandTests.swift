import Foundation
import OTACommandLine
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAServer
import OTAServerHTTP
import Synchronization
import Testing

/// A server on loopback that takes files by PUT and serves them.
private final class FileServer: Sendable {
  let server: HTTPServer

  init() throws {
    let files = Mutex<[String: [UInt8]]>([:])
    let shared = Shared(files)
    let configuration = HTTPServer.Configuration(host: "127.0.0.1", port: 0)
    server = try HTTPServer(configuration) { request in
      if request.method == "PUT" {
        shared.files.withLock { $0[request.path] = request.body }
        return ServerResponse(status: 201)
      }
      guard let bytes = shared.files.withLock({ $0[request.path] }) else {
        return ServerResponse(status: 404)
      }
      return ServerResponse(status: 200, body: .bytes(bytes))
    }
  }

  private final class Shared: Sendable {
    let files: Mutex<[String: [UInt8]]>
    init(_ files: consuming Mutex<[String: [UInt8]]>) { self.files = files }
  }

  var address: String { "http://127.0.0.1:\(server.port)/tuf" }
}

@Suite("ota repository")
struct RepositoryCommandTests {
  private func keys(_ names: String..., in folder: TemporaryFolder) async throws -> [String] {
    for name in names {
      let run = await ota("key", "generate", "--algorithm", "ed25519", "--out", folder.file(name + ".pem"))
      #expect(run.status == .done)
    }
    return names.map { folder.file($0 + ".pem") }
  }

  private func client(_ address: String, in folder: TemporaryFolder, _ target: String) async -> Run {
    await ota(
      "tuf", "--metadata-dir", folder.file("trust"), "--metadata-url", address + "/metadata",
      "--target-base-url", address + "/targets", "--target-name", target, "--target-dir", folder.file("out"),
      "download")
  }

  @Test("leads from init over add and publish to a client that downloads")
  func cycle() async throws {
    let folder = try TemporaryFolder()
    let server = try FileServer()
    let keys = try await keys("root", "targets", "online", "apps", "new", in: folder)
    let home = folder.file("releases")
    let image = try folder.write(Array("firmware".utf8), to: "app.bin")
    let first = await ota(
      "repository", "init", home, "--key", "root=\(keys[0])", "--key", "targets=\(keys[1])", "--key",
      "snapshot=\(keys[2])", "--key", "timestamp=\(keys[2])")
    #expect(first.status == .done, "\(first.diagnostics)")
    #expect(first.output == "published: nothing\ndraft:     targets 1, signed\ndraft:     root 1, signed\n")
    let add = await ota("repository", "add", home, image, "--as", "board/app.bin", "--key", keys[1])
    #expect(add.status == .done, "\(add.diagnostics)")
    let publish = await ota("repository", "publish", home, "--key", keys[2], "--to", server.address)
    #expect(publish.status == .done, "\(publish.diagnostics)")
    #expect(publish.output == "published: root 1, timestamp 1, snapshot 1, targets 1\n")

    let trust = await ota(
      "tuf", "--metadata-dir", folder.file("trust"), "init", home + "/metadata/1.root.json")
    #expect(trust.status == .done, "\(trust.diagnostics)")
    let download = await client(server.address, in: folder, "board/app.bin")
    #expect(download.status == .done, "\(download.diagnostics)")
    #expect(try folder.read("out/board%2Fapp.bin") == Array("firmware".utf8))

    // A delegation, and another key for the timestamp.
    let delegate = await ota(
      "repository", "delegate", home, "apps", "--path", "apps/*", "--role-key", keys[3], "--key", keys[1])
    #expect(delegate.status == .done, "\(delegate.diagnostics)")
    let more = await ota(
      "repository", "add", home, image, "--as", "apps/x", "--role", "apps", "--key", keys[3])
    #expect(more.status == .done, "\(more.diagnostics)")
    let rotate = await ota(
      "repository", "rotate", home, "timestamp", "--role-key", keys[4], "--key", keys[0])
    #expect(rotate.status == .done, "\(rotate.diagnostics)")
    let again = await ota(
      "repository", "publish", home, "--key", keys[2], "--key", keys[4], "--to", server.address, "--json")
    #expect(again.status == .done, "\(again.diagnostics)")
    #expect(again.output.filter { !$0.isWhitespace }.contains("\"drafts\":[]"))
    #expect(await client(server.address, in: folder, "apps/x").status == .done)
    let remove = await ota("repository", "remove", home, "board/app.bin", "--key", keys[1])
    #expect(remove.status == .done, "\(remove.diagnostics)")
    let last = await ota(
      "repository", "publish", home, "--key", keys[2], "--key", keys[4], "--to", folder.file("mirror"))
    #expect(last.status == .done, "\(last.diagnostics)")
    #expect(try folder.names().contains("mirror"))
    // Nothing new, and no keys: only brought to the other place.
    #expect(await ota("repository", "publish", home, "--to", server.address).status == .done)
    let gone = await client(server.address, in: folder, "board/app.bin")
    #expect(gone.diagnostics.contains("0x090A unknownTarget"))
    await server.server.stop()
  }

  @Test("waits for signatures that are made elsewhere, and takes no wrong ones")
  func offline() async throws {
    let folder = try TemporaryFolder()
    let keys = try await keys("one", "two", "online", in: folder)
    let home = folder.file("releases")
    let far = folder.file("two.pub.pem")
    let first = await ota(
      "repository", "init", home, "--key", "root=\(keys[0])", "--key", "root=\(far)", "--threshold", "root=2",
      "--key", "targets=\(keys[2])", "--key", "snapshot=\(keys[2])", "--key", "timestamp=\(keys[2])")
    #expect(first.status == .done, "\(first.diagnostics)")
    let early = await ota("repository", "publish", home, "--key", keys[2])
    #expect(early.status == .failed && early.diagnostics.contains("root needs 1 more"))
    let message = folder.file("message")
    let export = await ota("repository", "sign", home, "--role", "root", "--export", message)
    #expect(export.status == .done, "\(export.diagnostics)")

    let text = try folder.read("two.pem")
    let key = try Ed25519PrivateKey(pem: text.span)
    let bytes = try folder.read("message")
    let signature = try folder.write(try key.signature(for: bytes.span), to: "signature")
    let wrong = try folder.write([UInt8](repeating: 1, count: 64), to: "wrong")
    let refused = await ota(
      "repository", "sign", home, "--role", "root", "--import", wrong, "--key", far)
    #expect(refused.status == .refused && refused.diagnostics.contains("0x0202"))
    let stranger = await ota(
      "repository", "sign", home, "--role", "root", "--import", signature, "--key",
      folder.file("online.pub.pem"))
    #expect(stranger.status == .refused && stranger.diagnostics.contains("0x0206"))
    let good = await ota("repository", "sign", home, "--role", "root", "--import", signature, "--key", far)
    #expect(good.status == .done, "\(good.diagnostics)")
    #expect(await ota("repository", "publish", home, "--key", keys[2]).status == .done)
    let status = await ota("repository", "status", home, "--json")
    #expect(status.status == .done && status.output.contains("timestamp"))
    let nothing = await ota("repository", "sign", home, "--key", keys[0])
    #expect(nothing.status == .failed && nothing.diagnostics.contains("nothing to sign"))
  }

  @Test("refuses what cannot be, with a word about what to do")
  func failures() async throws {
    let folder = try TemporaryFolder()
    let keys = try await keys("key", in: folder)
    let home = folder.file("releases")
    let image = try folder.write([1], to: "app.bin")
    let all = ["root", "targets", "snapshot", "timestamp"].flatMap { ["--key", "\($0)=\(keys[0])"] }
    func run(_ arguments: [String]) async -> Run {
      await OTACommandLineTests.run(arguments, commands: CommandTable.all)
    }
    #expect(await run(["repository", "status", home]).status == .inputOutput)
    #expect(await run(["repository", "init", home] + all.dropLast(2)).status == .usage)
    #expect(await run(["repository", "init", home, "--threshold", "root=2"] + all).status == .failed)
    #expect(await run(["repository", "init", folder.file("r2")] + all).status == .done)
    #expect(await run(["repository", "init", folder.file("r2")] + all).status == .failed)
    let good = folder.file("r2")
    for path in ["../app.bin", "/app.bin", "a/../b", "a//b"] {
      let refused = await run(["repository", "add", good, image, "--as", path])
      #expect(refused.status == .failed && refused.diagnostics.contains("0x090C targetPathUnusable"))
    }
    #expect(
      await run(["repository", "add", good, image, "--key", folder.file("key.pub.pem")]).diagnostics.contains(
        "a public key"))
    #expect(await run(["repository", "add", good, image, "--role", "nobody"]).status == .failed)
    #expect(await run(["repository", "renew", good, "timestamp"]).status == .usage)
    #expect(await run(["repository", "delegate", good, "x", "--role-key", keys[0]]).status == .usage)
    #expect(
      await run(["repository", "publish", good, "--to", "http://127.0.0.1:1/x", "--key", keys[0]]).status
        == .unavailable)
    let path = good + "/metadata/1.targets.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacingOccurrences(of: "{\"signatures\"", with: "{ \"signatures\"")
      .write(toFile: path, atomically: true, encoding: .utf8)
    let changed = await run(["repository", "add", good, image, "--key", keys[0]])
    #expect(changed.status == .refused && changed.diagnostics.contains("somebody has changed it"))
  }
}
