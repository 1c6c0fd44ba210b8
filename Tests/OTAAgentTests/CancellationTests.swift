import OTAAgent
import OTACore
import OTAFlashSimulator
import OTAManifest
import OTAStateMachine
import Synchronization
import Testing

/// Something that a test wants done from inside an agent's policy or transport.
private final class Hook: Sendable {
  private let action = Mutex<(@Sendable () async -> Void)?>(nil)

  func set(_ action: @escaping @Sendable () async -> Void) { self.action.withLock { $0 = action } }

  func callAsFunction() async {
    let action = action.withLock { $0 }
    await action?()
  }
}

private struct HookedPolicy: UpdatePolicy {
  let hook: Hook

  func mayInstall(_ manifest: Manifest) async -> PolicyDecision {
    await hook()
    return .accept
  }

  func mayRestart(_ manifest: Manifest) async -> PolicyDecision { .accept }
}

private struct HookedTransport: Transport {
  let inner: SimulatedServer
  let hook: Hook

  func exchange(
    _ request: TransportRequest, limit: Int
  ) async throws(TransportError) -> TransportResponse {
    try await inner.exchange(request, limit: limit)
  }

  func open(
    _ reference: String, from offset: UInt64
  ) async throws(TransportError) -> any TransportStream {
    let stream = try await inner.open(reference, from: offset)
    if !inner.payloadFetchesBegun.isEmpty { await hook() }
    return stream
  }
}

@Suite struct CancellationTests {
  let old = Images.old(size: 9000)
  let new = Images.new(size: 9000)

  @Test("What is cancelled while policy thinks about it is not begun")
  func beforeDownload() async throws {
    let vendor = try Vendor()
    let server = try SimulatedServer(offering: try await vendor.release(new, from: old))
    let hook = Hook()
    let device = try TestDevice(
      .uniform(), running: old, trusting: vendor.trustStore, over: server, policy: HookedPolicy(hook: hook))
    let before = device.modifications
    let agent = try #require(try device.start())
    hook.set { _ = await agent.cancel() }
    _ = await agent.start()
    #expect(await agent.poll() == .waiting(.error(.cancelled)))
    #expect(device.modifications == before)
    #expect(server.payloadFetches.isEmpty)
    #expect(server.reports.map(\.outcome) == [.failed(.cancelled)])
  }

  @Test("A download that is cancelled ends at once, and the next poll begins anew")
  func duringDownload() async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(new)
    let server = try SimulatedServer(offering: release)
    let hook = Hook()
    let device = try TestDevice(
      .uniform(), running: old, trusting: vendor.trustStore, over: HookedTransport(inner: server, hook: hook))
    let agent = try #require(try device.start())
    hook.set { _ = await agent.cancel() }
    _ = await agent.start()
    #expect(await agent.poll() == .waiting(.error(.cancelled)))
    #expect(server.payloadFetches.map(\.count).reduce(0, +) < release.payload.count)
    #expect(server.reports.map(\.outcome) == [.failed(.cancelled)])
    hook.set {}
    #expect(await agent.poll() == .restart)
    #expect(try await device.run() == .idle)
    #expect(try device.runningImage() == new)
  }

  @Test("An update that waits for leave to restart can still be cancelled")
  func beforeRestart() async throws {
    let vendor = try Vendor()
    let server = try SimulatedServer(offering: try await vendor.release(new, from: old))
    let device = try TestDevice(
      .uniform(), running: old, trusting: vendor.trustStore, over: server,
      policy: ScriptedPolicy(.accept, .postpone))
    let agent = try #require(try device.start())
    _ = await agent.start()
    _ = await agent.poll()
    #expect(await agent.cancel() == .waiting(.error(.cancelled)))
    #expect(try device.runningImage() == old)
    #expect(try device.state().update == .idle)
  }

  @Test("At rest there is nothing to cancel, and a late request does not hit the next poll")
  func atRest() async throws {
    let vendor = try Vendor()
    let server = try SimulatedServer(offering: try await vendor.release(new, from: old))
    let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
    let agent = try #require(try device.start())
    _ = await agent.start()
    #expect(await agent.cancel() == .waiting(.idle))
    #expect(await agent.poll() == .restart)
  }

  @Test("When the program ends in a pause, the update is interrupted, not given up")
  func taskCancelled() async throws {
    let vendor = try Vendor()
    let release = try await vendor.release(new)
    let server = try SimulatedServer(offering: release)
    server.change { $0.cuts = [5000, 0] }
    let device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
    device.configuration.sleep = { _ in throw CancellationError() }
    let agent = try #require(try device.start())
    #expect(await agent.run(every: .seconds(1)) == .waiting(.error(.transportInterrupted)))
    #expect(server.reports.isEmpty)
    guard case .staging = try device.state().update else {
      Issue.record("what was staged is forgotten")
      return
    }
  }
}
