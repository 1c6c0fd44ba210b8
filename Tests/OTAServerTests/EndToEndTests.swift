import Foundation
import OTACore
import OTAManifest
import OTAServer
import OTAServerHTTP
import OTATransportHTTP
import Testing

@Suite struct EndToEndTests {
  private func with(
    _ fixture: Fixture, _ body: (HTTPTransport, UInt16) async throws -> Void
  ) async throws {
    let updates = fixture.server
    let server = try HTTPServer { await updates.respond(to: $0) }
    do {
      try await body(try HTTPTransport(base: "http://127.0.0.1:\(server.port)"), server.port)
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  private func read(_ stream: any TransportStream) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let more = try await stream.next(limit: 10_000) { bytes += more }
    return bytes
  }

  @Test("a device checks in, downloads by pieces, and reports; the server knows")
  func cycle() async throws {
    let directory = try TemporaryDirectory()
    let fixture = try await Fixture(path: directory.file("db"))
    let payload = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    let update = try await fixture.publish(Fixture.manifest(payload, sequenceNumber: 2), payload)
    try await with(fixture) { transport, _ in
      let request = TransportRequest(
        .post, "/api/v1/updates/check", contentType: "application/json",
        body: [UInt8](try JSONEncoder().encode(fixture.checkRequest())))
      let answer = try await transport.exchange(request, limit: 4096)
      #expect(answer.status == 200)
      let offered = try #require(
        try JSONDecoder().decode(UpdateCheckResponse.self, from: Data(answer.body)).update)
      let envelope = try await transport.exchange(
        TransportRequest(.get, offered.manifest), limit: offered.manifestSize)
      #expect(Fixture.digest(envelope.body) == update.id)

      // The first piece, then the rest from where it ended.
      let reference = UpdateServer.artifactReference(update.payload.digest)
      let stream = try await transport.open(reference, from: 0)
      #expect(stream.totalSize == 300_000)
      var bytes = try #require(try await stream.next(limit: 70_000))
      stream.cancel()
      let rest = try await transport.open(reference, from: UInt64(bytes.count))
      #expect(rest.totalSize == 300_000)
      bytes += try await read(rest)
      #expect(bytes == payload)
      await #expect(throws: TransportError.rangeIgnored) {
        _ = try await transport.open(reference, from: 300_000)
      }
      await #expect(throws: TransportError.status(404)) {
        _ = try await transport.open(UpdateServer.artifactReference(Fixture.digest([])), from: 0)
      }

      let report = UpdateReportRequest(
        device: fixture.device.id.description,
        receipt: Data(try await fixture.receipt(update.id, .installed)).base64EncodedString())
      let reported = try await transport.exchange(
        TransportRequest(
          .post, "/api/v1/updates/report", contentType: "application/json",
          body: [UInt8](try JSONEncoder().encode(report))), limit: 4096)
      #expect(reported.status == 204)
      #expect(reported.body.isEmpty)
    }
    #expect(try await fixture.server.statistics().map(\.installed) == [1])
  }

  @Test("HEAD, validators and ranges hold on the wire")
  func wire() async throws {
    let fixture = try await Fixture()
    let payload = Array("0123456789".utf8)
    let digest = Fixture.digest(payload)
    try fixture.artifacts.add(payload, as: digest)
    let target = UpdateServer.artifactReference(digest)
    try await with(fixture) { _, port in
      let head = await RawClient.request("HEAD", target, to: port)
      #expect(head.status == 200)
      #expect(head.field("Content-Length") == "10")
      #expect(head.field("ETag") == "\"\(digest)\"")
      #expect(head.body.isEmpty)
      let part = await RawClient.request("GET", target, ["Range: bytes=-3"], to: port)
      #expect(part.status == 206)
      #expect(part.field("Content-Range") == "bytes 7-9/10")
      #expect(part.field("Content-Length") == "3")
      #expect(part.body == "789")
      let behind = await RawClient.request("GET", target, ["Range: bytes=10-"], to: port)
      #expect(behind.status == 416)
      #expect(behind.field("Content-Range") == "bytes */10")
      let known = await RawClient.request("GET", target, ["If-None-Match: \"\(digest)\""], to: port)
      #expect(known.status == 304)
      #expect(known.body.isEmpty)
      let method = await RawClient.request("DELETE", target, to: port)
      #expect(method.status == 405)
      #expect(method.field("Allow") == "GET, HEAD")
      let options = await RawClient.request("OPTIONS", "*", to: port)
      #expect(options.status == 404)
    }
  }

  @Test(
    "no target reaches a file that is no artifact",
    arguments: [
      "/artifacts/../db", "/artifacts/%2e%2e/db", "/artifacts/..%2fdb", "/artifacts//etc/passwd",
      "/../../etc/passwd",
      "/artifacts/....//db", "/artifacts/%00", "/artifacts/\\..\\db", "/artifacts/", "artifacts",
      "//artifacts/x",
    ])
  func traversal(target: String) async throws {
    let fixture = try await Fixture()
    try Data("secret".utf8).write(to: URL(fileURLWithPath: fixture.directory.file("db")))
    try await with(fixture) { _, port in
      let answer = await RawClient.request("GET", target, to: port)
      #expect(answer.status == 404 || answer.status == 400)
      #expect(!answer.text.contains("secret"))
    }
  }

  @Test("clients that leave in the middle of a file do no harm")
  func leavingClients() async throws {
    let fixture = try await Fixture()
    let payload = [UInt8](repeating: 3, count: 20_000_000)
    let digest = Fixture.digest(payload)
    try fixture.artifacts.add(payload, as: digest)
    let reference = UpdateServer.artifactReference(digest)
    try await with(fixture) { transport, _ in
      for round in 0..<10 {
        let stream = try await transport.open(reference, from: UInt64(round))
        #expect(try await stream.next(limit: 100_000)?.isEmpty == false)
        stream.cancel()
      }
      #expect(try await read(try await transport.open(reference, from: 0)) == payload)
    }
  }

  @Test("many devices at once are each answered")
  func load() async throws {
    let fixture = try await Fixture()
    let payload = [UInt8](repeating: 3, count: 200_000)
    let update = try await fixture.publish(Fixture.manifest(payload, sequenceNumber: 2), payload)
    let body = [UInt8](try JSONEncoder().encode(fixture.checkRequest()))
    try await with(fixture) { transport, _ in
      try await withThrowingTaskGroup { group in
        for _ in 0..<30 {
          group.addTask {
            let answer = try await transport.exchange(
              TransportRequest(.post, "/api/v1/updates/check", contentType: "application/json", body: body),
              limit: 4096)
            #expect(answer.status == 200)
            let stream = try await transport.open(
              UpdateServer.artifactReference(update.payload.digest), from: 0)
            var count = 0
            while let more = try await stream.next(limit: 50_000) { count += more.count }
            #expect(count == 200_000)
          }
        }
        try await group.waitForAll()
      }
    }
    #expect(try await fixture.server.statistics().map(\.offered) == [1])
  }
}
