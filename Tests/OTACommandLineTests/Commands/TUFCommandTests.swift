import OTACommandLine
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAServer
import OTAServerHTTP
import Testing

/// Who signs everything in it.
private struct OneKey: Sendable {
  let signer: SodiumSigner
  let identifier = String(repeating: "1", count: 64)

  /// A file over members in the canonical form, so that the text is what is signed.
  func file(_ members: String) async throws -> [UInt8] {
    let text = "{\(members)}"
    let signature = try await signer.signature(for: Array(text.utf8))
    let digits = String(hexadecimal: signature.span)
    let signatures = "[{\"keyid\":\"\(identifier)\",\"sig\":\"\(digits)\"}]"
    return Array("{\"signatures\":\(signatures),\"signed\":\(text)}".utf8)
  }

  /// A file that lists another one.
  func file(of type: String, expires: String, listing name: String) async throws -> [UInt8] {
    try await file(
      "\"_type\":\"\(type)\",\"expires\":\"\(expires)\",\"meta\":{\"\(name)\":{\"version\":1}},"
        + "\"spec_version\":\"1.0.31\",\"version\":1")
  }
}

/// A repository with one target and one key for everything, on a server on loopback.
private struct SmallRepository {
  let root: [UInt8]
  let server: HTTPServer

  var metadata: String { "http://127.0.0.1:\(server.port)/metadata" }
  var targets: String { "http://127.0.0.1:\(server.port)/targets/" }

  init(expires: String = "2100-01-01T00:00:00Z") async throws {
    let signer = SodiumSigner(try Ed25519PrivateKey.generate())
    let key = OneKey(signer: signer)
    let id = key.identifier
    let publicKey = String(hexadecimal: signer.publicKey.bytes.span)
    let file = Array("firmware".utf8)
    let digest = SodiumSHA256.digest(of: file.span)
    let authority = "{\"keyids\":[\"\(id)\"],\"threshold\":1}"
    let keyText = "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"\(publicKey)\"},\"scheme\":\"ed25519\"}"
    let roles = ["root", "snapshot", "targets", "timestamp"].map { "\"\($0)\":\(authority)" }.joined(
      separator: ",")
    root = try await key.file(
      "\"_type\":\"root\",\"consistent_snapshot\":true,\"expires\":\"2100-01-01T00:00:00Z\","
        + "\"keys\":{\"\(id)\":\(keyText)},\"roles\":{\(roles)},\"spec_version\":\"1.0.31\",\"version\":1")
    let targets = try await key.file(
      "\"_type\":\"targets\",\"expires\":\"\(expires)\",\"spec_version\":\"1.0.31\",\"targets\":"
        + "{\"a/app.bin\":{\"hashes\":{\"sha256\":\"\(digest)\"},\"length\":8}},\"version\":1")
    let files = [
      "/metadata/timestamp.json": try await key.file(
        of: "timestamp", expires: expires, listing: "snapshot.json"),
      "/metadata/1.snapshot.json": try await key.file(
        of: "snapshot", expires: expires, listing: "targets.json"),
      "/metadata/1.targets.json": targets,
      "/targets/a/\(digest).app.bin": file,
    ]
    server = try HTTPServer(HTTPServer.Configuration(host: "127.0.0.1", port: 0)) { request in
      guard let bytes = files[request.path] else { return ServerResponse(status: 404) }
      return ServerResponse(status: 200, body: .bytes(bytes))
    }
  }
}

@Suite("ota tuf")
struct TUFCommandTests {
  @Test("trusts a root, refreshes, and fetches targets with its options in front")
  func cycle() async throws {
    let repository = try await SmallRepository()
    let folder = try TemporaryFolder()
    let root = try folder.write(repository.root, to: "root.json")
    let trust = folder.file("trust")
    let first = await ota("tuf", "--metadata-dir", trust, "init", root)
    #expect(first.status == .done, "\(first.diagnostics)")
    let refresh = await ota(
      "tuf", "--metadata-url", repository.metadata, "--metadata-dir", trust, "refresh")
    #expect(refresh.status == .done, "\(refresh.diagnostics)")
    #expect(refresh.output == "root 1, targets 1\n")
    let out = folder.file("out")
    for expected in ["\(out)/a%2Fapp.bin: 8 bytes\n", "\(out)/a%2Fapp.bin: 8 bytes, was there\n"] {
      let download = await ota(
        "tuf", "--metadata-dir", trust, "--metadata-url", repository.metadata, "--target-name", "a/app.bin",
        "--target-base-url", repository.targets, "--target-dir", out, "download")
      #expect(download.status == .done, "\(download.diagnostics)")
      #expect(download.output == expected)
    }
    #expect(try folder.read("out/a%2Fapp.bin") == Array("firmware".utf8))

    // The first that fails ends it; what was fetched before stays.
    let second = folder.file("second")
    let unknown = await ota(
      "tuf", "--metadata-dir", trust, "--metadata-url", repository.metadata, "--target-name", "a/app.bin",
      "--target-name", "none", "--target-name", "a/app.bin", "--target-base-url", repository.targets,
      "--target-dir", second, "download")
    #expect(unknown.status == .failed)
    #expect(unknown.output == "\(second)/a%2Fapp.bin: 8 bytes\n")
    #expect(unknown.diagnosticLines.count == 1 && unknown.diagnostics.contains("0x090A unknownTarget"))
    await repository.server.stop()
  }

  private static func refresh(_ trust: String, _ address: String) async -> Run {
    await ota("tuf", "--metadata-dir", trust, "--metadata-url", address, "refresh")
  }

  @Test("ends with status 1 for what is refused, and for what is not there")
  func failures() async throws {
    let repository = try await SmallRepository(expires: "2020-01-01T00:00:00Z")
    let folder = try TemporaryFolder()
    let root = try folder.write(repository.root, to: "root.json")
    let bad = try folder.write(repository.root.dropLast(), to: "bad.json")
    let trust = folder.file("trust")
    let refused = await ota("tuf", "--metadata-dir", trust, "init", bad)
    #expect(refused.status == .failed && refused.diagnostics.contains("0x0901 repositoryRootMissing"))
    #expect(await ota("tuf", "--metadata-dir", trust, "init", folder.file("none")).status == .failed)
    #expect(await Self.refresh(trust, repository.metadata).diagnostics.contains("0x0901"))
    #expect(await ota("tuf", "--metadata-dir", trust, "init", root).status == .done)
    let expired = await Self.refresh(trust, repository.metadata)
    #expect(expired.status == .failed && expired.diagnostics.contains("0x0906 repositoryExpired"))
    #expect(await Self.refresh(trust, "file:///etc").status == .failed)
    let missing = await Self.refresh(trust, repository.metadata + "/elsewhere/")
    #expect(missing.status == .failed && missing.diagnostics.contains("0x0909 repositoryFileMissing"))
    await repository.server.stop()
    let gone = await Self.refresh(trust, repository.metadata)
    #expect(gone.status == .failed && gone.diagnostics.contains("0x0701"))
  }

  @Test(
    "a wrong command line is status 64, and nothing is made",
    arguments: [
      [], ["init"], ["refresh"], ["download"], ["publish"], ["--metadata-url", "http://h/", "download"],
      ["--metadata-url", "http://h/", "--target-name", "a", "download"], ["init", "a", "b"],
      ["--metadata-url", "http://h/", "refresh", "more"], ["--unknown", "refresh"],
    ])
  func usage(arguments: [String]) async throws {
    let folder = try TemporaryFolder()
    let run = await run(
      ["tuf", "--metadata-dir", folder.file("trust")] + arguments, commands: CommandTable.all)
    #expect(run.status == .usage)
    #expect(run.diagnosticLines.count == 1)
    #expect(try folder.names() == [])
  }
}
