import OTACore
import OTATransportHTTP

func transportHTTP() async throws {
  // snippet.show
  let transport = try HTTPTransport(base: "https://updates.example.com")
  let stream = try await transport.open("/artifacts/0123", from: 65_536)
  while let bytes = try await stream.next(limit: 4096) {
    print("\(bytes.count) bytes more")
  }
  // snippet.hide
}
