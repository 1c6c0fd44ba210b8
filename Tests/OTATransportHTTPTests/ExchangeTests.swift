import Glibc
import OTACore
import OTATransportHTTP
import Testing

@Suite struct ExchangeTests {
  @Test("a document is sent with its media type, and the answer comes back whole")
  func roundTrip() async throws {
    let server = try ScriptedServer([.send(okHead(5)), .send("hello")])
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base)
    let request = TransportRequest(
      .post, "api/x", contentType: "application/json", body: Array("{\"a\":1}".utf8))
    let response = try await transport.exchange(request, limit: 5)
    #expect(response.status == 200)
    #expect(response.body == Array("hello".utf8))

    let sent = try #require(server.requests.first)
    #expect(sent.hasPrefix("POST /api/x HTTP/1.1\r\n"))
    #expect(sent.contains("\r\nContent-Type: application/json\r\n"))
    #expect(sent.hasSuffix("\r\n\r\n{\"a\":1}"))
    #expect(!sent.lowercased().contains("expect:"))
  }

  @Test("a document is stored with PUT, whatever its bytes", arguments: [0, 1, 100_000])
  func put(size: Int) async throws {
    let server = try ScriptedServer([.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")])
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base)
    let body = [UInt8](repeating: 0x61, count: size)
    let response = try await transport.exchange(TransportRequest(.put, "a/b%20c", body: body), limit: 0)
    #expect(response.status == 201)
    let sent = try #require(server.requests.first)
    #expect(sent.hasPrefix("PUT /a/b%20c HTTP/1.1\r\n"))
    #expect(sent.contains("\r\nContent-Length: \(size)\r\n"))
    #expect(sent.hasSuffix("\r\n\r\n" + String(repeating: "a", count: size)))
  }

  @Test("a document that arrives in many pieces is waited for to its end")
  func pieces() async throws {
    let pieces = (0..<50).map { _ in ScriptedServer.Step.send("x") }
    let server = try ScriptedServer([.send(okHead(50))] + pieces)
    defer { server.stop() }
    let response = try await HTTPTransport(base: server.base).exchange(
      TransportRequest(.get, "x"), limit: 50)
    #expect(response.body.count == 50)
  }

  @Test("an empty body is posted with its length", arguments: ["text/plain", nil])
  func emptyPost(contentType: String?) async throws {
    let server = try ScriptedServer([.send("HTTP/1.1 204 No Content\r\n\r\n")])
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base)
    let response = try await transport.exchange(
      TransportRequest(.post, "x", contentType: contentType), limit: 0)
    #expect(response.status == 204)
    #expect(response.body.isEmpty)
    #expect(server.requests.first?.contains("Content-Length: 0\r\n") == true)
  }

  @Test("a status other than success is an answer, not an error", arguments: [302, 404, 500, 503])
  func status(_ status: Int) async throws {
    let server = try ScriptedServer([
      .send("HTTP/1.1 \(status) X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nno")
    ])
    defer { server.stop() }
    let response = try await HTTPTransport(base: server.base).exchange(
      TransportRequest(.get, "x"), limit: 10)
    #expect(response.status == status)
    #expect(response.body == Array("no".utf8))
    // A redirect was not followed.
    #expect(server.requests.count == 1)
  }

  @Test("an interim answer is passed over")
  func interim() async throws {
    let server = try ScriptedServer([.send("HTTP/1.1 100 Continue\r\n\r\n" + okHead(1) + "x")])
    defer { server.stop() }
    let response = try await HTTPTransport(base: server.base).exchange(
      TransportRequest(.get, "x"), limit: 1)
    #expect(response.status == 200)
    #expect(response.body == [0x78])
  }

  static let tooLarge: [[ScriptedServer.Step]] = [
    [.send(okHead(11)), .send("elevenbytes")],
    [.send("HTTP/1.1 200 OK\r\n\r\n"), .send("elevenbytes")],
    [
      .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
      .sendForever(Array("4\r\nabcd\r\n".utf8)),
    ],
    [.send("HTTP/1.1 404 OK\r\n\r\n"), .sendForever(Array("x".utf8))],
  ]

  @Test("a body above the limit is refused, announced or not, with or without an end", arguments: tooLarge)
  func limit(steps: [ScriptedServer.Step]) async throws {
    let server = try ScriptedServer(steps)
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base)
    await #expect(throws: TransportError.responseTooLarge) {
      _ = try await transport.exchange(TransportRequest(.get, "x"), limit: 10)
    }
  }

  static let broken: [(steps: [ScriptedServer.Step], errors: [TransportError])] = [
    ([], [.interrupted]),
    ([.reset], [.interrupted]),
    ([.send("HTTP/1.1 200 OK\r\nContent-Le")], [.interrupted, .malformed]),
    ([.send(okHead(10)), .send("short")], [.interrupted]),
    ([.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")], [.interrupted]),
    ([.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")], [.interrupted, .malformed]),
    ([.send("HELO I am no web server\r\n")], [.malformed]),
    ([.send([0, 1, 2, 3, 0xFF, 0xFE, 10, 13, 0])], [.malformed]),
    ([.send("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")], [.malformed, .interrupted]),
    ([.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")], [.malformed]),
    ([.sendForever(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))], [.malformed, .interrupted, .timeout]),
    (
      [.send("HTTP/1.1 200 OK\r\n"), .sendForever(Array("X-Field: and so on\r\n".utf8))],
      [.malformed, .interrupted, .unreachable, .timeout]
    ),
  ]

  @Test("a broken answer is an error, never a document", arguments: broken)
  func garbage(steps: [ScriptedServer.Step], errors: [TransportError]) async throws {
    let server = try ScriptedServer(steps)
    defer { server.stop() }
    let transport = try HTTPTransport(
      base: server.base, configuration: .init(exchangeTimeoutMilliseconds: 3000))
    do throws(TransportError) {
      let response = try await transport.exchange(TransportRequest(.get, "x"), limit: 100)
      Issue.record("a document of status \(response.status)")
    } catch {
      #expect(errors.contains(error))
    }
  }

  @Test("nobody listening is unreachable")
  func refused() async throws {
    let transport = try HTTPTransport(base: "http://127.0.0.1:\(try LoopbackSocket.unusedPort())")
    await #expect(throws: TransportError.unreachable) {
      _ = try await transport.exchange(TransportRequest(.get, "x"), limit: 10)
    }
    await #expect(throws: TransportError.unreachable) { _ = try await transport.open("x", from: 0) }
  }

  @Test("a server that says nothing times out")
  func silence() async throws {
    let server = try ScriptedServer([.stall])
    defer { server.stop() }
    let transport = try HTTPTransport(
      base: server.base, configuration: .init(exchangeTimeoutMilliseconds: 200))
    await #expect(throws: TransportError.timeout) {
      _ = try await transport.exchange(TransportRequest(.get, "x"), limit: 10)
    }
  }

  @Test("a cancelled task ends its exchange, also before it began")
  func cancellation() async throws {
    let server = try ScriptedServer([.stall])
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base)
    let task = Task {
      try await transport.exchange(TransportRequest(.get, "x"), limit: 10)
    }
    try await eventually { server.requests.count == 1 }
    task.cancel()
    await #expect(throws: TransportError.interrupted) { _ = try await task.value }
    try await eventually { server.closedByClient == 1 }

    let late = Task {
      unsafe withUnsafeCurrentTask { task in unsafe task?.cancel() }
      return try await transport.exchange(TransportRequest(.get, "x"), limit: 10)
    }
    await #expect(throws: TransportError.interrupted) { _ = try await late.value }
  }

  @Test("a media type cannot write header fields of its own")
  func injection() async throws {
    let server = try ScriptedServer([.send(okHead(0))])
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base)
    await #expect(throws: TransportError.malformed) {
      _ = try await transport.exchange(
        TransportRequest(.post, "x", contentType: "a/b\r\nX-Evil: 1"), limit: 10)
    }
    #expect(server.requests.isEmpty)
  }

  @Test("many exchanges at once each get their own answer")
  func concurrency() async throws {
    let server = try ScriptedServer { _, head in
      let path = head.split(separator: " ")[1]
      return [.send(okHead(path.utf8.count)), .send(String(path))]
    }
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base)
    try await withThrowingTaskGroup { group in
      for index in 0..<40 {
        group.addTask {
          let response = try await transport.exchange(TransportRequest(.get, "n\(index)"), limit: 10)
          #expect(response.body == Array("/n\(index)".utf8))
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("a proxy that the environment names is not used")
  func environment() async {
    await #expect(processExitsWith: .success) {
      for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        #expect(unsafe setenv(name, "http://127.0.0.1:1/", 1) == 0)
      }
      let server = try ScriptedServer([.send(okHead(2)), .send("ok")])
      defer { server.stop() }
      let response = try await HTTPTransport(base: server.base).exchange(
        TransportRequest(.get, "x"), limit: 10)
      #expect(response.body == Array("ok".utf8))
    }
  }
}
