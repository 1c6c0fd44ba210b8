import OTACore
import OTAServer
import Testing

@Suite struct ArtifactRouteTests {
  private func get(
    _ fixture: Fixture, _ name: String, method: String = "GET",
    _ headers: [(name: String, value: String)] = []
  ) async -> ServerResponse {
    await fixture.server.respond(
      to: ServerRequest(method: method, path: "/artifacts/" + name, headers: HeaderFields(headers)))
  }

  private func fixture() async throws -> (fixture: Fixture, name: String, path: String) {
    let fixture = try await Fixture()
    let bytes = [UInt8](repeating: 6, count: 1000)
    let digest = Fixture.digest(bytes)
    try fixture.artifacts.add(bytes, as: digest)
    return (fixture, digest.description, fixture.artifacts.path(of: digest))
  }

  @Test("an artifact is served whole, as what never changes", arguments: ["GET", "HEAD"])
  func whole(method: String) async throws {
    let (fixture, name, path) = try await fixture()
    let response = await get(fixture, name, method: method)
    #expect(response.status == 200)
    #expect(response.body == .file(path: path, range: 0..<1000))
    #expect(response.headers["ETag"] == "\"\(name)\"")
    #expect(response.headers["Accept-Ranges"] == "bytes")
    #expect(response.headers["Content-Type"] == "application/octet-stream")
    #expect(response.headers["Cache-Control"]?.contains("immutable") == true)
    #expect(response.headers["Content-Range"] == nil)
  }

  @Test("a range is served as 206, or refused as 416, and HEAD ignores it")
  func range() async throws {
    let (fixture, name, path) = try await fixture()
    let part = await get(fixture, name, [("range", "bytes=900-2000")])
    #expect(part.status == 206)
    #expect(part.headers["Content-Range"] == "bytes 900-999/1000")
    #expect(part.body == .file(path: path, range: 900..<1000))
    let behind = await get(fixture, name, [("Range", "bytes=1000-")])
    #expect(behind.status == 416)
    #expect(behind.headers["Content-Range"] == "bytes */1000")
    #expect(try behind.errorCode() == .requestMalformed)
    #expect(await get(fixture, name, method: "HEAD", [("Range", "bytes=900-")]).status == 200)
    #expect(await get(fixture, name, [("Range", "bytes=0-1,3-4")]).status == 200)
  }

  @Test(
    "conditions are held against the digest",
    arguments: [
      ("If-None-Match", "\"@\"", "", 304), ("If-None-Match", "W/\"@\"", "", 304),
      ("If-None-Match", "*", "", 304),
      ("If-None-Match", "\"@\"", "bytes=0-1", 304), ("If-None-Match", "\"x\"", "bytes=0-1", 206),
      ("If-Range", "\"@\"", "bytes=0-1", 206), ("If-Range", "\"x\"", "bytes=0-1", 200),
      ("If-Range", "W/\"@\"", "bytes=0-1", 200),
      ("If-Range", "Wed, 21 Oct 2015 07:28:00 GMT", "bytes=0-1", 200),
      ("If-Match", "\"@\"", "", 200), ("If-Match", "\"x\"", "", 412),
    ])
  func conditions(field: String, value: String, range: String, status: Int) async throws {
    let (fixture, name, _) = try await fixture()
    var headers = [
      (
        name: field,
        value: value.split(separator: "@", omittingEmptySubsequences: false).joined(separator: name)
      )
    ]
    if !range.isEmpty { headers.append(("Range", range)) }
    let response = await get(fixture, name, headers)
    #expect(response.status == status)
    #expect(response.headers["ETag"] == "\"\(name)\"")
    if status == 304 { #expect(response.body == .none) }
  }

  static let names = [
    "", ".", "..", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e", "/etc/passwd", "\u{0}",
    String(repeating: "a", count: 64), String(repeating: "a", count: 63), String(repeating: "a", count: 65),
    String(repeating: "A", count: 64), String(repeating: "a", count: 64) + ".partial",
    String(repeating: "a", count: 62) + "..", String(repeating: "g", count: 64),
    String(repeating: "a", count: 62) + "é", String(repeating: "a", count: 64) + "/",
    String(repeating: "a", count: 100_000),
  ]

  @Test("only the name of an artifact finds one: no path reaches the disk", arguments: names)
  func traversal(name: String) async throws {
    let (fixture, _, _) = try await fixture()
    let response = await get(fixture, name)
    #expect(response.status == 404)
    #expect(try response.errorCode() == .unknownArtifact)
  }
}
