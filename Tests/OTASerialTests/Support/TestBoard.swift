import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAManifest
import OTAPartition
import OTASerial

/// The device's own key, as bare metal has it: synchronous.
struct TestSigner: ReceiptSigner {
  let key: TestKey

  var publicKey: PublicKey { key.publicKey }

  mutating func sign(_ message: Span<UInt8>, into signature: inout MutableSpan<UInt8>) throws(CryptoError) {
    let bytes = try key.key.signature(for: message)
    for index in bytes.indices { signature[index] = bytes[index] }
  }
}

/// A key that several values hold.
final class TestKey: Sendable {
  let key: Ed25519PrivateKey

  init() throws(CryptoError) { key = try Ed25519PrivateKey.generate() }

  var publicKey: PublicKey { key.publicKey }
}

/// The memory of a session.
@safe final class TestMemory {
  private let bytes: UnsafeMutableRawBufferPointer

  init(_ count: Int) {
    unsafe bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
  }

  deinit { unsafe bytes.deallocate() }

  func divided(envelope: Int, body: Int) -> SerialMemory {
    unsafe SerialMemory(borrowing: bytes, envelope: envelope, body: body)
  }
}

/// The digest of some bytes.
func digest(_ bytes: [UInt8]) -> Digest { SodiumSHA256.digest(of: bytes.span) }

/// A microcontroller with an application that takes updates: flash, boot loader, session.
final class TestBoard {
  /// What the application thinks of an image on trial.
  enum Health {
    case good
    case bad
    case undecided
  }

  typealias Session = SerialSession<SharedFlash, SodiumVerifier, TestSigner>

  let flash: SharedFlash
  let layout: DeviceLayout
  let world: TestWorld
  var health = Health.good
  var options = SerialOptions()
  /// What the boot loader prints before the first frame.
  var bootText: [UInt8] = []
  private(set) var boots = 0
  private var session: Session?
  private let memory: TestMemory
  private let memoryParts: (envelope: Int, body: Int)

  /// Provisions a board with the old image.
  init(_ world: TestWorld, memory size: Int = 20 << 10, envelope: Int = 2048, body: Int = 520) throws {
    self.world = world
    let geometry = try FlashGeometry(eraseBlockSize: 1024, blockCount: 80, writeSize: 8)
    layout = try DeviceLayout(
      slotA: 8192..<40960, slotB: 40960..<73728, journalA: 0..<4096, journalB: 4096..<8192, on: geometry)
    flash = SharedFlash(SimulatedFlash(geometry))
    memory = TestMemory(size)
    memoryParts = (envelope, body)
    let old = world.old
    _ = try DeviceStorage.provision(
      flash, layout: layout, factoryImage: old.span, sequenceNumber: SequenceNumber(1),
      version: Version(1, 0, 0), hash: SodiumSHA256.self)
    start()
  }

  /// Whether the application runs.
  var isRunning: Bool { session != nil }

  /// Takes the power away: nothing is running then.
  func stop() { session = nil }

  /// The boot loader, and behind it the application.
  ///
  /// - Returns: what it prints.
  @discardableResult
  func start() -> [UInt8] {
    session = nil
    boots += 1
    guard let storage = try? boot() else { return [] }
    session = Session(
      storage, device: world.device, verifier: SodiumVerifier(), keys: ManifestKeySet(world.vendor.publicKey),
      signer: TestSigner(key: world.deviceKey),
      memory: memory.divided(envelope: memoryParts.envelope, body: memoryParts.body),
      options: options)
    return bootText
  }

  /// Which image runs, from the slot itself.
  func runningImage() throws -> [UInt8] {
    let storage = try boot()
    guard let record = storage.state.boot[storage.runningSlot] else { return [] }
    let range = storage.range(of: storage.runningSlot)
    return flash.withFlash { $0.contents(of: range.lowerBound..<range.lowerBound + record.image.size) }
  }

  /// Takes in bytes of the line; judges a trial and restarts, as the main loop of an application does.
  ///
  /// - Returns: what goes back over the line.
  func receive(_ bytes: [UInt8]) -> [UInt8] {
    guard session != nil else { return [] }
    var output: [UInt8] = []
    var room = [UInt8](repeating: 0, count: SerialFrame.maximumAnswerSize)
    var span = room.mutableSpan
    session?.receive(bytes.span, answer: &span) { answer in
      for index in 0..<answer.count { output.append(answer[index]) }
    }
    if session?.isOnTrial == true { judge() }
    if session?.isResetDue == true { output += start() }
    return output
  }

  var counters: SerialCounters { session?.counters ?? SerialCounters() }

  /// What the journal holds.
  var state: DeviceState? { session?.state }

  private func judge() {
    switch health {
    case .good: try? session?.confirm()
    case .bad: try? session?.giveUp(.healthCheckFailed)
    case .undecided: break
    }
  }

  /// The boot loader, which hands over what it has picked.
  private func boot() throws -> DeviceStorage<SharedFlash> {
    var storage = try DeviceStorage(opening: flash, layout: layout)
    let decision = try BootManager.boot(&storage, hash: SodiumSHA256.self)
    return try DeviceStorage(opening: storage.closed(), layout: layout, runningSlot: decision.slot)
  }
}
