import Foundation
import OTACore
import Synchronization
import Testing

@testable import OTATUF

/// A server in memory that takes files.
private final class MemoryServer: Transport {
  let files = Mutex<[String: [UInt8]]>([:])
  let status = Mutex<Int?>(nil)

  func exchange(_ request: TransportRequest, limit: Int) async throws(TransportError) -> TransportResponse {
    if let status = status.withLock({ $0 }) { return TransportResponse(status: status, body: []) }
    switch request.method {
    case .put:
      files.withLock { $0[request.reference] = request.body }
      return TransportResponse(status: 201, body: [])
    case .get, .post:
      let body = files.withLock { $0[request.reference] }
      return TransportResponse(status: body == nil ? 404 : 200, body: body ?? [])
    }
  }

  func open(_ reference: String, from offset: UInt64) async throws(TransportError) -> any TransportStream {
    throw .status(404)
  }
}

@Suite("A server that takes files by PUT")
struct TransportDestinationTests {
  @Test("gets each file under its address, and what it answers counts")
  func put() async throws {
    let server = MemoryServer()
    let destination = TUFTransportDestination(server, metadata: "http://x/m/", targets: "http://x/t")
    try await destination.put(.metadata("1.a b.json"), [1])
    try await destination.put(.target("a%/b c/ü#?"), [2])
    #expect(
      server.files.withLock { $0 } == [
        "http://x/m/1.a%20b.json": [1], "http://x/t/a%25/b%20c/%C3%BC%23%3F": [2],
      ])
    #expect(try await destination.read(.metadata("1.a b.json"), limit: 9) == [1])
    #expect(try await destination.read(.metadata("none"), limit: 9) == nil)
    #expect(try await !destination.contains(.target("none"), length: 0))
    for status in [400, 401, 403, 409, 500, 301] {
      server.status.withLock { $0 = status }
      await #expect(throws: TUFWriterError.transport(file: "metadata/x", .status(status))) {
        try await destination.put(.metadata("x"), [])
      }
    }
  }

  @Test("is asked for nothing before something is published")
  func nothing() async throws {
    let repository = try WrittenRepository()
    let destination = TUFTransportDestination(MemoryServer(), metadata: "http://x/m/", targets: "http://x/t")
    await #expect(throws: TUFWriterError.nothingToSign(role: "timestamp")) {
      try await repository.create().mirror(to: destination)
    }
  }
}
