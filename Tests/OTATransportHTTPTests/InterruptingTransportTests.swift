import OTACore
import OTATesting
import OTATransportHTTP
import Testing

@Suite struct InterruptingTransportTests {
  @Test("each download is cut where the list says, then downloads pass")
  func cuts() async throws {
    let server = try DownloadTests.honest()
    defer { server.stop() }
    let transport = InterruptingTransport(try HTTPTransport(base: server.base), cutAfter: [0, 1, 50_000])
    var bytes: [UInt8] = []
    for (count, expected) in [(0, TransportError.interrupted), (1, .interrupted), (50_001, .interrupted)] {
      let stream = try await transport.open("x", from: UInt64(bytes.count))
      let (more, error) = await readUntilError(stream)
      bytes += more
      #expect(error == expected)
      #expect(bytes.count == count)
      await #expect(throws: TransportError.interrupted) { _ = try await stream.next(limit: 1) }
    }
    #expect(transport.cutCount == 3)
    bytes += try await readAll(try await transport.open("x", from: UInt64(bytes.count)))
    #expect(bytes == DownloadTests.content)
    #expect(transport.cutCount == 3)
    #expect(transport.deliveredBytes == 100_000)
  }

  @Test("a cut behind the end of a download does nothing")
  func behindTheEnd() async throws {
    let server = try DownloadTests.honest()
    defer { server.stop() }
    let transport = InterruptingTransport(
      try HTTPTransport(base: server.base), cutAfter: [100_001], error: .timeout)
    #expect(try await readAll(try await transport.open("x", from: 0)) == DownloadTests.content)
    #expect(transport.cutCount == 0)
    let response = try await transport.exchange(TransportRequest(.get, "x"), limit: 100_000)
    #expect(response.body == DownloadTests.content)
  }
}
