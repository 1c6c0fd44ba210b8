import OTAAgent
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAFlashSimulator
import OTAManifest
import OTAPartition
import OTAStateMachine
import Synchronization
import Testing

/// Agents of devices whose boot loader asks for signed images.
@Suite("Signed images of agents")
struct SignedImageTests {
  let vendor: SignedVendor
  let server: SimulatedServer

  init() throws {
    vendor = try SignedVendor()
    server = try SimulatedServer(offering: nil)
  }

  private func state(_ device: TestDevice) async throws -> TrustState {
    try await FreshTrustKeeper(flash: device.flash).state()
  }

  private func boots(_ key: Int, _ state: TrustState) -> Bool {
    state.accepts(vendor.imageKeys[key].publicKey, for: .image, to: .booting)
  }

  private func offer(_ image: [UInt8], _ number: UInt64) async throws {
    let release = try await vendor.releases.release(image, sequenceNumber: number)
    server.change { $0.release = release }
  }

  private func publish(_ number: UInt64, images: [Int]) async throws {
    let update = try await vendor.update(number, images: images)
    server.change { $0.bodies["/api/v1/trust/\(number)"] = update }
  }

  /// Holds that an update is refused for its signature, that the server is told, and that nothing else happens.
  private func expectRefusal(of image: [UInt8], _ number: UInt64, on device: TestDevice) async throws {
    let running = try device.runningImage()
    let before = try await state(device)
    try await offer(image, number)
    let end = try await device.run()
    #expect(end == .error(.imageSignatureRefused))
    #expect(server.reports.last?.outcome == .failed(.imageSignatureRefused))
    #expect(try device.runningImage() == running)
    #expect(try await state(device) == before)
  }

  @Test("The life of a key: its successor's image is tried and confirmed, and then it is good for nothing")
  func life() async throws {
    let notices = Mutex<[AgentNotice]>([])
    let (old, new) = (try await vendor.image(1, by: 0), try await vendor.image(2, by: 1))
    let device = try vendor.device(running: old, images: [0], over: server)
    device.configuration.observer = { notice in notices.withLock { $0.append(notice) } }
    #expect(try await device.run() == .idle)
    #expect(boots(0, try await state(device)))

    try await publish(2, images: [1])
    #expect(try await device.run() == .idle)
    #expect(try await state(device).isRetirementPending)
    #expect(boots(0, try await state(device)))
    // Not yet gone, but it installs nothing any more.
    try await expectRefusal(of: try await vendor.image(3, by: 0), 3, on: device)
    #expect(boots(0, try await state(device)))
    #expect(!notices.withLock { $0.contains(.imageKeysRetired) })

    try await offer(new, 4)
    #expect(try await device.run(polls: 2) == .idle)
    #expect(try device.runningImage() == new)
    #expect(try await !state(device).isRetirementPending)
    #expect(try await vendor.boots(device))
    #expect(!boots(0, try await state(device)))
    #expect(notices.withLock { $0.filter { $0 == .imageKeysRetired }.count } == 1)
    #expect(server.reports.last?.outcome == .installed)

    try await expectRefusal(of: try await vendor.image(5, by: 0), 5, on: device)
  }

  @Test("A trial that fails leads back to an image of the old key, which goes on booting")
  func reverted() async throws {
    let (old, bad) = (try await vendor.image(1, by: 0), try await vendor.image(2, by: 1))
    let health = SwitchedHealth()
    let device = try vendor.device(running: old, images: [0], over: server, health: health)
    try await publish(2, images: [1])
    #expect(try await device.run() == .idle)
    try await offer(bad, 2)
    #expect(try await device.run() == .error(.healthCheckFailed))
    #expect(try device.runningImage() == old)
    #expect(try await state(device).isRetirementPending)
    #expect(try await vendor.boots(device))

    health.isGood.set(true)
    let good = try await vendor.image(3, by: 1)
    try await offer(good, 3)
    #expect(try await device.run(polls: 2) == .idle)
    #expect(try device.runningImage() == good)
    #expect(!boots(0, try await state(device)))
  }

  @Test("An image that no key of the set has signed is never activated, whatever signed its manifest")
  func strangers() async throws {
    let device = try vendor.device(running: try await vendor.image(1, by: 0), images: [0], over: server)
    let events = Mutex<[ThreatEvent]>([])
    device.configuration.observer = { notice in
      if case .threat(let event) = notice { events.withLock { $0.append(event) } }
    }
    var flipped = try await vendor.image(6, by: 0)
    flipped[700] ^= 1
    var wrong = try await vendor.image(6, by: 0)
    wrong[wrong.count - 1] ^= 1
    let unsigned = try MCUbootImage(version: MCUbootVersion(1, 6)).unsigned(
      Images.new(size: 700), using: OpenSSLSHA256.self)
    let images: [[UInt8]] = [
      try await vendor.image(6, by: 2), unsigned, Images.new(size: 800), flipped, wrong, [1],
    ]
    for (index, image) in images.enumerated() {
      try await expectRefusal(of: image, UInt64(index + 2), on: device)
    }
    #expect(events.withLock { $0.contains { $0.threat == .supplyChain } })
    // And the device is none the worse for it.
    let good = try await vendor.image(7, by: 0)
    try await offer(good, 20)
    #expect(try await device.run(polls: 2) == .idle)
    #expect(try device.runningImage() == good)
  }

  @Test("A restart between the confirmation and the end of the old key: the next start ends it")
  func betweenConfirmationAndRetirement() async throws {
    let device = try vendor.device(running: try await vendor.image(1, by: 0), images: [0], over: server)
    let keeper = InterruptedKeeper(inner: FreshTrustKeeper(flash: device.flash))
    device.configuration.trustKeeper = keeper
    try await publish(2, images: [1])
    #expect(try await device.run() == .idle)
    try await offer(try await vendor.image(2, by: 1), 2)
    #expect(try await device.run(polls: 2) == .idle)
    #expect(try device.state().boot.securityCounter == SequenceNumber(2))
    #expect(try await state(device).isRetirementPending)
    keeper.isInterrupted.set(false)
    #expect(try await device.run(polls: 0) == .idle)
    #expect(try await !state(device).isRetirementPending)
    #expect(!boots(0, try await state(device)))
  }

  @Test("A cut at any operation between the new set and the end of the old key")
  func everyOperation() async throws {
    let (old, new) = (try await vendor.image(1, by: 0), try await vendor.image(2, by: 1))
    try await publish(2, images: [1])
    try await offer(new, 2)
    let undisturbed = try vendor.device(running: old, images: [0], over: server)
    let before = undisturbed.modifications
    try await undisturbed.run(polls: 2)
    #expect(!boots(0, try await state(undisturbed)))
    let operations = undisturbed.modifications - before
    try #require(operations > 15)
    for operation in 0..<operations {
      for outcome in [TornOutcome.notDone, .prefix(units: 1), .randomBits(seed: UInt64(operation)), .done] {
        let device = try vendor.device(running: old, images: [0], over: server)
        let vendor = vendor
        // While an image is on trial, the one behind it must be able to boot.
        let keeper = FreshTrustKeeper(flash: device.flash)
        let isOldKeyGone = Flag(false)
        let isGone = { @Sendable () async in
          guard let state = try? await keeper.state() else { return false }
          return !state.accepts(vendor.imageKeys[0].publicKey, for: .image, to: .booting)
        }
        device.configuration.health = HookedHealth {
          if await isGone() { isOldKeyGone.set(true) }
        }
        device.flash.withFlash { $0.cutPower(atOperation: operation, outcome: outcome) }
        let end = try await device.run(polls: 2)
        let what = "operation \(operation) of \(operations), \(outcome)"
        #expect(end == .idle, "\(what)")
        #expect(try device.runningImage() == new, "\(what)")
        #expect(try await vendor.boots(device), "\(what)")
        #expect(!boots(0, try await state(device)), "\(what)")
        #expect(!isOldKeyGone.isSet, "\(what): gone on trial")
        await Task.yield()
      }
    }
  }

  @Test("A key that nothing here has needed is gone with the set that leaves it out")
  func notNeeded() async throws {
    let device = try vendor.device(running: try await vendor.image(1, by: 1), images: [0, 1], over: server)
    try await publish(2, images: [1])
    #expect(try await device.run() == .idle)
    #expect(try await !state(device).isRetirementPending)
    #expect(!boots(0, try await state(device)))
    #expect(try await vendor.boots(device))
  }

  @Test("A set without image keys does not let unsigned images in where signed ones were asked for")
  func withoutImageKeys() async throws {
    let device = try vendor.device(running: try await vendor.image(1, by: 0), images: [0], over: server)
    try await publish(2, images: [])
    #expect(try await device.run() == .idle)
    try await expectRefusal(of: Images.new(size: 800), 2, on: device)
    try await expectRefusal(of: try await vendor.image(3, by: 0), 3, on: device)
  }

  @Test("A set that comes while policy waits to restart decides about what was verified before it")
  func lateSet() async throws {
    let update = try await vendor.update(2, images: [1])
    let policy = HookedPolicy()
    let old = try await vendor.image(1, by: 0)
    let device = try vendor.device(running: old, images: [0], over: server, policy: policy)
    let keeper = FreshTrustKeeper(flash: device.flash)
    policy.beforeRestart.withLock {
      $0 = {
        let image = RunningImage(sequenceNumber: SequenceNumber(1), isSettled: true, isConfirmed: true)
        _ = try? await keeper.install(update, on: image)
      }
    }
    try await offer(try await vendor.image(2, by: 0), 2)
    #expect(try await device.run() == .error(.imageSignatureRefused))
    #expect(try device.runningImage() == old)
    #expect(try await state(device).anchors.number == 2)
    #expect(server.reports.last?.outcome == .failed(.imageSignatureRefused))
  }

  @Test(
    "Keys of P-256 and P-384 sign images too, each with its hash", arguments: [OpenSSLKeyKind.p256, .p384])
  func ecdsa(kind: OpenSSLKeyKind) async throws {
    let keys = try (0..<2).map { _ in try OpenSSLSigner(OpenSSLPrivateKey.generate(kind)) }
    let vendor = try SignedVendor(imageKeys: keys)
    let device = try vendor.device(running: try await vendor.image(1, by: 0), images: [0], over: server)
    let update = try await vendor.update(2, images: [1])
    server.change { $0.bodies["/api/v1/trust/2"] = update }
    #expect(try await device.run() == .idle)
    let new = try await vendor.image(2, by: 1)
    let release = try await vendor.releases.release(new, sequenceNumber: 2)
    server.change { $0.release = release }
    #expect(try await device.run(polls: 2) == .idle)
    #expect(try device.runningImage() == new)
    #expect(try await !state(device).isRetirementPending)
    let refused = try await vendor.releases.release(try await vendor.image(3, by: 0), sequenceNumber: 3)
    server.change { $0.release = refused }
    #expect(try await device.run() == .error(.imageSignatureRefused))
  }

  @Test("Where the signatures of images are elsewhere, the agent neither asks for them nor lets keys go")
  func elsewhere() async throws {
    let device = try vendor.device(running: try await vendor.image(1, by: 0), images: [0], over: server)
    device.configuration.imageSignatures = .elsewhere
    try await publish(2, images: [1])
    let new = Images.new(size: 800)
    try await offer(new, 2)
    #expect(try await device.run(polls: 2) == .idle)
    #expect(try device.runningImage() == new)
    #expect(try await state(device).isRetirementPending)
  }
}

/// A yes or no that several parts of a test know.
private final class Flag: Sendable {
  private let value: Atomic<Bool>

  init(_ value: Bool) { self.value = Atomic(value) }

  var isSet: Bool { value.load(ordering: .relaxed) }

  func set(_ value: Bool) { self.value.store(value, ordering: .relaxed) }
}

/// Healthy from when it is said.
private final class SwitchedHealth: HealthCheck {
  let isGood = Flag(false)

  func check(_ image: ImageRecord) async -> HealthVerdict {
    isGood.isSet ? .healthy : .unhealthy(.healthCheckFailed)
  }
}

/// Healthy, after a look.
private struct HookedHealth: HealthCheck {
  let look: @Sendable () async -> Void

  func check(_ image: ImageRecord) async -> HealthVerdict {
    await look()
    return .healthy
  }
}

/// Accepts, after something was done.
private final class HookedPolicy: UpdatePolicy {
  let beforeRestart = Mutex<(@Sendable () async -> Void)?>(nil)

  func mayInstall(_ manifest: Manifest) async -> PolicyDecision { .accept }

  func mayRestart(_ manifest: Manifest) async -> PolicyDecision {
    await beforeRestart.withLock { $0 }?()
    return .accept
  }
}

/// Loses power before a key is retired, as long as it is said.
private final class InterruptedKeeper: TrustKeeper {
  let inner: FreshTrustKeeper
  let isInterrupted = Flag(true)

  init(inner: FreshTrustKeeper) { self.inner = inner }

  func state() async throws(TrustAnchorError) -> TrustState { try await inner.state() }

  func install(_ update: [UInt8], on image: RunningImage) async throws(TrustAnchorError) -> TrustState {
    try await inner.install(update, on: image)
  }

  func retire(
    on image: RunningImage, signers: ImageSigners
  ) async throws(TrustAnchorError) -> TrustState {
    guard !isInterrupted.isSet else { throw .storage(.flash(.powerLost)) }
    return try await inner.retire(on: image, signers: signers)
  }
}
