import OTAAgent
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTAStateMachine
import Synchronization

/// A device whose flash can be cut, and whose decisions a test makes.
final class TestDevice {
  struct Setting {
    var geometry: FlashGeometry
    var layout: DeviceLayout

    /// Equal 1 KiB blocks with 4-byte units: slots of 16 KiB, journal areas of 2 KiB.
    static func uniform() throws -> Setting {
      let geometry = try FlashGeometry(eraseBlockSize: 1 << 10, blockCount: 36, writeSize: 4)
      return Setting(
        geometry: geometry,
        layout: try DeviceLayout(
          slotA: 0..<16 << 10, slotB: 16 << 10..<32 << 10, journalA: 32 << 10..<34 << 10,
          journalB: 34 << 10..<36 << 10, on: geometry))
    }

    /// Blocks of 2, 4 and 8 KiB with 16-byte units that are written once and read as 0 when erased.
    static func mixed() throws -> Setting {
      let regions = [
        FlashGeometry.Region(eraseBlockSize: 2 << 10, blockCount: 4),
        FlashGeometry.Region(eraseBlockSize: 4 << 10, blockCount: 4),
        FlashGeometry.Region(eraseBlockSize: 8 << 10, blockCount: 2),
      ]
      let geometry = try FlashGeometry(regions: regions.span, writeSize: 16, readSize: 4, erasedByte: 0x00)
      return Setting(
        geometry: geometry,
        layout: try DeviceLayout(
          slotA: 8 << 10..<24 << 10, slotB: 24 << 10..<40 << 10, journalA: 0..<4 << 10,
          journalB: 4 << 10..<8 << 10, on: geometry))
    }
  }

  let flash: SharedFlash
  let layout: DeviceLayout
  var configuration: AgentConfiguration
  private(set) var starts: [BootDecision] = []

  /// The device's key is the same for all devices, so that one simulated server serves any number of them.
  static func signer() throws -> SodiumSigner {
    let seed = SecretBytes(copying: [UInt8](repeating: 7, count: 32).span)
    return SodiumSigner(try Ed25519PrivateKey(seed: seed))
  }

  static func profile() -> DeviceProfile {
    DeviceProfile(
      deviceID: UniversalIdentifier(high: 5, low: 6), vendorID: Vendor.vendorID, classID: Vendor.classID,
      hardwareRevision: 1, component: Vendor.component)
  }

  init(
    _ setting: Setting, running image: [UInt8], trusting trustStore: TrustStore,
    over transport: any Transport,
    health: any HealthCheck = Verdict(.healthy), policy: any UpdatePolicy = AutomaticPolicy()
  ) throws {
    layout = setting.layout
    flash = SharedFlash(SimulatedFlash(setting.geometry))
    _ = try DeviceStorage.provision(
      flash, layout: layout, factoryImage: image.span, sequenceNumber: SequenceNumber(1),
      version: Version(1, 1),
      hash: SodiumSHA256.self)
    let flash = flash
    configuration = AgentConfiguration(
      profile: TestDevice.profile(), trustStore: trustStore, signer: try TestDevice.signer(),
      transport: PoweredTransport(transport, isPowered: { flash.snapshot.isPowered }), policy: policy,
      health: health, sleep: TestDevice.skippingPauses)
  }

  /// Pauses of a download take no time; the patience for a health check is not one of them.
  static let skippingPauses: @Sendable (Duration) async throws -> Void = { duration in
    if duration >= AgentConfiguration.defaultHealthTimeout { try await Task.sleep(for: duration) }
  }

  /// Operations that changed the flash.
  var modifications: Int { flash.snapshot.counters.modifications }

  func state() throws -> DeviceState {
    let storage = try DeviceStorage(opening: flash, layout: layout)
    return storage.state
  }

  /// The bytes that the boot manager would boot now.
  func runningImage() throws -> [UInt8] {
    let boot = try state().boot
    let slot = boot.selection.slot
    let size = boot[slot]?.image.size ?? 0
    return flash.snapshot.contents(of: layout[slot].lowerBound..<layout[slot].lowerBound + size)
  }

  /// One start: boot manager, then the agent; `nil` if the power failed before there was one.
  func start() throws -> UpdateAgent<SharedFlash>? {
    let flash = flash
    let configuration = configuration
    do {
      var storage = try DeviceStorage(opening: flash, layout: layout)
      starts.append(try BootManager.boot(&storage, hash: SodiumSHA256.self))
      return UpdateAgent(storage, configuration: configuration)
    } catch {
      if flash.snapshot.isPowered { throw error }
      return nil
    }
  }

  /// Starts and polls until the device is at rest, with power back after every cut.
  ///
  /// - Returns: the state at the end.
  @discardableResult
  func run(polls: Int = 1) async throws -> UpdateState {
    var pollsLeft = polls
    for _ in 0..<40 {
      if let agent = try start() {
        var pause = await agent.start()
        while pause != .restart, pollsLeft > 0 {
          pollsLeft -= 1
          pause = await agent.poll()
        }
        if flash.snapshot.isPowered, pause != .restart { return await agent.state }
      }
      if !flash.snapshot.isPowered {
        flash.withFlash { $0.restorePower(seed: 1) }
        pollsLeft = polls
      }
    }
    throw Stuck()
  }

  struct Stuck: Error {}
}

/// Without power there is no network.
struct PoweredTransport: Transport {
  let inner: any Transport
  let isPowered: @Sendable () -> Bool

  init(_ inner: any Transport, isPowered: @escaping @Sendable () -> Bool) {
    self.inner = inner
    self.isPowered = isPowered
  }

  func exchange(
    _ request: TransportRequest, limit: Int
  ) async throws(TransportError) -> TransportResponse {
    guard isPowered() else { throw .unreachable }
    return try await inner.exchange(request, limit: limit)
  }

  func open(
    _ reference: String, from offset: UInt64
  ) async throws(TransportError) -> any TransportStream {
    guard isPowered() else { throw .unreachable }
    return try await inner.open(reference, from: offset)
  }
}

/// A health check with a fixed verdict.
struct Verdict: HealthCheck {
  let verdict: HealthVerdict

  init(_ verdict: HealthVerdict) { self.verdict = verdict }

  func check(_ image: ImageRecord) async -> HealthVerdict { verdict }
}

/// A policy that answers from a list, and then accepts.
final class ScriptedPolicy: UpdatePolicy {
  private let answers: Mutex<[PolicyDecision]>

  init(_ answers: PolicyDecision...) { self.answers = Mutex(answers) }

  private func next() -> PolicyDecision {
    answers.withLock { $0.isEmpty ? .accept : $0.removeFirst() }
  }

  func mayInstall(_ manifest: Manifest) async -> PolicyDecision { next() }

  func mayRestart(_ manifest: Manifest) async -> PolicyDecision { next() }
}
