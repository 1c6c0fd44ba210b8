import OTAAgent
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAManifest
import OTAPartition
import OTAStateMachine
import Testing

/// Agents that keep their trust anchors, and exchange them.
@Suite("Trust anchors of agents")
struct TrustTests {
  private static let scope = UniversalIdentifier(high: 21, low: 22)
  private let old = Images.old(size: 9000)
  private let new = Images.new(size: 9000)
  private let root: SodiumSigner
  private let keys: [Vendor]

  init() throws {
    root = SodiumSigner(try Ed25519PrivateKey.generate())
    keys = [try Vendor(), try Vendor(), try Vendor()]
  }

  /// A set whose manifests a vendor signs.
  private func anchors(
    _ number: UInt64, _ vendor: Vendor, expires: UInt64? = nil
  ) throws(TrustAnchorError) -> TrustAnchors {
    let keys = [
      TrustKey(root.publicKey, for: .root), TrustKey(vendor.signer.publicKey, for: .manifest),
    ]
    return try TrustAnchors(
      number: number, scope: Self.scope, expires: expires,
      thresholds: TrustThresholds(root: 1, image: 0), keys: keys.span)
  }

  private func update(_ number: UInt64, to vendor: Vendor) async throws -> [UInt8] {
    try await anchors(number, vendor).signed(by: [root, vendor.signer])
  }

  /// A keeper on a device of its own that has the first set.
  private func keeper(
    expires: UInt64? = nil
  ) throws -> (keeper: FlashTrustKeeper<SharedFlash>, flash: SharedFlash) {
    let geometry = try FlashGeometry(eraseBlockSize: 4 << 10, blockCount: 2, writeSize: 4)
    let flash = SharedFlash(SimulatedFlash(geometry))
    var store = try TrustAnchorStore(copyA: 0..<4 << 10, copyB: 4 << 10..<8 << 10, on: geometry)
    var device = flash
    try store.format(try anchors(1, keys[0], expires: expires), on: &device)
    return (FlashTrustKeeper(store, on: device, verifier: SodiumVerifier()), flash)
  }

  private func device(
    over server: SimulatedServer, keeper: FlashTrustKeeper<SharedFlash>
  ) throws -> TestDevice {
    let device = try TestDevice(.uniform(), running: old, trusting: TrustStore(), over: server)
    device.configuration.trustKeeper = keeper
    return device
  }

  @Test("An update is installed by the keys of the set that is kept")
  func kept() async throws {
    let server = try SimulatedServer(offering: try await keys[0].release(new, from: old))
    let device = try device(over: server, keeper: try keeper().keeper)
    #expect(try await device.run() == .idle)
    #expect(try device.runningImage() == new)
  }

  @Test("The sets that the server has are followed before anything is installed, over several links")
  func followed() async throws {
    let server = try SimulatedServer(offering: try await keys[2].release(new, from: old))
    let (second, third) = (try await update(2, to: keys[1]), try await update(3, to: keys[2]))
    server.change { $0.bodies = ["/api/v1/trust/2": second, "/api/v1/trust/3": third] }
    let keeper = try keeper().keeper
    let device = try device(over: server, keeper: keeper)
    #expect(try await device.run() == .idle)
    #expect(try device.runningImage() == new)
    #expect(try await keeper.state().anchors == (try anchors(3, keys[2])))
  }

  @Test(
    "A stolen key installs nothing once the set that leaves it out was seen, also if the server forgets it")
  func stolen() async throws {
    let server = try SimulatedServer(offering: try await keys[0].release(new, from: old))
    let second = try await update(2, to: keys[1])
    server.change { $0.bodies = ["/api/v1/trust/2": second] }
    let keeper = try keeper().keeper
    let device = try device(over: server, keeper: keeper)
    #expect(try await device.run() == .error(.unknownKey))
    #expect(try device.runningImage() == old)
    server.change { $0.bodies = [:] }
    #expect(try await device.run() == .error(.unknownKey))
    #expect(try device.runningImage() == old)
  }

  @Test("A download that the stolen key began is given up when the set comes, and cannot keep it away")
  func staged() async throws {
    let server = try SimulatedServer(offering: try await keys[0].release(new, blockSize: 1024))
    server.change { $0.cuts = [5000, 0] }
    let keeper = try keeper().keeper
    let device = try device(over: server, keeper: keeper)
    _ = try await device.run()
    guard case .staging = try device.state().update else {
      Issue.record("nothing is staged")
      return
    }
    let second = try await update(2, to: keys[1])
    server.change {
      $0.bodies = ["/api/v1/trust/2": second]
      $0.cuts = []
    }
    #expect(try await device.run(polls: 3) == .error(.unknownKey))
    #expect(try device.runningImage() == old)
    #expect(try await keeper.state().anchors.number == 2)
  }

  @Test("What is no set, or not the next one, changes nothing and stops nothing")
  func garbage() async throws {
    let stranger = SodiumSigner(try Ed25519PrivateKey.generate())
    let second = try anchors(2, keys[1])
    let bodies = [
      [], [1, 2, 3], try await second.signed(by: [stranger, keys[1].signer]),
      try await update(3, to: keys[1]), [UInt8](repeating: 0, count: 20_000),
    ]
    for body in bodies {
      let server = try SimulatedServer(offering: try await keys[0].release(new, from: old))
      server.change { $0.bodies = ["/api/v1/trust/2": body] }
      let keeper = try keeper().keeper
      let device = try device(over: server, keeper: keeper)
      #expect(try await device.run() == .idle)
      #expect(try device.runningImage() == new)
      #expect(try await keeper.state().anchors.number == 1)
    }
  }

  @Test("An expired set installs nothing, and the one that follows it does")
  func expired() async throws {
    let server = try SimulatedServer(offering: try await keys[1].release(new, from: old))
    let keeper = try keeper(expires: 1000).keeper
    let device = try device(over: server, keeper: keeper)
    device.configuration.trustedTime = { 1000 }
    #expect(try await device.run() == .error(.trustAnchorsExpired))
    #expect(try device.runningImage() == old)
    let second = try await update(2, to: keys[1])
    server.change { $0.bodies = ["/api/v1/trust/2": second] }
    #expect(try await device.run() == .idle)
    #expect(try device.runningImage() == new)
  }

  @Test("A set that wants two signatures under a manifest installs with two, and not with one")
  func threshold() async throws {
    let trusted = [
      TrustKey(root.publicKey, for: .root), TrustKey(keys[0].signer.publicKey, for: .manifest),
      TrustKey(keys[1].signer.publicKey, for: .manifest),
    ]
    let anchors = try TrustAnchors(
      number: 1, scope: Self.scope, thresholds: TrustThresholds(root: 1, manifest: 2, image: 0),
      keys: trusted.span)
    let geometry = try FlashGeometry(eraseBlockSize: 4 << 10, blockCount: 2, writeSize: 4)
    var flash = SharedFlash(SimulatedFlash(geometry))
    var store = try TrustAnchorStore(copyA: 0..<4 << 10, copyB: 4 << 10..<8 << 10, on: geometry)
    try store.format(anchors, on: &flash)
    let keeper = FlashTrustKeeper(store, on: flash, verifier: SodiumVerifier())
    var release = try await keys[0].release(new, from: old)
    let server = try SimulatedServer(offering: release)
    let device = try device(over: server, keeper: keeper)
    #expect(try await device.run() == .error(.manifestThresholdNotMet))
    #expect(try device.runningImage() == old)
    release.envelope = try await release.manifest.signedEnvelope(byAllOf: [keys[0].signer, keys[1].signer])
    server.change { [release] in $0.release = release }
    #expect(try await device.run() == .idle)
    #expect(try device.runningImage() == new)
  }

  @Test("Trust anchors that are destroyed install nothing, and the device runs on")
  func destroyed() async throws {
    let server = try SimulatedServer(offering: try await keys[0].release(new, from: old))
    let (keeper, flash) = try keeper()
    flash.withFlash { $0.setContents([UInt8](repeating: 0, count: 8 << 10)) }
    let device = try device(over: server, keeper: keeper)
    #expect(try await device.run() == .error(.trustAnchorsUnreadable))
    #expect(try device.runningImage() == old)
  }
}
