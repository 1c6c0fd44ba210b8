import OTAAgent
import OTACore
import OTAManifest
import OTAPartition
import OTAStateMachine
import Testing

@Suite struct CycleTests {
  let old = Images.old(size: 9000)
  let new = Images.new(size: 9000)

  private func device(
    _ server: SimulatedServer, _ vendor: Vendor, health: any HealthCheck = Verdict(.healthy),
    policy: any UpdatePolicy = AutomaticPolicy()
  ) throws -> TestDevice {
    try TestDevice(
      .uniform(), running: old, trusting: vendor.trustStore, over: server, health: health, policy: policy)
  }

  private func server(_ release: Release?) throws -> SimulatedServer {
    try SimulatedServer(offering: release)
  }

  @Test("A device installs, confirms and reports", arguments: [true, false])
  func installs(asPatch: Bool) async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(new, from: asPatch ? old : nil)
    let server = try server(release)
    let device = try device(server, vendor)
    #expect(try await device.run() == .idle)
    #expect(try device.runningImage() == new)
    let state = try device.state()
    #expect(state.boot.selection == .confirmed(.b))
    #expect(state.boot.securityCounter == SequenceNumber(2))
    #expect(state.update == .idle)
    #expect(device.starts.map(\.kind) == [.confirmed, .trial(attemptsLeft: 2)])
    let receipt = try #require(server.reports.first)
    #expect(server.reports.count == 1)
    #expect(receipt.outcome == .installed)
    #expect(receipt.updateID == release.updateID)
    #expect(receipt.runningImage == release.manifest.image.digest)
    #expect(receipt.deviceID == TestDevice.profile().deviceID)
  }

  @Test(
    "Of a patch and the image in one manifest, a device fetches what it can use", arguments: [true, false])
  func choosesPayload(isOnOld: Bool) async throws {
    let vendor = try Vendor()
    var source = old
    if !isOnOld { source[0] ^= 1 }
    let patch = try await vendor.release(new, from: source)
    let release = try await vendor.release(new) { $0.alternatives = [patch.manifest.payload] }
    let server = try server(release)
    server.change { $0.bodies[String(decoding: patch.manifest.payload.uri, as: UTF8.self)] = patch.payload }
    let device = try device(server, vendor)
    #expect(try await device.run() == .idle)
    #expect(try device.runningImage() == new)
    // Fetches of the image are counted, those of the patch are not.
    #expect(server.payloadFetches.count == (isOnOld ? 0 : 1))
  }

  @Test("A device that is up to date does nothing")
  func nothingToDo() async throws {
    let vendor = try Vendor()
    let server = try server(nil)
    let device = try device(server, vendor)
    let before = device.modifications
    #expect(try await device.run(polls: 3) == .idle)
    #expect(device.modifications == before)
    let check = try #require(server.checks.first)
    #expect(check.sequenceNumber == 1)
    #expect(check.version == "1.1.0")
    #expect(check.imageDigest == "\(Vendor.description(of: old).digest)")
    #expect(check.deltaFormats == ["bsdiff43", "native"])
  }

  @Test("A quick native patch, which only devices with an operating system decode")
  func quickPatch() async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(new, from: old, format: .native)
    #expect(release.payload[5] == 3)
    let server = try server(release)
    let device = try device(server, vendor)
    #expect(try await device.run() == .idle)
    #expect(try device.runningImage() == new)
    #expect(server.reports.map(\.outcome) == [.installed])
  }

  @Test("Updates follow one another, from slot to slot")
  func severalUpdates() async throws {
    let vendor = try Vendor()
    let server = try server(nil)
    let device = try device(server, vendor)
    var running = old
    for number in 2...5 as ClosedRange<UInt64> {
      var next = running
      next[Int(number) * 100] ^= 0xff
      let release = try await vendor.release(next, from: running, sequenceNumber: number)
      server.change { $0.release = release }
      #expect(try await device.run() == .idle)
      #expect(try device.runningImage() == next)
      #expect(try device.state().boot.selection == .confirmed(number % 2 == 0 ? .b : .a))
      running = next
    }
    #expect(server.reports.map(\.outcome) == [.installed, .installed, .installed, .installed])
  }

  @Test("An image that is not healthy is reverted, with its reason reported")
  func reverts() async throws {
    let vendor = try Vendor()
    let server = try server(try await vendor.release(new, from: old))
    let device = try device(server, vendor, health: Verdict(.unhealthy(.healthCheckFailed)))
    #expect(try await device.run() == .error(.healthCheckFailed))
    #expect(try device.runningImage() == old)
    #expect(device.starts.map(\.kind) == [.confirmed, .trial(attemptsLeft: 2), .confirmed])
    #expect(try device.state().boot.securityCounter == SequenceNumber(1))
    let receipt = try #require(server.reports.first)
    #expect(receipt.outcome == .reverted(.healthCheckFailed))
    #expect(receipt.runningImage == Vendor.description(of: old).digest)
  }

  @Test("A health check that never answers counts as unhealthy")
  func healthTimeout() async throws {
    struct Silence: HealthCheck {
      func check(_ image: ImageRecord) async -> HealthVerdict {
        try? await Task.sleep(for: .seconds(3600))
        return .healthy
      }
    }
    let vendor = try Vendor()
    let server = try server(try await vendor.release(new, from: old))
    let device = try device(server, vendor, health: Silence())
    device.configuration.sleep = { _ in }
    #expect(try await device.run() == .error(.healthCheckTimeout))
    #expect(try device.runningImage() == old)
    #expect(server.reports.map(\.outcome) == [.reverted(.healthCheckTimeout)])
  }

  @Test("An image that never gets as far as its agent is given up when its attempts are spent")
  func attemptsExhausted() async throws {
    let vendor = try Vendor()
    let server = try server(try await vendor.release(new, from: old))
    let device = try device(server, vendor)
    let agent = try #require(try device.start())
    _ = await agent.start()
    #expect(await agent.poll() == .restart)
    // The new image crashes three times before it starts an agent.
    for _ in 0..<3 { _ = try device.start() }
    #expect(try await device.run(polls: 0) == .error(.bootAttemptsExhausted))
    #expect(
      device.starts.map(\.kind) == [
        .confirmed, .trial(attemptsLeft: 2), .trial(attemptsLeft: 1), .trial(attemptsLeft: 0),
        .reverted(.bootAttemptsExhausted),
      ])
    #expect(try device.runningImage() == old)
    #expect(server.reports.map(\.outcome) == [.reverted(.bootAttemptsExhausted)])
  }

  @Test("Policy can postpone twice, before the download and before the restart")
  func postpones() async throws {
    let vendor = try Vendor()
    let server = try server(try await vendor.release(new, from: old))
    let device = try device(server, vendor, policy: ScriptedPolicy(.postpone, .accept, .postpone))
    let before = device.modifications
    let agent = try #require(try device.start())
    _ = await agent.start()
    guard case .waiting(.offered) = await agent.poll() else {
      Issue.record("not waiting for leave to install: \(await agent.state)")
      return
    }
    #expect(device.modifications == before)
    #expect(server.payloadFetches.isEmpty)
    guard case .waiting(.readyToApply) = await agent.poll() else {
      Issue.record("not waiting for leave to restart: \(await agent.state)")
      return
    }
    #expect(try device.state().boot.selection == .confirmed(.a))
    #expect(await agent.poll() == .restart)
    #expect(try device.state().boot.selection == .trial(.b, attemptsLeft: 3))
  }

  @Test("Policy can refuse, and the server is told")
  func rejects() async throws {
    let vendor = try Vendor()
    let server = try server(try await vendor.release(new, from: old))
    let device = try device(server, vendor, policy: ScriptedPolicy(.reject))
    let before = device.modifications
    #expect(try await device.run() == .error(.policyRejected))
    #expect(device.modifications == before)
    #expect(server.reports.map(\.outcome) == [.failed(.policyRejected)])
  }

  @Test("A report that cannot be sent is kept over restarts until it can")
  func reportWaits() async throws {
    let vendor = try Vendor()
    let server = try server(try await vendor.release(new, from: old))
    server.change { $0.statuses["/api/v1/updates/report"] = 503 }
    let device = try device(server, vendor)
    guard case .reporting = try await device.run() else {
      Issue.record("the report is not kept")
      return
    }
    #expect(try device.state().boot.selection == .confirmed(.b))
    guard case .reporting = try device.state().update else {
      Issue.record("the journal does not hold the report")
      return
    }
    server.change { $0.statuses = [:] }
    #expect(try await device.run(polls: 0) == .idle)
    #expect(server.reports.map(\.outcome) == [.installed])
    #expect(try device.state().update == .idle)
  }

  @Test("A report that the server refuses for good is not sent for ever")
  func reportRefused() async throws {
    let vendor = try Vendor()
    let server = try server(try await vendor.release(new, from: old))
    server.change { $0.statuses["/api/v1/updates/report"] = 403 }
    let device = try device(server, vendor)
    #expect(try await device.run() == .error(.receiptRefused))
    #expect(try device.state().update == .idle)
    #expect(try device.runningImage() == new)
  }
}
