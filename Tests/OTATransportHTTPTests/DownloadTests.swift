import Foundation
import OTACore
import OTATransportHTTP
import Testing

@Suite struct DownloadTests {
  static let content = pattern(100_000)

  /// Serves ``content`` from where the request says, as a right server would.
  static func honest() throws -> ScriptedServer {
    try ScriptedServer { _, head in
      guard let range = head.range(of: "Range: bytes=") else {
        return [.send(okHead(content.count)), .send(content)]
      }
      let start = Int(head[range.upperBound...].prefix { $0.isNumber }) ?? 0
      let rest = Array(content[start...])
      return [
        .send(
          """
          HTTP/1.1 206 Partial Content\r\nContent-Range: bytes \(start)-\(content.count - 1)/\(content.count)\r\n\
          Content-Length: \(rest.count)\r\nConnection: close\r\n\r\n
          """), .send(rest),
      ]
    }
  }

  @Test(
    "a resource arrives whole and in order, whatever the reader asks for", arguments: [1, 7, 4096, 1 << 20])
  func whole(limit: Int) async throws {
    let server = try DownloadTests.honest()
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base, configuration: .init(bufferSize: 20_000))
    let stream = try await transport.open("artifact", from: 0)
    #expect(stream.totalSize == 100_000)
    #expect(try await readAll(stream, limit: limit) == DownloadTests.content)
    #expect(try await stream.next(limit: 1) == nil)
    #expect(server.requests.first?.contains("Range:") == false)
  }

  @Test("a download goes on from an offset", arguments: [1, 4096, 99_999])
  func resume(offset: Int) async throws {
    let server = try DownloadTests.honest()
    defer { server.stop() }
    let stream = try await HTTPTransport(base: server.base).open("artifact", from: UInt64(offset))
    #expect(stream.totalSize == 100_000)
    #expect(try await readAll(stream) == Array(DownloadTests.content[offset...]))
    #expect(server.requests.first?.contains("\r\nRange: bytes=\(offset)-\r\n") == true)
  }

  @Test("a cut connection delivers what came, then says so", arguments: [0, 1, 1000, 99_999])
  func cut(after count: Int) async throws {
    let server = try ScriptedServer([
      .send(okHead(100_000)), .send(Array(DownloadTests.content[..<count])),
    ])
    defer { server.stop() }
    let stream = try await HTTPTransport(base: server.base).open("artifact", from: 0)
    let (bytes, error) = await readUntilError(stream)
    #expect(bytes == Array(DownloadTests.content[..<count]))
    #expect(error == .interrupted)
    // And says it again.
    await #expect(throws: TransportError.interrupted) { _ = try await stream.next(limit: 1) }
  }

  @Test("a download cut again and again ends whole, and no byte comes twice")
  func cutOften() async throws {
    let content = DownloadTests.content
    let server = try ScriptedServer { index, head in
      let range = head.range(of: "Range: bytes=")
      let start = range.flatMap { Int(head[$0.upperBound...].prefix { $0.isNumber }) } ?? 0
      let end = min(content.count, start + 15_000 + index)
      let status =
        start == 0
        ? "200 OK" : "206 Partial\r\nContent-Range: bytes \(start)-\(content.count - 1)/\(content.count)"
      return [
        .send("HTTP/1.1 \(status)\r\nContent-Length: \(content.count - start)\r\n\r\n"),
        .send(Array(content[start..<end])),
      ]
    }
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base)
    var bytes: [UInt8] = []
    while bytes.count < content.count {
      let stream = try await transport.open("artifact", from: UInt64(bytes.count))
      let (more, error) = await readUntilError(stream)
      bytes += more
      #expect(error == (bytes.count < content.count ? .interrupted : nil))
    }
    #expect(bytes == content)
    #expect(server.requests.count == 7)
  }

  static let wrongRanges: [(head: String, error: TransportError)] = [
    ("200 OK\r\nContent-Length: 95\r\n", .rangeIgnored),
    ("206 X\r\nContent-Length: 95\r\n", .rangeIgnored),
    ("206 X\r\nContent-Range: bytes 0-99/100\r\n", .rangeIgnored),
    ("206 X\r\nContent-Range: bytes 4-99/100\r\n", .rangeIgnored),
    ("206 X\r\nContent-Range: bytes 6-99/100\r\n", .rangeIgnored),
    ("206 X\r\nContent-Range: bytes 5-98/100\r\n", .rangeIgnored),
    ("206 X\r\nContent-Range: bytes 5-100/100\r\n", .rangeIgnored),
    ("206 X\r\nContent-Range: bytes 5-4/100\r\n", .rangeIgnored),
    ("206 X\r\nContent-Range: bytes -5/100\r\n", .rangeIgnored),
    ("206 X\r\nContent-Range: items 5-99/100\r\n", .rangeIgnored),
    ("206 X\r\nContent-Range: bytes 5-18446744073709551615/*\r\n", .rangeIgnored),
    ("206 X\r\nContent-Range: bytes 5-99/100\r\nContent-Length: 94\r\n", .rangeIgnored),
    ("206 X\r\nContent-Range: bytes 5-99/100\r\nContent-Range: bytes 5-99/100\r\n", .malformed),
    ("206 X\r\nContent-Range: bytes 5-99/100\r\nContent-Encoding: gzip\r\n", .malformed),
    ("416 X\r\nContent-Range: bytes */5\r\nContent-Length: 0\r\n", .rangeIgnored),
    ("204 X\r\n", .malformed),
    ("302 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n", .status(302)),
    ("404 X\r\nContent-Length: 0\r\n", .status(404)),
    ("503 X\r\nContent-Length: 0\r\n", .status(503)),
  ]

  @Test("an answer to a range that is not just that range is refused", arguments: wrongRanges)
  func wrongRange(head: String, error: TransportError) async throws {
    let server = try ScriptedServer([
      .send("HTTP/1.1 \(head)Connection: close\r\n\r\n"), .send(pattern(95)),
    ])
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base)
    await #expect(throws: error) { _ = try await transport.open("artifact", from: 5) }
  }

  @Test("an answer to no range that is one is refused")
  func unwantedRange() async throws {
    let server = try ScriptedServer([
      .send("HTTP/1.1 206 X\r\nContent-Range: bytes 0-4/5\r\nContent-Length: 5\r\n\r\nhello")
    ])
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base)
    await #expect(throws: TransportError.malformed) { _ = try await transport.open("artifact", from: 0) }
  }

  @Test("a chunked range that is longer or shorter than announced is found out", arguments: [4, 6])
  func chunkedRange(count: Int) async throws {
    let server = try ScriptedServer([
      .send(
        "HTTP/1.1 206 X\r\nContent-Range: bytes 5-9/10\r\nTransfer-Encoding: chunked\r\n\r\n\(count)\r\n"),
      .send(pattern(count)), .send("\r\n0\r\n\r\n"),
    ])
    defer { server.stop() }
    let stream = try await HTTPTransport(base: server.base).open("artifact", from: 5)
    let (bytes, error) = await readUntilError(stream)
    #expect(bytes.count <= 5)
    #expect(error == (count < 5 ? .interrupted : .malformed))
  }

  @Test("a body without a length ends where the server ends it")
  func unknownLength() async throws {
    let server = try ScriptedServer([
      .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    ])
    defer { server.stop() }
    let stream = try await HTTPTransport(base: server.base).open("artifact", from: 0)
    #expect(stream.totalSize == nil)
    #expect(try await readAll(stream) == Array("abcde".utf8))
  }

  @Test("an empty resource ends at once")
  func empty() async throws {
    let server = try ScriptedServer([.send(okHead(0))])
    defer { server.stop() }
    let stream = try await HTTPTransport(base: server.base).open("artifact", from: 0)
    #expect(stream.totalSize == 0)
    #expect(try await stream.next(limit: 10) == nil)
  }

  @Test("a server that stops in the middle times out, after what it sent was read")
  func stall() async throws {
    let server = try ScriptedServer([.send(okHead(100)), .send("half"), .stall])
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base, configuration: .init(stallSeconds: 1))
    let stream = try await transport.open("artifact", from: 0)
    let (bytes, error) = await readUntilError(stream)
    #expect(bytes == Array("half".utf8))
    #expect(error == .timeout)
  }

  @Test("a server that trickles times out, though it never stops, and what came is kept")
  func trickle() async throws {
    let server = try ScriptedServer([.send(okHead(100_000)), .trickle(Array("slow".utf8))])
    defer { server.stop() }
    let configuration = HTTPTransport.Configuration(stallSeconds: 2, stallBytesPerSecond: 1000)
    let transport = try HTTPTransport(base: server.base, configuration: configuration)
    let stream = try await transport.open("artifact", from: 0)
    let (bytes, error) = await readUntilError(stream)
    #expect(error == .timeout)
    #expect(!bytes.isEmpty && bytes.count < 10_000)
    #expect(bytes.prefix(4) == Array("slow".utf8).prefix(bytes.count))
  }

  @Test("a reader that cancels gets nil, and the connection is closed")
  func cancel() async throws {
    let server = try ScriptedServer([.send(okHead(1 << 30)), .sendForever(pattern(1000))])
    defer { server.stop() }
    let stream = try await HTTPTransport(base: server.base).open("artifact", from: 0)
    #expect(try await stream.next(limit: 10)?.isEmpty == false)
    stream.cancel()
    stream.cancel()
    #expect(try await stream.next(limit: 10) == nil)
    try await eventually { server.closedByClient == 1 }
  }

  @Test("dropping a stream closes its connection, also while it is paused by a slow reader")
  func drop() async throws {
    let server = try ScriptedServer([
      .send("HTTP/1.1 200 OK\r\n\r\n"), .sendForever(pattern(10_000)),
    ])
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base, configuration: .init(bufferSize: 1000))
    do {
      let stream = try await transport.open("artifact", from: 0)
      #expect(try await stream.next(limit: 10)?.count == 10)
    }
    try await eventually { server.closedByClient == 1 }
  }

  @Test("a stream outlives its transport")
  func transportDropped() async throws {
    let server = try DownloadTests.honest()
    defer { server.stop() }
    func open() async throws -> any TransportStream {
      try await HTTPTransport(base: server.base, configuration: .init(bufferSize: 1000)).open("x", from: 0)
    }
    #expect(try await readAll(try await open()) == DownloadTests.content)
  }

  @Test("a cancelled task ends its download by an error, never by the end of the resource")
  func taskCancellation() async throws {
    let server = try ScriptedServer([.send(okHead(100)), .send("half"), .stall])
    defer { server.stop() }
    let transport = try HTTPTransport(base: server.base)
    let stream = try await transport.open("artifact", from: 0)
    #expect(try await stream.next(limit: 100) == Array("half".utf8))
    let task = Task { try await stream.next(limit: 100) }
    task.cancel()
    await #expect(throws: TransportError.interrupted) { _ = try await task.value }
    try await eventually { server.closedByClient == 1 }
  }
}
