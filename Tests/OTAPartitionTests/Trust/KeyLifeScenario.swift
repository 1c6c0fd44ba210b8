import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting

/// The whole life of a key on one device: a new set comes, the old key is pending; an image that the successor has signed is
/// tried and fails, the old one boots again (if that is wanted); another one is tried and confirmed; the old key is gone.
///
/// Images are signed containers, verified at every boot with the keys that the trust anchors give. Slots, journal, trust
/// anchors, the secure storage that pins them and its counter are in one device: the power goes in the operations of any of
/// them, and between any two. One attempt is all that an image on trial has, so that every cut in a trial reverts it.
struct KeyLifeScenario: PowerLossScenario {
  /// What is done wrong.
  enum Flaw: String, CaseIterable, Sendable {
    /// The old key goes with the new set.
    case revokesWithTheSet
    /// The old key goes when the successor boots, before it is confirmed.
    case revokesOnTrial
    /// The old key goes, and then the successor is confirmed.
    case revokesBeforeConfirming
    /// The old key goes after the confirmation, and no other time.
    case revokesOnlyThen
    /// The new state is written before it is pinned.
    case pinsAfterwards
    /// The new state alone is pinned before it is written.
    case pinsAhead
  }

  /// What the outside world has seen, carried along with the device; it only grows.
  private enum Seen {
    static let secondSet: UInt64 = 1
    static let retired: UInt64 = 2
  }

  private typealias Storage = SecureStorage<JournalCounter<SharedFlash>, XChaCha20Poly1305, TestRandom>

  /// Key 4 signs images, and then key 6.
  private static let (oldKey, newKey) = (4, 6)
  private static let name = StorageKey(9)

  let device: SimulatedFlash
  let mayChange: [Range<UInt32>]
  let flaw: Flaw?
  /// Whether the first image of the successor fails its health check.
  let beginsWithFaulty: Bool

  private let layout: DeviceLayout
  private let anchorAreas: [Range<UInt32>]
  private let storageAreas: [Range<UInt32>]
  private let counterAreas: [Range<UInt32>]
  private let old: TestImage
  private let faulty: TestImage
  private let good: TestImage
  private let first: TrustAnchors
  private let second: TrustAnchors
  private let update: [UInt8]

  init(
    geometry: FlashGeometry, beginsWithFaulty: Bool, writeToUsed: SimulatedFlash.WriteToUsed = .isRefused,
    flaw: Flaw? = nil
  ) async throws {
    self.flaw = flaw
    self.beginsWithFaulty = beginsWithFaulty
    layout = try DeviceLayout(
      slotA: 4096..<6144, slotB: 6144..<8192, journalA: 0..<2048, journalB: 2048..<4096, on: geometry)
    anchorAreas = [8192..<12288, 12288..<16384]
    storageAreas = [16384..<18432, 18432..<20480]
    counterAreas = [20480..<22528, 22528..<24576]
    mayChange = [0..<24576]
    old = try await Self.image(5, by: Self.oldKey)
    faulty = try await Self.image(6, by: Self.newKey)
    good = try await Self.image(7, by: Self.newKey)
    first = try TrustBench.anchors(1, roots: [0, 1, 2], manifest: [3], image: [Self.oldKey])
    second = try TrustBench.anchors(2, roots: [0, 1, 7], manifest: [5], image: [Self.newKey])
    update = try TrustBench.update(second, signedBy: [0, 1, 5, Self.newKey])

    var flash = try Self.factory(geometry, layout, old)
    flash.writeToUsed = writeToUsed
    let shared = SharedFlash(flash)
    var counter = try JournalCounter(on: shared, areaA: counterAreas[0], areaB: counterAreas[1])
    try counter.provision()
    var target = shared
    var storage = try Self.storage(on: shared, storageAreas, counterAreas)
    try storage.open(&target)
    var store = try TrustAnchorStore(copyA: anchorAreas[0], copyB: anchorAreas[1], on: geometry)
    try store.provision(first, on: &target, pinnedIn: &storage, as: Self.name)
    flash = shared.snapshot
    flash.resetCounters()
    device = flash
  }

  /// Noise, and an image with its journal.
  private static func factory(
    _ geometry: FlashGeometry, _ layout: DeviceLayout, _ image: TestImage
  ) throws -> SimulatedFlash {
    var flash = SimulatedFlash(geometry)
    var random = SplitMix64(seed: 3)
    flash.setContents((0..<Int(geometry.capacity)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    return try DeviceStorage.provision(
      flash, layout: layout, factoryImage: image.bytes.span, sequenceNumber: image.sequenceNumber,
      version: image.version, hash: SodiumSHA256.self
    ).closed()
  }

  private static func image(_ number: UInt64, by key: Int) async throws -> TestImage {
    let container = MCUbootImage(version: MCUbootVersion(1, UInt8(number)))
    let firmware = TestImage(size: 160 + Int(number), sequenceNumber: number, seed: number).bytes
    let signer = SodiumSigner(try TrustBench.privateKey(key))
    let bytes = try await container.signed(firmware, by: signer, using: SodiumSHA256.self)
    return TestImage(bytes: bytes, sequenceNumber: number)
  }

  private static func storage(
    on device: SharedFlash, _ areas: [Range<UInt32>], _ counterAreas: [Range<UInt32>]
  ) throws -> Storage {
    let counter = try JournalCounter(on: device, areaA: counterAreas[0], areaB: counterAreas[1])
    let key = [UInt8](repeating: 7, count: 32)
    return try SecureStorage(
      areaA: areas[0], areaB: areas[1], on: device.geometry, identifier: SecureBench.identifier,
      counter: counter, cipher: XChaCha20Poly1305(key: SecretBytes(copying: key.span)),
      random: TestRandom(seed: device.withFlash { $0.note }))
  }

  // MARK: One start

  func start(_ device: SharedFlash) throws(PowerLossFailure) -> Bool {
    do {
      return try live(device)
    } catch let failure as PowerLossFailure {
      throw failure
    } catch {
      throw PowerLossFailure("\(error)")
    }
  }

  /// Nothing: the next start boots the same device, and looks at everything.
  func problem(of device: SharedFlash) -> String? { nil }

  /// What runs is the successor, and the old key is good for nothing.
  func problem(atEndOf device: SharedFlash) -> String? {
    guard device.withFlash({ $0.note & Seen.retired != 0 }) else { return "the old key was never retired" }
    do throws(PowerLossFailure) {
      return try start(device) ? nil : "it is not the end"
    } catch {
      return "\(error)"
    }
  }

  private func live(_ device: SharedFlash) throws -> Bool {
    var device = device
    var slots = try DeviceStorage(opening: device, layout: layout)
    let decision = try BootManager.boot(&slots, hash: SodiumSHA256.self)
    var storage = try Self.storage(on: device, storageAreas, counterAreas)
    try storage.open(&device)
    var store = try TrustAnchorStore(copyA: anchorAreas[0], copyB: anchorAreas[1], on: device.geometry)
    let state = try store.read(from: &device, pinnedIn: &storage, as: Self.name)
    let signers = try signers(of: decision.image, &slots, by: state)
    try hold(state, slots.state.boot, device)
    guard let image = slots.runningImage else { throw PowerLossFailure("nothing is recorded") }
    if flaw != .revokesOnlyThen {
      try store.retire(on: image, signers: signers, from: &device, pinnedIn: &storage, as: Self.name)
    }
    if try store.read(from: &device, pinnedIn: &storage, as: Self.name).anchors.number == 1 {
      try exchange(&store, image, &storage, &device)
      return false
    }
    return try act(&slots, signers, &store, &storage, &device)
  }

  /// What a boot loader does with keys: an image boots if a key that may boot has signed it.
  private func signers(
    of record: ImageRecord, _ slots: inout DeviceStorage<SharedFlash>, by state: TrustState
  ) throws -> ImageSigners {
    do throws(MCUbootError) {
      return try slots.signersOfRunningImage(
        trusting: state,
        by: TrustedMCUbootKeys(state.imageKeys(for: .booting), verifier: SodiumVerifier()),
        using: SodiumSHA256.self)
    } catch {
      throw PowerLossFailure("number \(record.sequenceNumber.rawValue) does not boot any more: \(error)")
    }
  }

  /// Holds a state against everything that was seen before, and against what runs.
  private func hold(_ state: TrustState, _ boot: BootState, _ device: SharedFlash) throws {
    let seen = device.withFlash { $0.note }
    let oldKey = TrustBench.keys[Self.oldKey]
    let isSecond = state.anchors == second
    guard isSecond || state.anchors == first else { throw PowerLossFailure("this set was never written") }
    guard isSecond || seen & Seen.secondSet == 0 else { throw PowerLossFailure("the new set is lost again") }
    let isRetired = !state.accepts(oldKey, for: .image, to: .booting)
    guard isRetired || seen & Seen.retired == 0 else { throw PowerLossFailure("the old key is back") }
    guard !isSecond || !state.accepts(oldKey, for: .image, to: .installing) else {
      throw PowerLossFailure("the old key installs")
    }
    if isRetired,
      boot.selection != .confirmed(boot.selection.slot) || boot.securityCounter != good.sequenceNumber
    {
      throw PowerLossFailure("the old key went before its successor was confirmed")
    }
    device.withFlash {
      $0.note |= (isSecond ? Seen.secondSet : 0) | (isRetired ? Seen.retired : 0)
    }
  }

  private func act(
    _ slots: inout DeviceStorage<SharedFlash>, _ signers: ImageSigners, _ store: inout TrustAnchorStore,
    _ storage: inout Storage, _ device: inout SharedFlash
  ) throws -> Bool {
    switch slots.state.update {
    case .idle, .staging:
      if slots.state.boot.securityCounter == good.sequenceNumber {
        let state = try store.read(from: &device, pinnedIn: &storage, as: Self.name)
        try hold(state, slots.state.boot, device)
        return !state.isRetirementPending
      }
      let image = beginsWithFaulty && slots.state.boot.lastRevert == nil ? faulty : good
      try install(image, &slots, try store.read(from: &device, pinnedIn: &storage, as: Self.name))
    case .applying:
      guard slots.state.boot[slots.runningSlot]?.sequenceNumber == good.sequenceNumber else {
        if flaw == .revokesOnTrial { try revoke(&store, &storage, &device) }
        try slots.revert(.healthCheckFailed)
        return false
      }
      if flaw == .revokesBeforeConfirming { try revoke(&store, &storage, &device) }
      try slots.confirm()
      guard let image = slots.runningImage else { throw PowerLossFailure("nothing is recorded") }
      try store.retire(on: image, signers: signers, from: &device, pinnedIn: &storage, as: Self.name)
    case .rollingBack(let offer, let code):
      try slots.record(.reporting(Report(updateID: offer.updateID, outcome: .reverted(code))))
    case .reporting:
      try slots.record(.idle)
    }
    return false
  }

  private func install(
    _ image: TestImage, _ slots: inout DeviceStorage<SharedFlash>, _ state: TrustState
  ) throws {
    var writer = try slots.beginStaging(image.verifiedManifest(), offer: image.offer)
    let rest = Int(writer.offset)..<image.bytes.count
    try slots.write(image.bytes.span.extracting(rest), with: &writer)
    let verified = try slots.verify(try slots.finish(writer), using: SodiumSHA256.self)
    try slots.requireSignatures(
      under: verified, trusting: state,
      by: TrustedMCUbootKeys(state.imageKeys(for: .installing), verifier: SodiumVerifier()),
      using: SodiumSHA256.self)
    try slots.activate(verified, attempts: 1)
  }

  /// The exchange of the set, with and without mistakes.
  private func exchange(
    _ store: inout TrustAnchorStore, _ image: RunningImage, _ storage: inout Storage,
    _ device: inout SharedFlash
  ) throws {
    let verified = try first.verify(update: update.span, using: SodiumVerifier())
    let state = TrustState(first)
    switch flaw {
    case .pinsAfterwards:
      try store.install(verified, on: image, to: &device)
      try storage.pin(
        try TrustPins(try state.following(verified, on: image)), as: Self.name, on: &device)
    case .pinsAhead:
      try storage.pin(
        try TrustPins(try state.following(verified, on: image)), as: Self.name, on: &device)
      try store.install(verified, on: image, to: &device)
    case nil, .revokesWithTheSet, .revokesOnTrial, .revokesBeforeConfirming, .revokesOnlyThen:
      try store.install(verified, on: image, to: &device, pinnedIn: &storage, as: Self.name)
    }
    if flaw == .revokesWithTheSet { try revoke(&store, &storage, &device) }
  }

  /// Takes the old key away with a word that nobody has verified.
  private func revoke(
    _ store: inout TrustAnchorStore, _ storage: inout Storage, _ device: inout SharedFlash
  ) throws {
    try store.retire(
      on: .confirmed(7), signers: ImageSigners([Self.newKey]), from: &device, pinnedIn: &storage,
      as: Self.name)
  }
}
