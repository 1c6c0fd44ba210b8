import Foundation
import OTACore
import OTAServer
import Synchronization
import Testing

@testable import OTAServerHTTP

@Suite struct HTTPServerTests {
  /// Runs a test against a server, and stops the server whatever happens.
  static func with(
    _ configuration: HTTPServer.Configuration = .init(), handler: @escaping HTTPServer.Handler,
    _ body: (HTTPServer) async throws -> Void
  ) async throws {
    let server = try HTTPServer(configuration, handler: handler)
    do {
      try await body(server)
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
    #expect(server.openRequests == 0)
  }

  /// Says back what it was asked.
  static let echo: HTTPServer.Handler = { request in
    let text = "\(request.method) \(request.path) \(request.query ?? "-") \(request.headers["x-a"] ?? "-") "
    return ServerResponse(status: 200, body: .bytes(Array(text.utf8) + request.body))
  }

  @Test("a handler sees the request as it was sent, and its answer arrives")
  func echo() async throws {
    try await HTTPServerTests.with(handler: HTTPServerTests.echo) { server in
      #expect(server.port != 0)
      let answer = await RawClient.request(
        "POST", "/a%2Fb/../c?x=1&y=%20", ["X-A: one", "x-a: two", "Content-Length: 4"], body: "body",
        to: server.port)
      #expect(answer.status == 200)
      #expect(answer.body == "POST /a%2Fb/../c x=1&y=%20 one, two body")
      #expect(answer.isClosed)
      let absolute = await RawClient.request("GET", "http://host:1/p?q", to: server.port)
      #expect(absolute.body == "GET /p q - ")
    }
  }

  @Test("several requests pass over one connection, with any number of threads", arguments: [1, 2, 5])
  func keepAlive(threads: Int) async throws {
    try await HTTPServerTests.with(.init(threads: threads), handler: HTTPServerTests.echo) { server in
      let one = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
      let two = "POST /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
      let answer = await RawClient.send(one + two, to: server.port)
      #expect(answer.text.contains("GET /1 - - "))
      #expect(answer.text.hasSuffix("POST /2 - - hi"))
    }
  }

  @Test("HEAD gets the header that GET gets, and no body; 204 and 304 have none")
  func head() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("f")
    try Data(repeating: 0x61, count: 5000).write(to: URL(fileURLWithPath: path))
    let handler: HTTPServer.Handler = { request in
      switch request.path {
      case "/file": ServerResponse(status: 200, body: .file(path: path, range: 1000..<5000))
      case "/bytes": ServerResponse(status: 200, body: .bytes([1, 2, 3]))
      case "/empty": ServerResponse(status: 200, body: .file(path: path, range: 5..<5))
      case "/304": ServerResponse(status: 304, headers: HeaderFields([("ETag", "\"x\"")]))
      default: ServerResponse(status: 204)
      }
    }
    try await HTTPServerTests.with(handler: handler) { server in
      for (target, length) in [("/file", "4000"), ("/bytes", "3"), ("/empty", "0")] {
        let head = await RawClient.request("HEAD", target, to: server.port)
        #expect(head.status == 200)
        #expect(head.field("Content-Length") == length)
        #expect(head.body.isEmpty)
        let get = await RawClient.request("GET", target, to: server.port)
        #expect(get.field("Content-Length") == length)
        #expect(get.body.utf8.count == Int(length))
      }
      for (target, status) in [("/304", 304), ("/204", 204)] {
        let answer = await RawClient.request("GET", target, to: server.port)
        #expect(answer.status == status)
        #expect(answer.body.isEmpty)
        #expect(answer.isClosed)
      }
    }
  }

  @Test("a file that is gone, or shorter than its range, is an error and no half answer")
  func brokenFile() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("f")
    try Data(repeating: 1, count: 10).write(to: URL(fileURLWithPath: path))
    let handler: HTTPServer.Handler = { request in
      request.path == "/gone"
        ? ServerResponse(status: 200, body: .file(path: path + "x", range: 0..<10))
        : ServerResponse(status: 200, body: .file(path: path, range: 5..<11))
    }
    try await HTTPServerTests.with(handler: handler) { server in
      for target in ["/gone", "/short"] {
        let answer = await RawClient.request("GET", target, to: server.port)
        #expect(answer.status == 500)
        #expect(answer.body.contains("\"code\":\(ErrorCode.storeUnavailable.rawValue)"))
      }
    }
  }

  @Test("a header field that is none makes an error, not a second answer")
  func responseSplitting() async throws {
    let handler: HTTPServer.Handler = { _ in
      ServerResponse(status: 200, headers: HeaderFields([("X", "a\r\nY: b")]))
    }
    try await HTTPServerTests.with(handler: handler) { server in
      let answer = await RawClient.request("GET", "/", to: server.port)
      #expect(answer.status == 500)
      #expect(!answer.text.contains("Y: b"))
    }
  }

  static let limited = HTTPServer.Configuration(bodyLimit: 1000)

  @Test(
    "a body above the limit is answered with 413, announced or not, and never reaches the handler",
    arguments: [
      "Content-Length: 1001\r\n\r\n" + String(repeating: "x", count: 1001),
      "Content-Length: 900000\r\n\r\n" + String(repeating: "x", count: 900_000),
      "Content-Length: 99999999999\r\n\r\n",
      "Transfer-Encoding: chunked\r\n\r\n5dc\r\n" + String(repeating: "x", count: 1500) + "\r\n0\r\n\r\n",
    ])
  func bodyLimit(rest: String) async throws {
    let calls = Mutex(0)
    let handler: HTTPServer.Handler = { _ in
      calls.withLock { $0 += 1 }
      return ServerResponse(status: 204)
    }
    try await HTTPServerTests.with(HTTPServerTests.limited, handler: handler) { server in
      let answer = await RawClient.send(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + rest, to: server.port)
      #expect(answer.status == 413)
      #expect(answer.body.contains("\"code\":\(ErrorCode.requestTooLarge.rawValue)"))
      #expect(calls.withLock { $0 } == 0)
      // And one at the limit passes.
      let body = String(repeating: "x", count: 1000)
      let good = await RawClient.request("POST", "/", ["Content-Length: 1000"], body: body, to: server.port)
      #expect(good.status == 204)
    }
  }

  @Test("a body without an end is cut off")
  func endlessBody() async throws {
    try await HTTPServerTests.with(HTTPServerTests.limited, handler: HTTPServerTests.echo) { server in
      let chunk = "ffff\r\n" + String(repeating: "x", count: 0xFFFF) + "\r\n"
      let answer = await RawClient.send(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
          + String(repeating: chunk, count: 64),
        to: server.port)
      #expect(answer.isClosed)
      #expect(answer.status != 200)
    }
  }

  @Test(
    "what is not HTTP, and a header without measure, is refused; others are served on",
    arguments: [
      "\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nX: " + String(repeating: "x", count: 200_000) + "\r\n\r\n",
      "GET /" + String(repeating: "x", count: 200_000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ])
  func garbage(text: String) async throws {
    try await HTTPServerTests.with(.init(idleSeconds: 1), handler: HTTPServerTests.echo) { server in
      _ = await RawClient.send(text, to: server.port, patience: 3000)
      let answer = await RawClient.request("GET", "/ok", to: server.port)
      #expect(answer.body == "GET /ok - - ")
      let isQuiet = try await eventually { server.openRequests == 0 }
      #expect(isQuiet)
    }
  }

  @Test("a port that another server has is in use, and free again when that has stopped")
  func portInUse() async throws {
    let first = try HTTPServer(handler: HTTPServerTests.echo)
    let configuration = HTTPServer.Configuration(port: first.port)
    let error = #expect(throws: HTTPServerError.self) {
      _ = try HTTPServer(configuration, handler: HTTPServerTests.echo)
    }
    #expect(error == .addressInUse(host: "127.0.0.1", port: first.port))
    #expect(error?.code == .addressInUse)
    await first.stop()
    // Tests beside this one take free ports too, and may have been given just this one.
    var isFree = false
    for _ in 0..<5 where !isFree {
      let other = try HTTPServer(handler: HTTPServerTests.echo)
      await other.stop()
      if let again = try? HTTPServer(.init(port: other.port), handler: HTTPServerTests.echo) {
        isFree = again.port == other.port
        await again.stop()
      }
    }
    #expect(isFree)
  }

  @Test(
    "an address of another machine, and a name that is none, cannot be listened on",
    arguments: [
      "192.0.2.1", "no.such.host.invalid", "",
    ])
  func wrongAddress(host: String) async throws {
    do throws(HTTPServerError) {
      let server = try HTTPServer(.init(host: host), handler: HTTPServerTests.echo)
      // An empty name may mean every address.
      #expect(host.isEmpty)
      await server.stop()
    } catch {
      #expect(error == .addressNotAvailable(host: host))
    }
  }

  @Test("IPv6 loopback works as well")
  func version6() async throws {
    do throws(HTTPServerError) {
      let server = try HTTPServer(.init(host: "::1"), handler: HTTPServerTests.echo)
      #expect(server.port != 0)
      await server.stop()
    } catch {
      // A machine without IPv6.
      #expect(error == .addressNotAvailable(host: "::1"))
    }
  }

  @Test("more handlers wait at once than there are threads, and none holds up another")
  func concurrency() async throws {
    let waiting = Mutex(0)
    let handler: HTTPServer.Handler = { request in
      waiting.withLock { $0 += 1 }
      // All of them must have come in before any may answer.
      while waiting.withLock({ $0 }) < 50, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
      return ServerResponse(status: 200, body: .bytes(Array(request.path.utf8)))
    }
    try await HTTPServerTests.with(handler: handler) { server in
      await withTaskGroup { group in
        for index in 0..<50 {
          group.addTask {
            let answer = await RawClient.request("GET", "/\(index)", to: server.port)
            #expect(answer.body == "/\(index)")
          }
        }
      }
    }
  }
}
