import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

@Suite("WatchedFlash")
struct WatchedFlashTests {
  /// Erasing a block takes 40 ms, writing a unit 0.05 ms, reading a byte 0.02 ms.
  private static let timing = FlashTiming(
    erasePerBlock: .milliseconds(40), writePerUnit: .microseconds(50), readPerByte: .microseconds(20))

  private static func device(_ board: TestBoard) throws -> SharedFlash {
    var flash = try board.provisioned(.old)
    flash.timing = timing
    return SharedFlash(flash)
  }

  @Test(
    "It keeps the contract, whatever the pieces", arguments: try FlashRules.all(), [1, 64, 1024] as [UInt32])
  func conformance(_ geometry: FlashGeometry, _ pieceSize: UInt32) {
    let violations = checkFlashConformance {
      let device = SharedFlash(SimulatedFlash(geometry))
      return WatchedFlash(device, watchdog: SimulatedWatchdog(device), pieceSize: pieceSize)
    }
    #expect(violations.isEmpty, "\(violations)")
  }

  @Test("Each block that is erased, and each piece that is read or written, feeds")
  func feedings() throws {
    let board = try TestBoard.uniform()
    let device = try Self.device(board)
    let dog = SimulatedWatchdog(device)
    var flash = WatchedFlash(device, watchdog: dog, pieceSize: 256)
    device.withFlash { $0.resetCounters() }
    try flash.erase(board.layout.slotB)
    #expect(dog.feedings == 9 && device.snapshot.counters.erases == 8)
    let bytes = [UInt8](repeating: 0x5a, count: 1000)
    try flash.write(bytes.span, at: board.layout.slotB.lowerBound)
    #expect(dog.feedings == 9 + 5 && device.snapshot.counters.writes == 4)
    var copy = [UInt8](repeating: 0, count: 1000)
    var span = copy.mutableSpan
    try flash.read(into: &span, at: board.layout.slotB.lowerBound)
    #expect(dog.feedings == 9 + 5 + 5 && device.snapshot.counters.reads == 4)
    #expect(copy == bytes)
  }

  @Test("A write that is refused in a later piece is a failure, because the first piece is there")
  func refusedLate() throws {
    let board = try TestBoard.uniform()
    let device = try Self.device(board)
    var flash = WatchedFlash(device, watchdog: SimulatedWatchdog(device), pieceSize: 256)
    let start = board.layout.slotB.lowerBound
    let bytes = [UInt8](repeating: 0x5a, count: 512)
    try flash.erase(board.layout.slotB)
    try flash.write(bytes.span.extracting(0..<4), at: start + 256)
    #expect(throws: FlashError.deviceFailure) { try Self.write(bytes, to: &flash, at: start) }
    try flash.erase(board.layout.slotB)
    try flash.write(bytes.span.extracting(0..<4), at: start)
    #expect(throws: FlashError.notErased) { try Self.write(bytes, to: &flash, at: start) }
  }

  private static func write(
    _ bytes: [UInt8], to flash: inout WatchedFlash<SharedFlash, SimulatedWatchdog>, at offset: UInt32
  ) throws {
    try flash.write(bytes.span, at: offset)
  }

  /// The whole installation takes a second of the virtual clock, the longest single operation 40 ms.
  @Test("An installation and a boot never trigger a watchdog that only single operations fit in")
  func longWork() throws {
    let board = try TestBoard.uniform()
    let device = try Self.device(board)
    let dog = SimulatedWatchdog(device)
    try dog.start(timeout: 60)
    let watched = WatchedFlash(device, watchdog: dog, pieceSize: 512)
    var storage = try DeviceStorage(opening: watched, layout: board.layout)
    let image = TestImage.new
    var writer = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    try storage.write(image.bytes.span, with: &writer)
    let staged = try storage.finish(writer)
    try storage.activate(try storage.verify(staged, using: SodiumSHA256.self), attempts: 3)
    #expect(try BootManager.boot(&storage, hash: SodiumSHA256.self).slot == .b)
    #expect(!dog.hasFired && device.snapshot.counters.time > .milliseconds(300))
  }

  @Test("The same watchdog resets a device whose erase is one long operation")
  func withoutPieces() throws {
    let board = try TestBoard.uniform()
    let device = try Self.device(board)
    let dog = SimulatedWatchdog(device)
    try dog.start(timeout: 60)
    try device.erase(board.layout.slotB)
    dog.feed()
    #expect(dog.hasFired)
  }

  @Test("The watchdog is started and fed through the device, and the device is given back")
  func passedThrough() throws {
    let device = try Self.device(try TestBoard.uniform())
    let dog = SimulatedWatchdog(device, maximum: 1000)
    var flash = WatchedFlash(device, watchdog: dog)
    #expect(throws: WatchdogError.timeoutOutOfRange) { try Self.start(&flash, 1001) }
    #expect(!dog.isRunning)
    try flash.startWatchdog(timeout: 1000)
    flash.feed()
    #expect(dog.isRunning && dog.feedings == 1)
    #expect(flash.closed() === device)
  }

  private static func start(
    _ flash: inout WatchedFlash<SharedFlash, SimulatedWatchdog>, _ timeout: UInt32
  ) throws {
    try flash.startWatchdog(timeout: timeout)
  }
}
