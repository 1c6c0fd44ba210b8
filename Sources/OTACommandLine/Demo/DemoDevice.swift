import OTAAgent
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTAServer
import OTAStateMachine

/// A simulated device: a flash that outlives its starts in a file, the real boot manager, the real agent, and an
/// application that proves itself or does not.
final class DemoDevice {
  /// What a device is made of.
  struct Parts {
    var name: String
    var number: UInt64
    var firmware: DemoFirmware.Image
    var slotSize: UInt32
    var folder: String
    var trustStore: TrustStore
    var decoderMemory: UInt32 = Limits().decoderMemory
  }

  /// One start, as the boot manager decided it.
  struct Start: Equatable {
    var slot: SlotIdentifier
    var version: Version
    var kind: BootDecision.Kind
  }

  /// What was done to the flash after the factory.
  struct Wear: Equatable {
    var blocksErased = 0
    var writes = 0
    var operations = 0
  }

  static let blockSize: UInt32 = 4096

  let name: String
  let profile: DeviceProfile
  private let signer: SodiumSigner
  private let trustStore: TrustStore
  private let layout: DeviceLayout
  private let path: String
  private var flash: FileFlash
  private var settled = Wear()
  private(set) var starts: [Start] = []
  private(set) var powerCuts = 0
  /// How many bytes of the image the journal vouched for when the power was back, cut by cut.
  private(set) var stagedBytesAtCuts: [UInt32] = []

  /// The most starts that one run may take: more would be a device that never comes to rest.
  private static let startLimit = 24

  /// Makes a device with a factory image in slot a.
  init(_ parts: Parts) throws(CommandFailure) {
    let slot = parts.slotSize
    let area = 2 * DemoDevice.blockSize
    name = parts.name
    trustStore = parts.trustStore
    path = "\(parts.folder)/\(parts.name).flash"
    signer = try demoStep("device key") { SodiumSigner(try Ed25519PrivateKey.generate()) }
    let geometry = try demoStep("flash") {
      try FlashGeometry(
        eraseBlockSize: DemoDevice.blockSize, blockCount: (2 * slot + 2 * area) / DemoDevice.blockSize,
        writeSize: 8)
    }
    layout = try demoStep("flash layout") {
      try DeviceLayout(
        slotA: 0..<slot, slotB: slot..<2 * slot, journalA: 2 * slot..<2 * slot + area,
        journalB: 2 * slot + area..<2 * slot + 2 * area, on: geometry)
    }
    let flash = try demoStep("flash file") { [path] in try FileFlash(creating: path, geometry: geometry) }
    try demoStep("factory image") { [layout] in
      _ = try DeviceStorage.provision(
        flash, layout: layout, factoryImage: parts.firmware.bytes.span, sequenceNumber: SequenceNumber(1),
        version: parts.firmware.version, hash: SodiumSHA256.self)
    }
    self.flash = try demoStep("flash file") { [path] in try FileFlash(opening: path, geometry: geometry) }
    profile = DeviceProfile(
      deviceID: UniversalIdentifier(
        high: 0x6465_6d6f_0000_4000, low: 0x8000_0000_0000_0000 | parts.number),
      vendorID: DemoRelease.vendorID, classID: DemoRelease.classID, hardwareRevision: 2,
      component: ComponentIdentifier("app"), limits: Limits(decoderMemory: parts.decoderMemory))
  }

  /// A size that is good for a slot with images of this many bytes.
  static func slotSize(for bytes: Int) -> UInt32 {
    (UInt32(bytes) + blockSize - 1) / blockSize * blockSize
  }

  /// What the operator registers.
  var registration: RegisteredDevice {
    RegisteredDevice(
      id: profile.deviceID, vendorID: profile.vendorID, classID: profile.classID,
      hardwareRevision: profile.hardwareRevision, publicKey: signer.publicKey)
  }

  /// What was done to the flash after the factory.
  var wear: Wear {
    let counters = flash.counters
    return Wear(
      blocksErased: settled.blocksErased + counters.blocksErased, writes: settled.writes + counters.writes,
      operations: settled.operations + counters.modifications)
  }

  /// What the journal holds.
  func state() throws(CommandFailure) -> DeviceState {
    try demoStep("journal of \(name)") { [flash, layout] in
      let storage = try DeviceStorage(opening: flash, layout: layout)
      return storage.state
    }
  }

  /// The digest of the image that boots.
  func runningImage() throws(CommandFailure) -> Digest? {
    let boot = try state().boot
    return boot[boot.selection.slot]?.image.digest
  }

  /// Lets the power fail at a modifying operation to come, in the middle of a word.
  func cutPower(afterOperations operations: Int) {
    flash.cutPower(
      atOperation: operations, outcome: .partial(after: 1, seed: UInt64(operations)))
  }

  /// How many operations have changed the flash since the device was started; may be asked from anywhere.
  var operationCounter: @Sendable () -> Int {
    let flash = flash
    return { flash.counters.modifications }
  }

  /// What lets the power fail at the next modifying operation; may be called from anywhere.
  var powerSwitch: @Sendable () -> Void {
    let flash = flash
    return { flash.cutPower(atOperation: 0, outcome: .partial(after: 1, seed: 1)) }
  }

  /// Starts the device, lets it ask for an update, and goes on through restarts and power cuts until it is at rest.
  ///
  /// - Parameters:
  ///   - transport: the way to the server, while there is power.
  ///   - observer: is told what the agent does.
  /// - Returns: what the device fetched.
  /// - Throws: a failure if the device does not come to rest, or nothing boots.
  @discardableResult
  func run(
    over transport: any Transport, observer: @escaping @Sendable (AgentNotice) -> Void = { _ in }
  ) async throws(CommandFailure) -> [MeteredTransport.Fetch] {
    var fetches: [MeteredTransport.Fetch] = []
    var hasPolled = false
    for _ in 0..<DemoDevice.startLimit {
      let network = MeteredTransport(transport) { [flash] in flash.snapshot.isPowered }
      var pause = AgentPause.restart
      if let agent = try start(over: network, observer: observer) {
        pause = await agent.start()
        if pause != .restart, !hasPolled {
          hasPolled = true
          pause = await agent.poll()
        }
      }
      fetches += network.fetches
      let hasPower = flash.snapshot.isPowered
      if hasPower, pause != .restart { return fetches }
      try restart()
      if !hasPower {
        powerCuts += 1
        hasPolled = false
        if case .staging(_, let stagedBytes) = try state().update { stagedBytesAtCuts.append(stagedBytes) }
      }
    }
    throw CommandFailure(
      "device \(name)", why: "it does not come to rest after \(DemoDevice.startLimit) starts",
      remedy: "please report this as a defect")
  }

  /// Lets the boot manager choose, and starts the agent of the image; `nil` if the power failed meanwhile.
  private func start(
    over transport: any Transport, observer: @escaping @Sendable (AgentNotice) -> Void
  ) throws(CommandFailure) -> UpdateAgent<FileFlash>? {
    let layout = layout
    let flash = flash
    do {
      var storage = try DeviceStorage(opening: flash, layout: layout)
      let decision = try BootManager.boot(&storage, hash: SodiumSHA256.self)
      return agent(storage, booted: decision, over: transport, observer: observer)
    } catch {
      guard flash.snapshot.isPowered else { return nil }
      throw CommandFailure(
        "device \(name)", why: "nothing boots: \(error)", remedy: "please report this as a defect")
    }
  }

  private func agent(
    _ storage: consuming sending DeviceStorage<FileFlash>, booted decision: BootDecision,
    over transport: any Transport, observer: @escaping @Sendable (AgentNotice) -> Void
  ) -> UpdateAgent<FileFlash> {
    starts.append(Start(slot: decision.slot, version: decision.image.version, kind: decision.kind))
    let application = DemoApplication(
      flash: flash, slot: layout[decision.slot], imageSize: decision.image.image.size)
    return UpdateAgent(
      storage,
      configuration: AgentConfiguration(
        profile: profile, trustStore: trustStore, signer: signer, transport: transport,
        health: application, backoff: Backoff(initial: .milliseconds(1), limit: .milliseconds(8)),
        observer: observer))
  }

  /// Power off and on: only what is in the file remains.
  private func restart() throws(CommandFailure) {
    settled = wear
    flash = try demoStep("flash file") { [path, flash] in
      try FileFlash(opening: path, geometry: flash.geometry)
    }
  }
}

/// The application in the image that runs, with its self-test.
struct DemoApplication: HealthCheck {
  let flash: FileFlash
  let slot: Range<UInt32>
  let imageSize: UInt32

  /// Passes, unless the bytes that run end with the mark of a broken build.
  func check(_ image: ImageRecord) async -> HealthVerdict {
    let image = flash.snapshot.contents(of: slot.lowerBound..<slot.lowerBound + imageSize)
    return image.suffix(demoFaultMark.count).elementsEqual(demoFaultMark)
      ? .unhealthy(.healthCheckFailed) : .healthy
  }
}
