import OTACore
import OTATransportHTTP
import Testing

/// Reads a stream to its end.
func readAll(_ stream: any TransportStream, limit: Int = 4096) async throws -> [UInt8] {
  var bytes: [UInt8] = []
  while let more = try await stream.next(limit: limit) {
    #expect(!more.isEmpty && more.count <= limit)
    bytes += more
  }
  return bytes
}

/// Reads a stream until it throws.
func readUntilError(_ stream: any TransportStream) async -> (bytes: [UInt8], error: TransportError?) {
  var bytes: [UInt8] = []
  do throws(TransportError) {
    while let more = try await stream.next(limit: 1000) { bytes += more }
    return (bytes, nil)
  } catch {
    return (bytes, error)
  }
}

/// Waits for something that another thread is about to do.
func eventually(_ condition: () -> Bool) async throws {
  for _ in 0..<2000 {
    if condition() { return }
    try await Task.sleep(for: .milliseconds(5))
  }
  Issue.record("what was waited for did not happen")
}

/// Bytes that differ from their neighbours, so that a shift shows.
func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
}

func okHead(_ length: Int) -> String {
  "HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\nConnection: close\r\n\r\n"
}
