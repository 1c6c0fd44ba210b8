import OTACore
import OTAServer
import Testing

@Suite struct TrustRouteTests {
  @Test("Sets of trust anchors are given out by their numbers, in one form, and nothing else is")
  func route() async throws {
    let fixture = try await Fixture()
    let server = UpdateServer(
      store: fixture.store, artifacts: fixture.artifacts,
      trustSets: { number in number == 2 || number == .max ? [UInt8(truncatingIfNeeded: number), 7] : nil })
    for (name, body) in [
      ("2", [2, 7]), ("18446744073709551615", [255, 7]), ("1", nil), ("3", nil), ("02", nil), ("+2", nil),
      ("-2", nil), ("", nil), ("2/", nil), ("../2", nil), ("18446744073709551616", nil), ("\u{0662}", nil),
    ] as [(String, [UInt8]?)] {
      let response = await server.respond(to: ServerRequest(method: "GET", path: "/api/v1/trust/" + name))
      #expect(response.status == (body == nil ? 404 : 200), "\(name)")
      if let body { #expect(response.body == .bytes(body)) }
    }
    let posted = await server.respond(to: ServerRequest(method: "POST", path: "/api/v1/trust/2"))
    #expect(posted.status == 405)
    let none = await fixture.server.respond(to: ServerRequest(method: "GET", path: "/api/v1/trust/2"))
    #expect(none.status == 404)
  }
}
