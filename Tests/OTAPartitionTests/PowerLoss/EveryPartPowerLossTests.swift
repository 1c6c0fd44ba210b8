import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// The checks of journal and update in a short form, single cuts, on every part.
///
/// The journal is checked with every unit of writing, the update with one that goes round from part to part; with
/// `OTA_SLOW_TESTS` also the update with each.
@Suite("Every part under power cuts", .serialized)
struct EveryPartPowerLossTests {
  @Test(
    "Journal and update survive every cut, with every unit of writing", arguments: Geometries.parts.indices)
  func everyUnit(_ index: Int) async throws {
    let part = Geometries.parts[index]
    let total = try await onOwnThread { try Self.checkAll(of: part, number: index) }
    print(
      "power loss, \(part.name): \(total.journals) journals, \(total.updates) updates, \(total.operations) operations, "
        + "\(total.cuts) single cuts, seed \(TestSeed.value)")
    let images = part.layout.images.count
    #expect(total.journals == FlashRules.writeSizes.count * images)
    #expect(total.updates == (TestSeed.isSlow ? total.journals : images))
    #expect(total.cuts > 50 * total.journals + 250 * total.updates)
  }

  /// What was covered.
  struct Total: Sendable {
    var journals = 0
    var updates = 0
    var operations = 0
    var cuts = 0

    mutating func add(_ report: PowerLossReport) {
      operations += report.operations
      cuts += report.singleCuts
    }
  }

  private static func checkAll(of part: FlashPart, number index: Int) throws -> Total {
    var total = Total()
    for (number, writeSize) in FlashRules.writeSizes.enumerated() {
      for image in part.layout.images.indices {
        // Both erased values and both kinds of cells come with each part, and each with units small and large.
        let variant = try part.with(
          writeSize: writeSize, erasedByte: number % 2 == 0 ? 0xff : 0x00, isMultiwrite: number % 3 == 0)
        let board = TestBoard(
          name: "\(variant), image \(image)", geometry: try variant.combinedGeometry(),
          layout: try variant.deviceLayout(ofImage: image),
          writeToUsed: number % 4 < 2 ? .isRefused : .isUndefined)
        let journal = try journalReport(on: board)
        #expect(journal.violations.isEmpty && journal.operations >= 5, "\(board.name): \(journal)")
        total.journals += 1
        total.add(journal)
        guard TestSeed.isSlow || number == index % FlashRules.writeSizes.count else { continue }
        let update = try updateReport(on: board)
        #expect(update.violations.isEmpty && update.operations >= 18, "\(board.name): \(update)")
        total.updates += 1
        total.add(update)
      }
    }
    return total
  }

  private static func journalReport(on board: TestBoard) throws -> PowerLossReport {
    var flash = try board.worn()
    var journal = Journal(layout: board.layout, geometry: board.geometry)
    let zero: [UInt8] = RealStore.payload(0)
    try journal.format(&flash, payload: zero.span)
    let checker = PowerLossChecker(
      seed: TestSeed.value, mayChange: [board.layout.journalA, board.layout.journalB])
    return CountingScenario(goal: 4, perSession: 4).check(flash, with: checker) {
      device throws(StorageError) in
      try RealStore(opening: device, board: board)
    }
  }

  private static func updateReport(on board: TestBoard) throws -> PowerLossReport {
    let old = TestImage(size: 301, sequenceNumber: 5, seed: 100)
    let new = TestImage(size: 603, sequenceNumber: 6, seed: 200)
    let storage = try DeviceStorage.provision(
      try board.worn(), layout: board.layout, factoryImage: old.bytes.span,
      sequenceNumber: old.sequenceNumber,
      version: old.version, hash: SodiumSHA256.self)
    var agent = TestAgent(board: board, image: new)
    agent.chunkSize = 400
    let checker = PowerLossChecker(seed: TestSeed.value, readings: 1, mayChange: board.ownRanges)
    return checker.check(
      storage.closed(),
      scenario: { device throws(AgentError) in try agent.run(device) },
      invariant: { bootProblem(on: $0, board: board, images: [old, new]) },
      completion: { device in
        if let problem = bootProblem(on: device, board: board, images: [old, new]) { return problem }
        guard let state = try? openedState(device.snapshot, layout: board.layout) else {
          return "the journal cannot be opened"
        }
        guard state.update == .idle, state.boot.selection == .confirmed(.b) else {
          return "the new image is not confirmed"
        }
        return state.boot.securityCounter == new.sequenceNumber ? nil : "the security counter was not raised"
      })
  }
}

extension TestBoard {
  /// A device with noise where the journal is and slot b begins, and erased everywhere else: large ones stay cheap.
  fileprivate func worn() throws -> SimulatedFlash {
    var flash = SimulatedFlash(geometry)
    flash.writeToUsed = writeToUsed
    var random = SplitMix64(seed: 1)
    let slot = layout.slotB.lowerBound..<layout.slotB.lowerBound + 1024
    for range in [layout.journalA, layout.journalB, slot] {
      let noise = (0..<range.count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      try flash.write(noise.span, at: range.lowerBound)
    }
    return flash
  }
}
