import Foundation
import OTAAgent
import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAManifest
import OTAPartition
import OTAStateMachine
import Testing

/// Cuts the power at every flash operation of a whole update, from the first check to the delivered report.
@Suite struct PowerLossTests {
  enum Geometry: String, CaseIterable {
    case uniform, mixed

    func setting() throws -> TestDevice.Setting {
      switch self {
      case .uniform: try .uniform()
      case .mixed: try .mixed()
      }
    }
  }

  /// One way to go from one image to another.
  struct Scenario: CustomTestStringConvertible {
    var isPatch: Bool
    /// Whether the manifest has the digests of the blocks of the image.
    var hasImageBlocks = false
    var isHealthy: Bool

    var testDescription: String {
      let payload = isPatch ? hasImageBlocks ? "a patch, blocks authenticated" : "a patch" : "a whole image"
      return "\(payload), \(isHealthy ? "confirmed" : "reverted")"
    }

    static let all = [
      Scenario(isPatch: true, isHealthy: true), Scenario(isPatch: false, isHealthy: true),
      Scenario(isPatch: true, isHealthy: false),
      Scenario(isPatch: true, hasImageBlocks: true, isHealthy: true),
    ]
  }

  let old = Images.old(size: 6500)
  let new = Images.new(size: 6500)

  private func device(
    _ geometry: Geometry, _ scenario: Scenario, _ server: SimulatedServer, _ vendor: Vendor
  ) throws -> TestDevice {
    try TestDevice(
      geometry.setting(), running: old, trusting: vendor.trustStore, over: server,
      health: Verdict(scenario.isHealthy ? .healthy : .unhealthy(.healthCheckFailed)))
  }

  private func outcomes(seed: UInt64) -> [TornOutcome] {
    [
      .notDone, .prefix(units: 1), .randomBits(seed: seed), .partial(after: 1, seed: seed),
      .unstable(after: 0), .done,
    ]
  }

  /// What must hold at the end, whatever happened on the way.
  private func expectGoodEnd(
    _ device: TestDevice, _ scenario: Scenario, _ state: UpdateState, _ what: @autoclosure () -> String
  ) throws {
    let running = try device.runningImage()
    let boot = try device.state().boot
    if scenario.isHealthy {
      #expect(running == new, "\(what()): does not run the new image")
      #expect(state == .idle, "\(what())")
      #expect(boot.securityCounter == SequenceNumber(2), "\(what())")
    } else {
      #expect(running == old, "\(what()): does not run the old image again")
      #expect(boot.securityCounter == SequenceNumber(1), "\(what())")
    }
    #expect(boot.selection == .confirmed(boot.selection.slot), "\(what()): is still on trial")
    // Each start verified what it booted; it was one of the two images, whole.
    for start in device.starts {
      let image = start.image.image
      #expect(
        image == Vendor.description(of: old) || image == Vendor.description(of: new),
        "\(what()): booted something else")
    }
  }

  @Test(
    "A cut at any operation, torn in any way: the update still comes to its end",
    arguments: Geometry.allCases, Scenario.all)
  func everyOperation(geometry: Geometry, scenario: Scenario) async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(new, from: scenario.isPatch ? old : nil) {
      if scenario.hasImageBlocks {
        $0.imageBlocks = BlockDigests(of: new, hash: SodiumSHA256.self, blockSize: 1000)
      }
    }
    let undisturbed = try device(geometry, scenario, try SimulatedServer(offering: release), vendor)
    let before = undisturbed.modifications
    try await undisturbed.run()
    let operations = undisturbed.modifications - before
    try #require(operations > 10)
    var cuts = 0
    for operation in 0..<operations {
      for outcome in outcomes(seed: UInt64(operation)) {
        let server = try SimulatedServer(offering: release)
        let device = try device(geometry, scenario, server, vendor)
        device.flash.withFlash { $0.cutPower(atOperation: operation, outcome: outcome) }
        let state = try await device.run(polls: scenario.isHealthy ? 2 : 1)
        let what = "\(geometry), operation \(operation) of \(operations), \(outcome)"
        try expectGoodEnd(device, scenario, state, what)
        #expect(
          server.reports.last?.outcome == (scenario.isHealthy ? .installed : .reverted(.healthCheckFailed)),
          "\(what)")
        cuts += 1
        // Other tests wait for the same few threads, some of them for an answer in time.
        await Task.yield()
      }
    }
    print("power cuts: \(cuts) (\(geometry.rawValue), \(scenario.testDescription))")
  }

  @Test(
    "A second cut while the device recovers from the first: 400 pairs at random", arguments: Geometry.allCases
  )
  func twoCuts(geometry: Geometry) async throws {
    let vendor = try Vendor()
    let scenario = Scenario(isPatch: true, isHealthy: true)
    let release = try await vendor.release(new, from: old)
    let fixed = ProcessInfo.processInfo.environment["OTA_SEED"].flatMap { UInt64($0) }
    let seed = fixed ?? UInt64.random(in: 0 ... .max)
    print("second cuts: OTA_SEED=\(seed)")
    var generator = SplitMix64(seed: seed)
    for pair in 0..<400 {
      let server = try SimulatedServer(offering: release)
      let device = try device(geometry, scenario, server, vendor)
      let first = Int(generator.next() % 45)
      let second = Int(generator.next() % 45)
      let outcomes = outcomes(seed: generator.next())
      let tears = [outcomes[Int(generator.next() % 6)], outcomes[Int(generator.next() % 6)]]
      device.flash.withFlash { $0.cutPower(atOperation: first, outcome: tears[0]) }
      let agent = try device.start()
      _ = await agent?.start()
      _ = await agent?.poll()
      if !device.flash.snapshot.isPowered {
        device.flash.withFlash { flash in
          flash.restorePower(seed: seed)
          flash.cutPower(atOperation: second, outcome: tears[1])
        }
      }
      let state = try await device.run(polls: 2)
      await Task.yield()
      try expectGoodEnd(
        device, scenario, state, "seed \(seed), pair \(pair): \(first) \(tears[0]), \(second) \(tears[1])")
    }
  }
}
