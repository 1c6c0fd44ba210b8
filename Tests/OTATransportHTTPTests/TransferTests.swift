import OTACore
import Testing

@testable import OTATransportHTTP

@Suite struct TransferTests {
  private func download(bufferSize: Int) -> Transfer {
    let transfer = Transfer(
      url: "http://a/", purpose: .download(from: 0), configuration: .init(bufferSize: bufferSize))
    #expect(transfer.receive(line: Array("HTTP/1.1 200 OK\r\n".utf8)))
    #expect(transfer.receive(line: Array("\r\n".utf8)))
    return transfer
  }

  @Test("no more is read ahead than the buffer holds, and reading makes room")
  func backPressure() async throws {
    let loop = TransferLoop()
    let transfer = download(bufferSize: 100)
    #expect(transfer.receive(body: pattern(60)) == .taken)
    #expect(transfer.receive(body: pattern(60)) == .pause)
    #expect(transfer.receive(body: pattern(40)) == .taken)
    #expect(transfer.receive(body: pattern(1)) == .pause)
    #expect(try await transfer.bytes(limit: 30, on: loop) == Array(pattern(60)[..<30]))
    #expect(transfer.receive(body: pattern(60)) == .pause)
    #expect(try await transfer.bytes(limit: 1000, on: loop) == Array(pattern(60)[30...]) + pattern(40))
    #expect(transfer.receive(body: pattern(60)) == .taken)
  }

  @Test("one piece that is larger than the buffer passes when the buffer is empty")
  func largePiece() async throws {
    let loop = TransferLoop()
    let transfer = download(bufferSize: 10)
    #expect(transfer.receive(body: pattern(60)) == .taken)
    #expect(transfer.receive(body: pattern(1)) == .pause)
    #expect(try await transfer.bytes(limit: 60, on: loop) == pattern(60))
    #expect(transfer.receive(body: pattern(1)) == .taken)
  }

  @Test("an interruption after the end takes nothing away, one before the end never looks like an end")
  func interruptionAndEnd() async throws {
    let loop = TransferLoop()
    let ended = download(bufferSize: 100)
    #expect(ended.receive(body: pattern(60)) == .taken)
    ended.finish(nil)
    ended.end(.failed(.interrupted))
    #expect(try await ended.bytes(limit: 100, on: loop) == pattern(60))
    #expect(try await ended.bytes(limit: 100, on: loop) == nil)

    let running = download(bufferSize: 100)
    #expect(running.receive(body: pattern(60)) == .taken)
    running.end(.failed(.interrupted))
    running.finish(nil)
    await #expect(throws: TransportError.interrupted) { _ = try await running.bytes(limit: 100, on: loop) }
  }

  @Test("bytes before the head abort the transfer")
  func bodyFirst() async throws {
    let loop = TransferLoop()
    let transfer = Transfer(url: "http://a/", purpose: .download(from: 0), configuration: .init())
    #expect(transfer.receive(body: [1]) == .abort)
    await #expect(throws: TransportError.malformed) { try await transfer.head(on: loop) }
  }

  @Test("an end without a head is no answer")
  func endFirst() async throws {
    let loop = TransferLoop()
    let transfer = Transfer(url: "http://a/", purpose: .download(from: 0), configuration: .init())
    transfer.finish(nil)
    await #expect(throws: TransportError.malformed) { try await transfer.head(on: loop) }
  }

  @Test("a loop that is dropped fails the transfers that are left")
  func loopDropped() async throws {
    let server = try ScriptedServer([.stall])
    defer { server.stop() }
    let transfer = Transfer(url: server.base, purpose: .download(from: 0), configuration: .init())
    let waiting = TransferLoop()
    do {
      let loop = TransferLoop()
      loop.start(transfer)
      try await eventually { server.requests.count == 1 }
    }
    await #expect(throws: TransportError.interrupted) { try await transfer.head(on: waiting) }
  }

  @Test("random header lines never trap")
  func fuzz() {
    let seed = UInt64.random(in: .min ... .max)
    print("ResponseHead fuzz seed: \(seed)")
    var generator = SplitMix(state: seed)
    let pieces = [
      "HTTP/1.1 ", "200", "206 ", "\r\n", "Content-Range:", "content-length", ":", " ", "bytes ", "-", "/",
      "*", "0",
      "18446744073709551615", "99999999999999999999", "\u{301}", "é", "Transfer-Encoding: chunked",
    ]
    for _ in 0..<3000 {
      var head = ResponseHead()
      for _ in 0..<4 {
        var line: [UInt8] = []
        for _ in 0..<Int.random(in: 0...7, using: &generator) {
          if Bool.random(using: &generator) {
            line += Array(pieces[Int.random(in: 0..<pieces.count, using: &generator)].utf8)
          } else {
            line.append(UInt8.random(in: .min ... .max, using: &generator))
          }
        }
        try? head.add(line: line)
      }
      if let expected = try? ExpectedBody(head, from: 7) { #expect(expected.count != nil) }
    }
  }
}
