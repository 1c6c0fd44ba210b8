import OTACore
import OTACrypto
import OTACryptoSodium
import OTAServer
import Synchronization
import Testing

@Suite("Alarms of the server")
struct ThreatAlarmTests {
  @Test(
    "a burst of forged receipts asks for patience, is seen, and never keeps a good one or another device waiting"
  )
  func burst() async throws {
    let fixture = try await Fixture()
    let payload = [UInt8](repeating: 4, count: 100)
    let update = try await fixture.publish(Fixture.manifest(payload, sequenceNumber: 2), payload)
    let stranger = SodiumSigner(try Ed25519PrivateKey.generate())
    let forged = try await fixture.receipt(update.id, .installed, signer: stranger)
    var waits: [String?] = []
    for _ in 0..<7 {
      let response = try await fixture.report(forged)
      #expect(response.status == 403)
      waits.append(response.headers["Retry-After"])
    }
    #expect(waits == [nil, nil, nil, "1", "2", "4", "8"])
    let alarms = fixture.server.alarms
    #expect(alarms.recent.count == 7)
    #expect(alarms.recent.last?.peer == ThreatAlarms.peer(fixture.device.id))
    #expect(alarms.recent.last?.recent == 7)
    #expect(alarms.recent.allSatisfy { $0.code != .receiptRefused })

    // Another device, and the one whose name was used: nobody waits who is in order.
    let key = SodiumSigner(try Ed25519PrivateKey.generate())
    let other = RegisteredDevice(
      id: UniversalIdentifier(high: 4, low: 4), vendorID: Fixture.vendor, classID: Fixture.product,
      hardwareRevision: 2, publicKey: key.publicKey)
    try await fixture.server.register(other)
    var request = fixture.checkRequest()
    #expect(try await fixture.check(request).update != nil)
    request.device = other.id.description
    #expect(try await fixture.check(request).update != nil)
    request.hardwareRevision = 9
    let refused = try await fixture.post("/api/v1/updates/check", request)
    #expect(refused.status == 400 && refused.headers["Retry-After"] == nil)
    #expect(alarms.total(of: .wrongDevice) == 1)
    let good = try await fixture.receipt(update.id, .installed)
    #expect(try await fixture.report(good).status == 204)
    #expect(try await fixture.report(good).headers["Retry-After"] == nil)
  }

  @Test("any number of strangers share one place, and events do not pile up")
  func strangers() async throws {
    let fixture = try await Fixture()
    var request = fixture.checkRequest()
    for number in 0..<300 {
      request.device = UniversalIdentifier(high: 9, low: UInt64(number)).description
      #expect(try await fixture.post("/api/v1/updates/check", request).status == 404)
    }
    let alarms = fixture.server.alarms
    #expect(alarms.recent.count == ThreatAlarms.eventLimit)
    #expect(Set(alarms.recent.map(\.peer)) == [0])
    #expect(alarms.total(of: .wrongDevice) == 300)
    request.device = fixture.device.id.description
    _ = try await fixture.check(request)
  }
}
