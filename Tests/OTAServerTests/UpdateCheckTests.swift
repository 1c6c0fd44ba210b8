import Foundation
import OTACore
import OTAServer
import OTAServerSQLite
import Testing

@Suite struct UpdateCheckTests {
  static let path = "/api/v1/updates/check"

  @Test("a device without an update is told when to ask again")
  func upToDate() async throws {
    let fixture = try await Fixture(configuration: .init(pollSeconds: 77))
    let response = try await fixture.post(UpdateCheckTests.path, fixture.checkRequest())
    #expect(response.status == 200)
    #expect(response.headers["content-type"] == "application/json")
    let document = try response.document(UpdateCheckResponse.self)
    #expect(document == UpdateCheckResponse(update: nil, pollSeconds: 77))
    let status = try #require(try await fixture.server.deviceStatuses().first)
    #expect(status.device == fixture.device)
    #expect(status.lastCheckIn?.sequenceNumber == SequenceNumber(1))
    #expect(status.lastCheckIn?.imageDigest == Fixture.digest([0]))
    #expect(status.lastCheckIn?.version == Version(1, 0))
    #expect(status.lastCheckIn?.at == fixture.clock.now)
    #expect(status.lastReceipt == nil)
  }

  @Test("an update is offered with its envelope, and the offer is kept, once")
  func offer() async throws {
    let fixture = try await Fixture()
    let payload = [UInt8](repeating: 4, count: 2500)
    let update = try await fixture.publish(Fixture.manifest(payload, sequenceNumber: 2), payload)
    let offered = try #require(try await fixture.check(fixture.checkRequest()).update)
    #expect(offered.id == update.id.description)
    #expect(offered.manifest == "/artifacts/\(update.id.description)")
    #expect(offered.manifestSize == Int(update.envelopeSize))

    let first = fixture.clock.now
    fixture.clock.advance()
    #expect(try await fixture.check(fixture.checkRequest()).update == offered)
    let deployments = try await fixture.server.deployments(of: fixture.device.id)
    #expect(
      deployments == [
        Deployment(
          device: fixture.device.id, update: update.id, state: .offered, code: nil, offeredAt: first,
          reportedAt: nil)
      ])
    #expect(try await fixture.server.statistics().map(\.offered) == [1])

    // Once it runs, it is not offered again.
    #expect(try await fixture.check(fixture.checkRequest(sequenceNumber: 2)).update == nil)
  }

  @Test("a patch is offered to the device whose image it starts from, the whole image to the others")
  func variants() async throws {
    let fixture = try await Fixture()
    let image = [UInt8](repeating: 4, count: 2500)
    let patch = [UInt8](repeating: 5, count: 100)
    let whole = try await fixture.publish(Fixture.manifest(image, sequenceNumber: 2), image)
    let delta = try await fixture.publish(
      Fixture.manifest(patch, sequenceNumber: 2, delta: (image: image, source: [0], memory: 5000)), patch)
    func offered(_ request: UpdateCheckRequest) async throws -> String? {
      try await fixture.check(request).update?.id
    }
    #expect(try await offered(fixture.checkRequest()) == delta.id.description)
    #expect(try await offered(fixture.checkRequest(image: [1])) == whole.id.description)
    #expect(try await offered(fixture.checkRequest(memory: 4999)) == whole.id.description)
    #expect(try await offered(fixture.checkRequest(formats: [])) == whole.id.description)
    #expect(try await offered(fixture.checkRequest(formats: ["new", "bsdiff43"])) == delta.id.description)
    #expect(try await fixture.store.update(delta.id) == delta)
    #expect(try await fixture.store.update(whole.id) == whole)
  }

  @Test("a device that is not registered is unknown")
  func unknownDevice() async throws {
    let fixture = try await Fixture()
    var request = fixture.checkRequest()
    request.device = "00000000-0000-0000-0000-000000000009"
    let response = try await fixture.post(UpdateCheckTests.path, request)
    #expect(response.status == 404)
    #expect(try response.errorCode() == .unknownDevice)
  }

  typealias Change = @Sendable (inout UpdateCheckRequest) -> Void

  static let contradictions: [(change: Change, code: ErrorCode)] = [
    ({ $0.vendor = "00000000-0000-0000-0000-000000000009" }, .vendorMismatch),
    ({ $0.deviceClass = "00000000-0000-0000-0000-000000000009" }, .classMismatch),
    ({ $0.hardwareRevision = 3 }, .hardwareRevisionMismatch),
    ({ $0.vendor = "x" }, .requestMalformed),
    ({ $0.deviceClass = "" }, .requestMalformed),
    ({ $0.device = "../../etc/passwd" }, .requestMalformed),
    ({ $0.device = String(repeating: "0", count: 36) }, .requestMalformed),
    ({ $0.component = "" }, .requestMalformed),
    ({ $0.component = String(repeating: "x", count: 65) }, .requestMalformed),
    ({ $0.version = "1" }, .requestMalformed),
    ({ $0.version = "1.0.4294967296" }, .requestMalformed),
    ({ $0.version = "v1.0" }, .requestMalformed),
    ({ $0.imageDigest = String(repeating: "A", count: 64) }, .requestMalformed),
    ({ $0.imageDigest = String(repeating: "a", count: 63) }, .requestMalformed),
    ({ $0.imageDigest = "é" + String(repeating: "a", count: 62) }, .requestMalformed),
    ({ $0.deltaFormats = [String](repeating: "x", count: 33) }, .requestMalformed),
    ({ $0.sequenceNumber = 1 << 63 }, .limitExceeded),
  ]

  @Test("a field without a valid value, or against the registry, is refused", arguments: contradictions)
  func badField(change: Change, code: ErrorCode) async throws {
    let fixture = try await Fixture()
    var request = fixture.checkRequest()
    change(&request)
    let response = try await fixture.post(UpdateCheckTests.path, request)
    #expect(response.status == 400)
    #expect(try response.errorCode() == code)
    #expect(try await fixture.server.deviceStatuses().first?.lastCheckIn == nil)
  }

  static let bodies: [String] = [
    "", "{", "{}", "[]", "null", "1", "\"x\"", "\u{0}", "{\"device\":1}", "{\"device\":null}",
    String(repeating: "[", count: 60_000), String(repeating: "{\"a\":", count: 10_000),
    "{\"sequenceNumber\":-1}", "{\"sequenceNumber\":1e400}", "\u{FEFF}{}",
  ]

  @Test("a body that is not the document is refused on each route", arguments: bodies)
  func badBody(_ body: String) async throws {
    let fixture = try await Fixture()
    for path in [UpdateCheckTests.path, "/api/v1/updates/report"] {
      let response = await fixture.server.respond(
        to: ServerRequest(method: "POST", path: path, body: Array(body.utf8)))
      #expect(response.status == 400)
      #expect(try response.errorCode() == .requestMalformed)
    }
  }

  @Test("random and damaged bodies are answered, never with a trap or a success that changes something")
  func fuzz() async throws {
    let fixture = try await Fixture()
    let seed = UInt64.random(in: .min ... .max)
    print("UpdateServer fuzz seed: \(seed)")
    var generator = SplitMix(state: seed)
    let valid = [UInt8](try JSONEncoder().encode(fixture.checkRequest()))
    for round in 0..<600 {
      var body = valid
      if round % 3 == 0 {
        body = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
          UInt8.random(in: .min ... .max, using: &generator)
        }
      } else {
        for _ in 0...Int.random(in: 0...3, using: &generator) where !body.isEmpty {
          let at = Int.random(in: 0..<body.count, using: &generator)
          switch Int.random(in: 0...2, using: &generator) {
          case 0: body[at] = UInt8.random(in: .min ... .max, using: &generator)
          case 1: body.remove(at: at)
          default: body = Array(body[..<max(1, at)])
          }
        }
      }
      for path in [UpdateCheckTests.path, "/api/v1/updates/report"] {
        let response = await fixture.server.respond(to: ServerRequest(method: "POST", path: path, body: body))
        #expect([200, 400, 404].contains(response.status))
        if response.status != 200 { #expect(try response.errorCode() != nil) }
      }
    }
    #expect(try await fixture.server.statistics().isEmpty)
  }

  @Test("a body above the limit is refused")
  func tooLarge() async throws {
    let fixture = try await Fixture(configuration: .init(bodyLimit: 100))
    let response = try await fixture.post(UpdateCheckTests.path, fixture.checkRequest())
    #expect(response.status == 413)
    #expect(try response.errorCode() == .requestTooLarge)
  }

  @Test(
    "another method is refused with those that are allowed",
    arguments: [
      (UpdateCheckTests.path, "GET", "POST"), (UpdateCheckTests.path, "post", "POST"),
      ("/api/v1/updates/report", "HEAD", "POST"), ("/api/v1/updates/report", "PUT", "POST"),
      ("/artifacts/x", "POST", "GET, HEAD"), ("/artifacts/x", "DELETE", "GET, HEAD"),
      ("/artifacts/x", "", "GET, HEAD"),
    ])
  func method(path: String, method: String, allowed: String) async throws {
    let fixture = try await Fixture()
    let response = await fixture.server.respond(to: ServerRequest(method: method, path: path))
    #expect(response.status == 405)
    #expect(response.headers["Allow"] == allowed)
    #expect(try response.errorCode() == .requestMalformed)
  }

  @Test(
    "there is nothing at other paths",
    arguments: [
      "", "/", "*", "/api", "/api/v1/updates/check/", "//api/v1/updates/check", "/API/v1/updates/check",
      "/artifacts",
      "/api/v1/updates/../updates/check",
    ])
  func nothing(path: String) async throws {
    let fixture = try await Fixture()
    let response = await fixture.server.respond(to: ServerRequest(method: "POST", path: path))
    #expect(response.status == 404)
    #expect(try response.errorCode() == .requestMalformed)
  }
}
