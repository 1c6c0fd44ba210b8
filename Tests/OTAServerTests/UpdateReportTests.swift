import Foundation
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAServer
import Testing

@Suite struct UpdateReportTests {
  private func offered() async throws -> (Fixture, PublishedUpdate) {
    let fixture = try await Fixture()
    let payload = [UInt8](repeating: 4, count: 100)
    let update = try await fixture.publish(Fixture.manifest(payload, sequenceNumber: 2), payload)
    _ = try await fixture.check(fixture.checkRequest())
    return (fixture, update)
  }

  @Test(
    "a receipt brings the deployment into the state that it proves",
    arguments: [
      (Report.Outcome.installed, DeploymentState.installed),
      (.failed(.payloadDigestMismatch), .failed), (.reverted(.healthCheckFailed), .reverted),
    ])
  func outcome(outcome: Report.Outcome, state: DeploymentState) async throws {
    let (fixture, update) = try await offered()
    let offeredAt = fixture.clock.now
    fixture.clock.advance()
    let receipt = try await fixture.receipt(update.id, outcome)
    let response = try await fixture.report(receipt)
    #expect(response == ServerResponse(status: 204))

    let deployment = Deployment(
      device: fixture.device.id, update: update.id, state: state, code: outcome.code, offeredAt: offeredAt,
      reportedAt: fixture.clock.now)
    #expect(try await fixture.server.deployments(of: fixture.device.id) == [deployment])
    let statistics = try #require(try await fixture.server.statistics().first)
    #expect(statistics.offered == 0)
    #expect(statistics.installed == (state == .installed ? 1 : 0))
    #expect(statistics.failed == (state == .failed ? 1 : 0))
    #expect(statistics.reverted == (state == .reverted ? 1 : 0))
    let stored = try await fixture.server.receipts(of: fixture.device.id)
    #expect(stored.map(\.bytes) == [receipt])
    #expect(stored.first?.receipt.report.outcome == outcome)
    #expect(stored.first?.receipt.imageDigest == Fixture.digest([7]))
    #expect(try await fixture.server.deviceStatuses().first?.lastReceipt == stored.first?.receipt)
  }

  @Test("a receipt that comes again is answered as before and changes nothing")
  func idempotence() async throws {
    let (fixture, update) = try await offered()
    let failed = try await fixture.receipt(update.id, .failed(.imageTooLarge))
    let installed = try await fixture.receipt(update.id, .installed)
    #expect(try await fixture.report(failed).status == 204)
    #expect(try await fixture.report(installed).status == 204)
    let deployments = try await fixture.server.deployments(of: fixture.device.id)
    #expect(deployments.map(\.state) == [.installed])
    // An old receipt that somebody sends again does not bring its state back.
    fixture.clock.advance()
    #expect(try await fixture.report(failed).status == 204)
    #expect(try await fixture.server.deployments(of: fixture.device.id) == deployments)
    #expect(try await fixture.server.receipts(of: fixture.device.id).map(\.bytes) == [failed, installed])
  }

  @Test("an offer that comes late does not undo a report")
  func lateOffer() async throws {
    let (fixture, update) = try await offered()
    let receipt = try await fixture.receipt(update.id, .installed)
    #expect(try await fixture.report(receipt).status == 204)
    _ = try await fixture.check(fixture.checkRequest())
    #expect(try await fixture.server.deployments(of: fixture.device.id).map(\.state) == [.installed])
  }

  @Test("what failed on a device is not offered to it again, but another variant is")
  func failedVariant() async throws {
    let (fixture, whole) = try await offered()
    let image = [UInt8](repeating: 4, count: 100)
    let delta = try await fixture.publish(
      Fixture.manifest([1, 2], sequenceNumber: 2, delta: (image: image, source: [0], memory: 10)), [1, 2])
    #expect(try await fixture.check(fixture.checkRequest()).update?.id == delta.id.description)
    let receipt = try await fixture.receipt(delta.id, .failed(.deltaMalformed))
    #expect(try await fixture.report(receipt).status == 204)
    #expect(try await fixture.check(fixture.checkRequest()).update?.id == whole.id.description)
  }

  @Test(
    "what failed on the way, where others may have a hand in it, is offered again",
    arguments: ErrorCode.reasonsOfDelivery)
  func failedDelivery(code: ErrorCode) async throws {
    let (fixture, update) = try await offered()
    #expect(try await fixture.report(try await fixture.receipt(update.id, .failed(code))).status == 204)
    #expect(try await fixture.check(fixture.checkRequest()).update?.id == update.id.description)
    #expect(try await fixture.server.deployments(of: fixture.device.id).map(\.state) == [.failed])
    let definite = try await fixture.receipt(update.id, .failed(.imageDigestMismatch))
    #expect(try await fixture.report(definite).status == 204)
    #expect(try await fixture.check(fixture.checkRequest()).update == nil)
  }

  @Test("an image that a device gave up is not offered to it in any variant, but the next one is")
  func revertedImage() async throws {
    let (fixture, whole) = try await offered()
    let image = [UInt8](repeating: 4, count: 100)
    try await fixture.publish(
      Fixture.manifest([1, 2], sequenceNumber: 3, delta: (image: image, source: [0], memory: 10)), [1, 2])
    let receipt = try await fixture.receipt(whole.id, .reverted(.healthCheckFailed))
    #expect(try await fixture.report(receipt).status == 204)
    #expect(try await fixture.check(fixture.checkRequest()).update == nil)
    let next = try await fixture.publish(Fixture.manifest([9], sequenceNumber: 4), [9])
    #expect(try await fixture.check(fixture.checkRequest()).update?.id == next.id.description)
  }

  @Test("a receipt that does not verify is refused, and nothing is kept of it")
  func forged() async throws {
    let (fixture, update) = try await offered()
    let stranger = SodiumSigner(try Ed25519PrivateKey.generate())
    let good = try await fixture.receipt(update.id, .installed)
    var forged = [
      try await fixture.receipt(update.id, .installed, signer: stranger),
      try await fixture.receipt(update.id, .installed, device: UniversalIdentifier(high: 9, low: 9)),
      good + [0], Array(good.dropLast()), [UInt8](repeating: 0, count: 100), [0xFF],
    ]
    for index in stride(from: 0, to: good.count, by: 7) {
      var damaged = good
      damaged[index] ^= 1
      forged.append(damaged)
    }
    for receipt in forged {
      let response = try await fixture.report(receipt)
      #expect(response.status == 403)
      #expect(try response.errorCode() == .receiptRefused)
    }
    #expect(try await fixture.server.receipts(of: fixture.device.id).isEmpty)
    #expect(try await fixture.server.deployments(of: fixture.device.id).map(\.state) == [.offered])
  }

  @Test("a device cannot report for another one")
  func otherDevice() async throws {
    let (fixture, update) = try await offered()
    let signer = SodiumSigner(try Ed25519PrivateKey.generate())
    let other = RegisteredDevice(
      id: UniversalIdentifier(high: 4, low: 4), vendorID: Fixture.vendor, classID: Fixture.product,
      hardwareRevision: 2, publicKey: signer.publicKey)
    try await fixture.server.register(other)
    // Signed well by the other device, which names the victim inside, outside or both.
    let inside = try await fixture.receipt(update.id, .installed, signer: signer)
    let honest = try await fixture.receipt(update.id, .installed, device: other.id, signer: signer)
    for (receipt, name) in [(inside, other.id), (inside, fixture.device.id), (honest, fixture.device.id)] {
      let response = try await fixture.post(
        "/api/v1/updates/report",
        UpdateReportRequest(device: name.description, receipt: Data(receipt).base64EncodedString()))
      #expect(response.status == 403)
    }
    #expect(try await fixture.server.deployments(of: fixture.device.id).map(\.state) == [.offered])
    #expect(try await fixture.server.deployments(of: other.id).isEmpty)
  }

  @Test("a receipt for an update that was never published is refused")
  func unknownUpdate() async throws {
    let (fixture, _) = try await offered()
    let response = try await fixture.report(try await fixture.receipt(Fixture.digest([42]), .installed))
    #expect(response.status == 404)
    #expect(try response.errorCode() == .unknownUpdate)
    #expect(try await fixture.server.receipts(of: fixture.device.id).isEmpty)
  }

  @Test(
    "a report from a device that is not registered, or without a readable receipt, is refused",
    arguments: [
      ("00000000-0000-0000-0000-000000000009", "AAAA", 404), ("x", "AAAA", 400),
      ("00000000-0000-0003-0000-000000000003", "", 400), ("00000000-0000-0003-0000-000000000003", "!", 400),
      ("00000000-0000-0003-0000-000000000003", String(repeating: "A", count: 8192), 400),
      ("00000000-0000-0003-0000-000000000003", "AAAA", 403),
    ])
  func malformed(device: String, receipt: String, status: Int) async throws {
    let (fixture, _) = try await offered()
    let response = try await fixture.post(
      "/api/v1/updates/report", UpdateReportRequest(device: device, receipt: receipt))
    #expect(response.status == status)
    #expect(try response.errorCode() != nil)
  }
}
