import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Synchronization
import Testing

/// Slot b on another device than journal and slot a: internal and external flash in one layout.
@Suite("Two devices under power cuts")
struct JoinedPowerLossTests {
  private static let old = TestImage(size: 1201, sequenceNumber: 5, seed: 100)
  private static let new = TestImage(size: 2603, sequenceNumber: 6, seed: 200)

  @Test("An update across two parts of one device survives every cut, and second cuts")
  func windows() async throws {
    let report = try await onOwnThread {
      let geometry = try FlashGeometry(eraseBlockSize: 1 << 10, blockCount: 16, writeSize: 4)
      // Slot b begins on the first part and ends on the second one.
      let border: UInt32 = 9216
      let board = TestBoard(
        name: "two windows", geometry: geometry,
        layout: try DeviceLayout(
          slotA: 4096..<8192, slotB: 8192..<12288, journalA: 0..<2048, journalB: 14336..<16384, on: geometry),
        writeToUsed: .isRefused)
      let start = try board.provisioned(Self.old)
      var agent = TestAgent(board: board, image: Self.new)
      agent.chunkSize = 900
      let checker = PowerLossChecker(
        seed: TestSeed.value, secondCuts: TestSeed.isSlow ? .sampled(40) : .sampled(1),
        mayChange: board.ownRanges)
      func joined(_ device: SharedFlash) throws(AgentError) -> JoinedFlash<
        FlashRegion<SharedFlash>, FlashRegion<SharedFlash>
      > {
        do throws(LayoutError) {
          return try JoinedFlash(
            FlashRegion(device, range: 0..<border), FlashRegion(device, range: border..<16384))
        } catch {
          throw .storage(.layout(error))
        }
      }
      return checker.check(
        start,
        scenario: { device throws(AgentError) in try agent.run(try joined(device)) },
        invariant: { device in
          guard let flash = try? joined(device) else { return "the parts do not go together" }
          return Self.problem(on: flash, layout: board.layout)
        },
        completion: { device in
          guard let flash = try? joined(device) else { return "the parts do not go together" }
          return Self.problem(on: flash, layout: board.layout)
            ?? Self.incompleteness(of: flash, layout: board.layout)
        })
    }
    print("power loss, two windows: \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 25)
  }

  @Test("An update across two devices with rules of their own survives every cut", arguments: [false, true])
  func devices(_ isReversed: Bool) async throws {
    let total = try await onOwnThread { try Self.checkTwins(isReversed: isReversed) }
    print("power loss, two devices: \(total) single cuts, seed \(TestSeed.value)")
    #expect(total > 300)
  }

  /// Cuts at every operation of each device, in every way; the other one loses its power too.
  private static func checkTwins(isReversed: Bool) throws -> Int {
    let inside = try FlashGeometry(eraseBlockSize: 1 << 10, blockCount: 8, writeSize: 8)
    let external = try FlashGeometry(eraseBlockSize: 4 << 10, blockCount: 2, writeSize: 1, isMultiwrite: true)
    var devices = (isReversed ? [external, inside] : [inside, external]).map(SimulatedFlash.init)
    for index in devices.indices { devices[index].writeToUsed = .isUndefined }
    let geometry = try TwinBoard(devices).joined().geometry
    let (own, other): (UInt32, UInt32) = isReversed ? (8192, 0) : (0, 8192)
    let layout = try DeviceLayout(
      slotA: own + 4096..<own + 8192, slotB: other..<other + 4096, journalA: own..<own + 2048,
      journalB: own + 2048..<own + 4096, on: geometry)
    let board = TestBoard(name: "twins", geometry: geometry, layout: layout, writeToUsed: .isUndefined)
    let factory = TwinBoard(devices)
    let image = old.bytes
    _ = try DeviceStorage.provision(
      try factory.joined(), layout: layout, factoryImage: image.span, sequenceNumber: old.sequenceNumber,
      version: old.version, hash: SodiumSHA256.self)
    let start = factory.snapshots
    var agent = TestAgent(board: board, image: new)
    agent.chunkSize = 900

    let whole = TwinBoard(start)
    whole.devices.withLock { for index in $0.indices { $0[index].log = [] } }
    try agent.run(try whole.joined())
    let logs = whole.snapshots.map { $0.log ?? [] }
    #expect(logs.allSatisfy { $0.count >= 3 })
    var random = SplitMix64(seed: TestSeed.value)
    var cuts = 0
    for (index, log) in logs.enumerated() {
      for (number, operation) in log.enumerated() {
        let unit = start[index].geometry.writeSize
        for outcome in TornOutcome.all(for: operation, unit: unit, seed: random.next()) {
          let twins = TwinBoard(start)
          twins.devices.withLock { $0[index].cutPower(atOperation: number, outcome: outcome) }
          #expect(throws: AgentError.self) { try agent.run(try twins.joined()) }
          let after = twins.snapshots
          let place = "device \(index), \(operation), \(outcome), seed \(TestSeed.value)"
          for _ in 0..<2 {
            let copy = TwinBoard(after)
            copy.restorePower(seed: random.next())
            let problem = problem(on: try copy.joined(), layout: layout)
            #expect(problem == nil, "\(place)")
          }
          twins.restorePower(seed: random.next())
          try agent.run(try twins.joined())
          let flash = try twins.joined()
          let end = problem(on: flash, layout: layout) ?? incompleteness(of: flash, layout: layout)
          #expect(end == nil, "\(place)")
          cuts += 1
        }
      }
    }
    return cuts
  }

  /// Boots, and looks at the bytes themselves.
  private static func problem<Device: Flash>(on device: Device, layout: DeviceLayout) -> String? {
    do {
      var storage = try DeviceStorage(opening: device, layout: layout)
      let decision = try BootManager.boot(&storage, hash: SodiumSHA256.self)
      let image = decision.image == old.record ? old : new
      guard decision.image == image.record else { return "an image boots that nobody made" }
      var bytes = [UInt8](repeating: 0, count: image.bytes.count)
      var span = bytes.mutableSpan
      var flash = storage.closed()
      try flash.read(into: &span, at: layout[decision.slot].lowerBound)
      return bytes == image.bytes ? nil : "what boots is neither the old image nor the new one"
    } catch {
      return "nothing boots: \(error)"
    }
  }

  private static func incompleteness<Device: Flash>(of device: Device, layout: DeviceLayout) -> String? {
    guard let storage = try? DeviceStorage(opening: device, layout: layout) else {
      return "the journal cannot be opened"
    }
    guard storage.state.update == .idle, storage.state.boot.selection == .confirmed(.b) else {
      return "the new image is not confirmed"
    }
    return storage.state.boot.securityCounter == new.sequenceNumber ? nil : "the counter was not raised"
  }
}
