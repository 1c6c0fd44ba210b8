import OTAAgent
import OTACore
import OTAStateMachine
import Synchronization
import Testing

@Suite struct PollingTests {
  /// Notes the pauses of an agent, and ends it after so many.
  private final class Pauses: Sendable {
    private let limit: Int
    private let log = Mutex<[Duration]>([])

    init(limit: Int) { self.limit = limit }

    var all: [Duration] { log.withLock { $0 } }

    func note(_ pause: Duration) throws {
      let count = log.withLock { log in
        log.append(pause)
        return log.count
      }
      if count == limit { throw CancellationError() }
    }
  }

  private func pauses(
    every interval: Duration, changing change: (inout SimulatedServer.State) -> Void
  ) async throws -> [Duration] {
    let vendor = try Vendor()
    let server = try SimulatedServer(offering: nil)
    server.change(change)
    let device = try TestDevice(
      .uniform(), running: Images.old(size: 3000), trusting: vendor.trustStore, over: server)
    let pauses = Pauses(limit: 3)
    device.configuration.sleep = { try pauses.note($0) }
    let agent = try #require(try device.start())
    guard case .waiting = await agent.run(every: interval) else {
      Issue.record("the agent wants to restart")
      return []
    }
    #expect(server.checks.count <= 3)
    return pauses.all
  }

  @Test(
    "The server may ask for another pause, within a tenth and ten times of the device's own",
    arguments: [(60, 60), (30, 30), (0, 6), (5, 6), (600, 600), (601, 600), (.max, 600)] as [(UInt32, Int)])
  func requestedPause(requested: UInt32, expected: Int) async throws {
    let pauses = try await pauses(every: .seconds(60)) { $0.pollSeconds = requested }
    #expect(pauses == [.seconds(expected), .seconds(expected), .seconds(expected)])
  }

  @Test("Without an answer of the server the device keeps its own pause")
  func noAnswer() async throws {
    let pauses = try await pauses(every: .seconds(60)) { $0.isReachable = false }
    #expect(pauses == [.seconds(60), .seconds(60), .seconds(60)])
  }
}
