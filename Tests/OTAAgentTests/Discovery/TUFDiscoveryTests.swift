import Foundation
import OTAAgent
import OTAAgentTUF
import OTACore
import OTAStateMachine
import OTATUF
import Synchronization
import Testing

/// An agent that requires TUF for discovery and a signed manifest for installation, and who attacks one of the two.
@Suite("An agent that discovers updates by TUF")
struct TUFDiscoveryTests {
  let old = Images.old(size: 5000)
  let new = Images.new(size: 5000)

  /// A device with a running image, its server and its repository.
  private struct World {
    let vendor: Vendor
    let release: Release
    let server: SimulatedServer
    let releases: PublishedReleases
    let device: TestDevice
    let notices = Notices()

    init(old: [UInt8], new: [UInt8], isPublished: Bool = true) async throws {
      vendor = try Vendor()
      release = try await vendor.release(new)
      server = try SimulatedServer(offering: release)
      releases = try await PublishedReleases()
      if isPublished { try await releases.add(release) }
      device = try TestDevice(.uniform(), running: old, trusting: vendor.trustStore, over: server)
      device.configuration.discovery = try releases.discovery()
      let notices = notices
      device.configuration.observer = { notices.take($0) }
    }

    /// Polls once, and expects that nothing is installed, fetched, written or reported.
    func expectNothing(
      _ code: ErrorCode, _ threat: ThreatClass?, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
      let before = device.modifications
      #expect(try await device.run() == .error(code), sourceLocation: sourceLocation)
      #expect(device.modifications == before, sourceLocation: sourceLocation)
      #expect(server.payloadFetchesBegun.isEmpty && server.reports.isEmpty, sourceLocation: sourceLocation)
      #expect(notices.threats.last?.code == (threat == nil ? nil : code), sourceLocation: sourceLocation)
      #expect(notices.threats.last?.threat == threat, sourceLocation: sourceLocation)
    }
  }

  private final class Notices: Sendable {
    private let list = Mutex<[AgentNotice]>([])
    func take(_ notice: AgentNotice) { list.withLock { $0.append(notice) } }
    var threats: [ThreatEvent] {
      list.withLock { $0 }.compactMap { if case .threat(let event) = $0 { event } else { nil } }
    }
  }

  @Test("installs what the repository publishes and the vendor has signed")
  func installed() async throws {
    let world = try await World(old: old, new: new)
    try await world.device.run()
    #expect(try world.device.runningImage() == new)
    #expect(world.notices.threats.isEmpty)
  }

  @Test("does not look at what a compromised server offers and the repository does not publish")
  func notPublished() async throws {
    let world = try await World(old: old, new: new, isPublished: false)
    try await world.expectNothing(.unknownTarget, .compromisedServer)
    // Withdrawn is the same, though its signature is still good.
    try await world.releases.add(world.release)
    try await world.releases.publish { writer in
      try writer.remove(
        TUFDiscovery.defaultPath(of: world.release.updateID), at: PublishedReleases.now)
    }
    try await world.expectNothing(.unknownTarget, .compromisedServer)
  }

  @Test("does not install what a thief of the repository's keys publishes without the vendor's signature")
  func stolenRepository() async throws {
    let world = try await World(old: old, new: new)
    let stranger = try Vendor()
    let forged = try await stranger.release(new, sequenceNumber: 3)
    try await world.releases.add(forged)
    world.server.change { $0.release = forged }
    let before = world.device.modifications
    #expect(try await world.device.run() == .error(.unknownKey))
    #expect(world.device.modifications == before)
    #expect(world.notices.threats.last?.threat == .supplyChain)
  }

  @Test("finds a freeze out when the timestamp expires, also if the server says that there is nothing new")
  func freeze() async throws {
    let world = try await World(old: old, new: new)
    world.server.change { $0.release = nil }
    world.releases.clock.withLock { $0 += 86_399 }
    #expect(try await world.device.run() == .idle)
    #expect(world.notices.threats.isEmpty)
    world.releases.clock.withLock { $0 += 1 }
    try await world.expectNothing(.repositoryExpired, .freeze)
    // The server was not even asked.
    #expect(world.server.checks.count == 1)
  }

  @Test("refuses a repository that goes back to how it was")
  func rollback() async throws {
    let world = try await World(old: old, new: new)
    let timestamp = try world.releases.file("metadata/timestamp.json")
    world.server.change { $0.release = nil }
    try await world.releases.publish { _ in }
    #expect(try await world.device.run() == .idle)
    world.server.change { $0.release = world.release }
    world.releases.serve(timestamp, as: "metadata/timestamp.json")
    try await world.expectNothing(.repositoryRollback, .rollback)
  }

  @Test("refuses metadata of different times, put together")
  func mixAndMatch() async throws {
    let world = try await World(old: old, new: new)
    for name in ["snapshot", "targets"] {
      let first = try world.releases.file("metadata/1.\(name).json")
      world.releases.serve(first, as: "metadata/2.\(name).json")
      try await world.expectNothing(.repositoryMixAndMatch, .mixAndMatch)
      world.releases.served.withLock { $0 = [:] }
    }
    try await world.device.run()
    #expect(try world.device.runningImage() == new)
  }

  @Test("refuses an envelope with any bit changed, one that is longer, and metadata without end")
  func changed() async throws {
    let world = try await World(old: old, new: new)
    let digest = world.release.updateID
    let name = "targets/manifests/\(digest).\(digest).suit"
    let envelope = try world.releases.file(name)
    #expect(envelope == world.release.envelope)
    for index in stride(from: 0, to: envelope.count, by: 41) {
      var changed = envelope
      changed[index] ^= 0x10
      world.releases.serve(changed, as: name)
      try await world.expectNothing(.targetMismatch, .manInTheMiddle)
    }
    world.releases.serve(envelope + [0], as: name)
    try await world.expectNothing(.repositoryEndlessData, .endlessData)
    world.releases.serve([UInt8](repeating: 0x20, count: 20_000), as: "metadata/timestamp.json")
    try await world.expectNothing(.repositoryEndlessData, .endlessData)
    world.releases.serve(nil, as: "metadata/timestamp.json")
    #expect(try await world.device.run() == .error(.repositoryFileMissing))
  }

  @Test("asks a server less often after a burst of refusals, and still asks")
  func slowedDown() async throws {
    let world = try await World(old: old, new: new, isPublished: false)
    let pauses = Pauses()
    world.device.configuration.sleep = { try pauses.take($0) }
    let agent = try #require(try world.device.start())
    _ = await agent.run(every: .seconds(1))
    #expect(pauses.taken.prefix(3).allSatisfy { $0 == .seconds(1) })
    #expect(pauses.taken[4...7] == [.seconds(2), .seconds(4), .seconds(8), .seconds(10)])
    #expect(world.server.checks.count == pauses.taken.count + 1)
  }

  /// Pauses that take no time; after the tenth the program ends.
  private final class Pauses: Sendable {
    private let list = Mutex<[Duration]>([])
    struct Over: Error {}
    var taken: [Duration] { list.withLock { $0 } }
    func take(_ duration: Duration) throws {
      try list.withLock { list in
        guard list.count < 10 else { throw Over() }
        list.append(duration)
      }
    }
  }
}
