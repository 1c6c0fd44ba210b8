import OTAAgent
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition

/// A vendor whose devices run signed images: a root key, a manifest key, and image keys by number.
struct SignedVendor {
  static let scope = UniversalIdentifier(high: 31, low: 32)
  /// Room for two states behind what ``TestDevice`` needs, in 1 KiB blocks.
  static let areas: [Range<UInt32>] = [36 << 10..<40 << 10, 40 << 10..<44 << 10]

  let root: SodiumSigner
  let releases: Vendor
  let imageKeys: [any Signer]

  /// Takes image keys; those of Ed25519 that are made here if none are given.
  init(imageKeys: [any Signer]? = nil) throws {
    root = SodiumSigner(try Ed25519PrivateKey.generate())
    releases = try Vendor()
    self.imageKeys =
      try imageKeys ?? (0..<3).map { _ throws(CryptoError) in SodiumSigner(try Ed25519PrivateKey.generate()) }
  }

  /// A set in which some of the image keys are.
  func anchors(_ number: UInt64, images: [Int]) throws(TrustAnchorError) -> TrustAnchors {
    var keys = [
      TrustKey(root.publicKey, for: .root), TrustKey(releases.signer.publicKey, for: .manifest),
    ]
    for key in images { keys.append(TrustKey(imageKeys[key].publicKey, for: .image)) }
    return try TrustAnchors(
      number: number, scope: Self.scope,
      thresholds: TrustThresholds(root: 1, image: images.isEmpty ? 0 : 1), keys: keys.span)
  }

  /// What brings a set to devices, signed by the root key and its image keys.
  func update(_ number: UInt64, images: [Int]) async throws -> [UInt8] {
    try await anchors(number, images: images).signed(by: [root] + images.map { imageKeys[$0] })
  }

  /// An image of MCUboot with a number in its firmware.
  func image(_ number: UInt8, by key: Int) async throws -> [UInt8] {
    let container = MCUbootImage(version: MCUbootVersion(1, number))
    let firmware = Images.new(size: 1500) + [number]
    switch imageKeys[key].publicKey.algorithm {
    case .es384: return try await Self.sign(container, firmware, imageKeys[key], OpenSSLSHA384.self)
    case .ed25519, .es256, .hssLMS:
      return try await Self.sign(container, firmware, imageKeys[key], OpenSSLSHA256.self)
    }
  }

  private static func sign<Hash: HashFunction & ~Copyable>(
    _ container: MCUbootImage, _ firmware: [UInt8], _ signer: some Signer, _ hash: Hash.Type
  ) async throws -> [UInt8] {
    try await container.signed(firmware, by: signer, using: hash)
  }

  /// A device that has an image and the first set.
  func device(
    running image: [UInt8], images: [Int], over server: SimulatedServer,
    health: any HealthCheck = Verdict(.healthy), policy: any UpdatePolicy = AutomaticPolicy()
  ) throws -> TestDevice {
    var setting = try TestDevice.Setting.uniform()
    setting.geometry = try FlashGeometry(eraseBlockSize: 1 << 10, blockCount: 44, writeSize: 4)
    let device = try TestDevice(
      setting, running: image, trusting: TrustStore(), over: server, health: health, policy: policy)
    var flash = device.flash
    var store = try TrustAnchorStore(copyA: Self.areas[0], copyB: Self.areas[1], on: flash.geometry)
    try store.format(try anchors(1, images: images), on: &flash)
    device.configuration.trustKeeper = FreshTrustKeeper(flash: flash)
    return device
  }

  /// Whether the image that runs would be started by a boot loader that has the trust anchors of the device.
  func boots(_ device: TestDevice) async throws -> Bool {
    let state = try await FreshTrustKeeper(flash: device.flash).state()
    let image = try device.runningImage()
    for key in imageKeys.indices where state.accepts(imageKeys[key].publicKey, for: .image, to: .booting) {
      for number in UInt8(0)..<8 where try await self.image(number, by: key) == image { return true }
    }
    return false
  }
}

/// Trust anchors in the flash of the device, found there again for each question, as after a restart.
struct FreshTrustKeeper: TrustKeeper {
  let flash: SharedFlash

  private func keeper() throws(TrustAnchorError) -> FlashTrustKeeper<SharedFlash> {
    do throws(LayoutError) {
      let store = try TrustAnchorStore(
        copyA: SignedVendor.areas[0], copyB: SignedVendor.areas[1], on: flash.geometry)
      return FlashTrustKeeper(store, on: flash, verifier: CryptoBackends([.sodium, .openSSL]))
    } catch {
      throw .unreadable
    }
  }

  func state() async throws(TrustAnchorError) -> TrustState { try await keeper().state() }

  func install(_ update: [UInt8], on image: RunningImage) async throws(TrustAnchorError) -> TrustState {
    try await keeper().install(update, on: image)
  }

  func retire(
    on image: RunningImage, signers: ImageSigners
  ) async throws(TrustAnchorError) -> TrustState {
    try await keeper().retire(on: image, signers: signers)
  }
}
