import OTAServer
import Synchronization
import Testing

@testable import OTAServerHTTP

@Suite struct HTTPServerStopTests {
  /// Lets a handler wait until a test opens it.
  final class Gate: Sendable {
    private struct State {
      var entered = 0
      var isOpen = false
      var sawCancellation = false
    }

    private let state = Mutex(State())

    var entered: Int { state.withLock { $0.entered } }
    var sawCancellation: Bool { state.withLock { $0.sawCancellation } }
    func open() { state.withLock { $0.isOpen = true } }

    func wait() async {
      state.withLock { $0.entered += 1 }
      while !state.withLock({ $0.isOpen }) {
        if Task.isCancelled {
          state.withLock { $0.sawCancellation = true }
          return
        }
        try? await Task.sleep(for: .milliseconds(2))
      }
    }
  }

  @Test("stopping waits for a running request, whose answer arrives whole; later ones are turned away")
  func graceful() async throws {
    let gate = Gate()
    let server = try HTTPServer { _ in
      await gate.wait()
      return ServerResponse(status: 200, body: .bytes([UInt8](repeating: 0x78, count: 100_000)))
    }
    let port = server.port
    async let answer = RawClient.request("GET", "/", to: port)
    #expect(try await eventually { gate.entered == 1 })
    async let stopped: Void = server.stop(gracePeriod: .seconds(60))
    // The listener is closed at once for newcomers: they are not answered any more.
    gate.open()
    #expect(await answer.body.utf8.count == 100_000)
    await stopped
    #expect(server.openRequests == 0)
    #expect(await RawClient.request("GET", "/", to: port).text.isEmpty)
    // Stopping once more does nothing.
    await server.stop()
  }

  @Test("after the grace period a running handler is cancelled, and the server stops")
  func cancelled() async throws {
    let gate = Gate()
    let server = try HTTPServer { _ in
      await gate.wait()
      return ServerResponse(status: 200)
    }
    let port = server.port
    async let answer = RawClient.request("GET", "/", to: port)
    #expect(try await eventually { gate.entered == 1 })
    await server.stop(gracePeriod: .milliseconds(20))
    #expect(gate.sawCancellation)
    #expect(await answer.isClosed)
    #expect(server.openRequests == 0)
  }

  @Test("a client that never reads its answer does not hold the server up")
  func slowReader() async throws {
    let server = try HTTPServer { _ in
      ServerResponse(status: 200, body: .bytes([UInt8](repeating: 0x78, count: 50_000_000)))
    }
    let client = try SilentClient(port: server.port, sending: "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try await eventually { server.openRequests == 1 })
    await server.stop(gracePeriod: .milliseconds(20))
    #expect(server.openRequests == 0)
    client.close()
  }

  @Test(
    "a client that never ends its request does not hold the server up",
    arguments: [
      "", "GET /", "GET / HTTP/1.1\r\nHost: ", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
    ])
  func slowWriter(text: String) async throws {
    let server = try HTTPServer { _ in ServerResponse(status: 200) }
    let client = try SilentClient(port: server.port, sending: text)
    #expect(await RawClient.request("GET", "/", to: server.port).status == 200)
    await server.stop(gracePeriod: .milliseconds(20))
    #expect(server.openRequests == 0)
    client.close()
  }

  @Test("dropping a server stops it, also with a request running")
  func dropped() async throws {
    let gate = Gate()
    var server: HTTPServer? = try HTTPServer { _ in
      await gate.wait()
      return ServerResponse(status: 200)
    }
    let port = try #require(server?.port)
    async let answer = RawClient.request("GET", "/", to: port)
    #expect(try await eventually { gate.entered == 1 })
    server = nil
    #expect(await answer.isClosed)
    #expect(gate.sawCancellation)
    #expect(try await eventually { await RawClient.request("GET", "/", to: port).text.isEmpty })
  }

  @Test("servers start and stop again and again, also while requests come in")
  func churn() async throws {
    for _ in 0..<20 {
      let server = try HTTPServer { _ in ServerResponse(status: 204) }
      let port = server.port
      async let one = RawClient.request("GET", "/", to: port)
      async let two = RawClient.request("GET", "/", to: port)
      await server.stop(gracePeriod: .milliseconds(5))
      _ = await (one, two)
      #expect(server.openRequests == 0)
    }
  }
}
