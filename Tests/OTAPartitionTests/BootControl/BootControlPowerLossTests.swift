import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Whatever operation the power goes in: the old slot is selected, or the requested one; never none.
@Suite("Boot control under power cuts")
struct BootControlPowerLossTests {
  /// One cut, everywhere, in every way.
  private func single(mayChange: [Range<UInt32>]) -> PowerLossChecker {
    PowerLossChecker(seed: TestSeed.value, readings: 8, mayChange: mayChange)
  }

  /// A second cut, at random places, or everywhere.
  private func double(mayChange: [Range<UInt32>]) -> PowerLossChecker {
    PowerLossChecker(
      seed: TestSeed.value, secondCuts: TestSeed.isSlow ? .exhaustive : .sampled(4), readings: 4,
      mayChange: mayChange)
  }

  // MARK: otadata

  private static let otadata: Range<UInt32> = 0x1000..<0x3000

  private static func espressif() throws -> (SimulatedFlash, EspressifModel) {
    let geometry = try FlashGeometry(
      eraseBlockSize: 0x1000, blockCount: 4, writeSize: 4, isMultiwrite: true)
    let model = EspressifModel(geometry, partition: otadata)
    var flash = SimulatedFlash(geometry)
    var bytes = [UInt8](repeating: 0xff, count: Int(geometry.capacity))
    bytes.replaceSubrange(0x1000..<0x1020, with: EspressifModel.entry(1, 2))
    flash.setContents(bytes)
    return (flash, model)
  }

  private func espressif(
    _ model: EspressifModel, isHealthy: Bool = true, boots: Bool
  ) -> BootControlScenario<EspressifOTAData<SharedFlash>> {
    BootControlScenario(
      isHealthy: isHealthy,
      open: { device throws(StorageError) in
        try EspressifOTAData(device, partition: BootControlPowerLossTests.otadata)
      },
      boot: boots ? { device throws(StorageError) in try model.boot(device) } : nil,
      read: { device throws(StorageError) in try model.selected(on: device) })
  }

  @Test("otadata selects the old or the requested slot after every cut", arguments: [true, false])
  func espressif(isHealthy: Bool) async throws {
    let (flash, model) = try Self.espressif()
    let report = try await onOwnThread {
      espressif(model, isHealthy: isHealthy, boots: true).check(
        flash, with: single(mayChange: [Self.otadata]))
    }
    print("otadata, healthy \(isHealthy): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 8)
  }

  @Test("otadata survives every cut and a second one")
  func espressifTwice() async throws {
    let (flash, model) = try Self.espressif()
    let report = try await onOwnThread {
      espressif(model, boots: false).check(flash, with: double(mayChange: [Self.otadata]))
    }
    print("otadata, two cuts: \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.doubleCuts > 100)
  }

  // MARK: U-Boot

  private static let environments: [Range<UInt32>] = [0x400..<0x800, 0xc00..<0x1000]

  private static func uboot(writeSize: UInt32, flags: UInt8) throws -> (SimulatedFlash, UBootModel) {
    let geometry = try FlashGeometry(
      eraseBlockSize: 0x400, blockCount: 5, writeSize: writeSize, isMultiwrite: writeSize == 1)
    let model = UBootModel(copies: environments, size: 352)
    var flash = SimulatedFlash(geometry)
    var bytes = [UInt8](repeating: 0xff, count: Int(geometry.capacity))
    let lines = ["bootcmd=run distro", "BOOT_ORDER=A B", "BOOT_A_LEFT=3", "BOOT_B_LEFT=3", "serial#=17"]
    let older = UBootModel.copy(["bootcmd=old"], flags: flags &- 1, size: 352)
    let newer = UBootModel.copy(lines, flags: flags, size: 352)
    bytes.replaceSubrange(0x400..<0x400 + 352, with: newer)
    bytes.replaceSubrange(0xc00..<0xc00 + 352, with: older)
    flash.setContents(bytes)
    return (flash, model)
  }

  private func uboot(
    _ model: UBootModel, isHealthy: Bool = true, boots: Bool
  ) -> BootControlScenario<UBootEnvironment<SharedFlash>> {
    BootControlScenario(
      isHealthy: isHealthy,
      open: { device throws(StorageError) in
        try UBootEnvironment(
          device, first: model.copies[0], second: model.copies[1], size: UInt32(model.size))
      },
      boot: boots ? { device throws(StorageError) in try model.boot(device) } : nil,
      read: { device throws(StorageError) in
        guard let copy = try model.counting(on: device) else { return nil }
        // What else is in the environment must never be lost.
        guard copy.variables["bootcmd"] == "run distro", copy.variables["serial#"] == "17" else { return nil }
        return UBootModel.selected(copy.variables)
      })
  }

  @Test(
    "A U-Boot environment selects the old or the requested slot after every cut", arguments: [1, 4, 8, 32],
    [true, false])
  func uboot(writeSize: UInt32, isHealthy: Bool) async throws {
    let (flash, model) = try Self.uboot(writeSize: writeSize, flags: 254)
    let report = try await onOwnThread {
      uboot(model, isHealthy: isHealthy, boots: true).check(flash, with: single(mayChange: Self.environments))
    }
    print("U-Boot, units of \(writeSize), healthy \(isHealthy): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 18)
  }

  @Test("A U-Boot environment survives every cut and a second one", arguments: [4, 16])
  func ubootTwice(writeSize: UInt32) async throws {
    let (flash, model) = try Self.uboot(writeSize: writeSize, flags: 255)
    let report = try await onOwnThread {
      uboot(model, boots: false).check(flash, with: double(mayChange: Self.environments))
    }
    print("U-Boot, units of \(writeSize), two cuts: \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.doubleCuts > 100)
  }

  // MARK: Our own

  @Test(
    "The journal selects the old or the requested slot after every cut", arguments: try TestBoard.all(),
    [true, false])
  func journal(_ board: TestBoard, isHealthy: Bool) throws {
    let device = SharedFlash(try board.provisioned(.old))
    try TestAgent(board: board, image: .new).run(device)
    let scenario = BootControlScenario<DeviceStorage<SharedFlash>>(
      old: .b, isHealthy: isHealthy,
      open: { device throws(StorageError) in try DeviceStorage(opening: device, layout: board.layout) },
      boot: { device throws(StorageError) in
        var storage = try DeviceStorage(opening: device, layout: board.layout)
        return try boot(&storage)
      },
      read: { device throws(StorageError) in
        var storage = try DeviceStorage(opening: device, layout: board.layout)
        return try boot(&storage)
      })
    // The image before the update is below the security counter, so it is recorded with the number of the new one.
    let report = scenario.check(
      try withEqualNumbers(device.snapshot, board), with: single(mayChange: board.ownRanges))
    print("journal, \(board.name), healthy \(isHealthy): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 6)
  }

  private func boot(_ storage: inout DeviceStorage<SharedFlash>) throws(StorageError) -> SlotIdentifier? {
    do throws(BootError) {
      return try BootManager.boot(&storage, hash: SodiumSHA256.self).slot
    } catch {
      guard case .storage(let cause) = error else { return nil }
      throw cause
    }
  }

  private func withEqualNumbers(_ flash: SimulatedFlash, _ board: TestBoard) throws -> SimulatedFlash {
    // Both slots hold verified images; only the record says that the older one may not boot again.
    var journal = Journal(layout: board.layout, geometry: board.geometry)
    var record = TestImage.old.record
    record.sequenceNumber = TestImage.new.sequenceNumber
    let state = DeviceState(
      boot: BootState(
        selection: .confirmed(.b), slotA: record, slotB: TestImage.new.record,
        securityCounter: TestImage.new.sequenceNumber))
    var bytes = InlineArray<320, UInt8>(repeating: 0)
    var writer = ByteWriter(bytes.mutableSpan)
    try state.serialize(into: &writer)
    let count = writer.count
    var flash = flash
    try journal.format(&flash, payload: bytes.span.extracting(0..<count))
    return flash
  }
}
