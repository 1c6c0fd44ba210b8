import OTAAgent
import OTACore
import OTAManifest
import OTAStateMachine
import Testing

@Suite struct InterruptionTests {
  let old = Images.old(size: 9000)
  let new = Images.new(size: 9000)

  private func run(
    _ release: Release, _ vendor: Vendor, cuts: [Int], polls: Int = 1
  ) async throws -> (SimulatedServer, TestDevice, UpdateState) {
    let server = try SimulatedServer(offering: release)
    server.change { $0.cuts = cuts }
    let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
    let state = try await device.run(polls: polls)
    return (server, device, state)
  }

  @Test("Wherever a download breaks off, it goes on there and no byte comes twice", arguments: [true, false])
  func everyCut(asPatch: Bool) async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(new, from: asPatch ? old : nil)
    let size = release.payload.count
    for cut in stride(from: 1, to: size, by: max(1, size / 60)) {
      let (server, device, state) = try await run(release, vendor, cuts: [cut, .max])
      await Task.yield()
      #expect(state == .idle, "cut at \(cut)")
      #expect(try device.runningImage() == new, "cut at \(cut)")
      #expect(server.payloadFetches == [0..<cut, cut..<size], "cut at \(cut)")
    }
  }

  @Test("A line that breaks after every few bytes is no obstacle as long as something arrives")
  func slowLine() async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(new, from: nil)
    let (server, device, state) = try await run(release, vendor, cuts: [1100])
    #expect(state == .idle)
    #expect(try device.runningImage() == new)
    #expect(server.payloadFetches.map(\.count).reduce(0, +) == release.payload.count)
    #expect(server.payloadFetches.count > 8)
  }

  @Test("A dead line ends the attempt; the next poll goes on with what arrived")
  func deadLine() async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(new, from: old)
    let server = try SimulatedServer(offering: release)
    let cut = release.payload.count / 3
    server.change { $0.cuts = [cut, 0] }
    let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
    let agent = try #require(try device.start())
    _ = await agent.start()
    #expect(await agent.poll() == .waiting(.error(.transportInterrupted)))
    server.change { $0.cuts = [] }
    #expect(await agent.poll() == .restart)
    #expect(server.payloadFetches == [0..<cut, cut..<release.payload.count])
  }

  @Test("Without a server there is no update and no change", arguments: [0, 404, 500, 503])
  func noServer(status: Int) async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(new, from: old)
    let server = try SimulatedServer(offering: release)
    server.change { state in
      if status == 0 { state.isReachable = false } else { state.statuses["/api/v1/updates/check"] = status }
    }
    let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
    let before = device.modifications
    let expected: ErrorCode = status == 0 ? .transportUnreachable : .transportStatus
    #expect(try await device.run() == .error(expected))
    #expect(device.modifications == before)
    // With the server back, the same device updates itself.
    server.change { state in
      state.isReachable = true
      state.statuses = [:]
    }
    #expect(try await device.run() == .idle)
    #expect(try device.runningImage() == new)
  }
}
