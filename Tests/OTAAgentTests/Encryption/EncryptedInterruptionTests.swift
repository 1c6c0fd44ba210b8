import OTAAgent
import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAManifest
import OTAPartition
import OTAStateMachine
import Testing

/// Downloads of encrypted payloads that break off: the line, and the power.
@Suite struct EncryptedInterruptionTests {
  private let old = Images.old(size: 6500)
  private let new = Images.new(size: 6500)

  private func device(
    _ vendor: Vendor, _ server: SimulatedServer, _ secrets: DeviceSecrets
  ) throws -> TestDevice {
    let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
    device.configuration.payloadDecryption = try secrets.decryption
    return device
  }

  @Test(
    "Wherever the line breaks, the download goes on there and no byte comes twice",
    arguments: EncryptedForm.allCases, [true, false])
  func everyCut(_ form: EncryptedForm, asPatch: Bool) async throws {
    let (vendor, secrets) = (try Vendor(), try DeviceSecrets())
    let release = try await vendor.encrypting(
      try await vendor.release(new, from: asPatch ? old : nil), as: form, for: [secrets])
    let size = release.payload.count
    for cut in stride(from: 1, to: size, by: max(1, size / 23)) {
      let server = try SimulatedServer(offering: release)
      server.change { $0.cuts = [cut, .max] }
      let device = try device(vendor, server, secrets)
      #expect(try await device.run() == .idle, "cut at \(cut)")
      #expect(try device.runningImage() == new, "cut at \(cut)")
      #expect(server.payloadFetches == [0..<cut, cut..<size], "cut at \(cut)")
      await Task.yield()
    }
  }

  @Test(
    "A cut of the power at any operation: what is in the slot stays, and the download begins again",
    arguments: EncryptedForm.allCases, [true, false])
  func powerLoss(_ form: EncryptedForm, asPatch: Bool) async throws {
    let (vendor, secrets) = (try Vendor(), try DeviceSecrets())
    let release = try await vendor.encrypting(
      try await vendor.release(new, from: asPatch ? old : nil), as: form, for: [secrets])
    let undisturbed = try device(vendor, try SimulatedServer(offering: release), secrets)
    let before = undisturbed.modifications
    try await undisturbed.run()
    let operations = undisturbed.modifications - before
    try #require(operations > 10)
    var begunAgain = 0
    for operation in 0..<operations {
      for outcome in [TornOutcome.prefix(units: 1), .randomBits(seed: UInt64(operation))] {
        let server = try SimulatedServer(offering: release)
        let device = try device(vendor, server, secrets)
        device.flash.withFlash { $0.cutPower(atOperation: operation, outcome: outcome) }
        let what = "operation \(operation) of \(operations), \(outcome)"
        #expect(try await device.run(polls: 2) == .idle, "\(what)")
        #expect(try device.runningImage() == new, "\(what)")
        #expect(server.reports.last?.outcome == .installed, "\(what)")
        // Nobody begins in the middle of what is encrypted.
        #expect(server.payloadFetches.allSatisfy { $0.lowerBound == 0 }, "\(what)")
        if server.payloadFetches.count > 1 { begunAgain += 1 }
        await Task.yield()
      }
    }
    #expect(begunAgain > 0)
  }

  @Test("A line that breaks, then the power, then the line again")
  func mixed() async throws {
    let (vendor, secrets) = (try Vendor(), try DeviceSecrets())
    for form in EncryptedForm.allCases {
      let release = try await vendor.encrypting(try await vendor.release(new), as: form, for: [secrets])
      let server = try SimulatedServer(offering: release)
      server.change { $0.cuts = [700, 1900, 3000] }
      let device = try device(vendor, server, secrets)
      device.flash.withFlash { $0.cutPower(atOperation: 8, outcome: .partial(after: 1, seed: 3)) }
      #expect(try await device.run(polls: 2) == .idle, "\(form)")
      #expect(try device.runningImage() == new, "\(form)")
    }
  }
}
