import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

/// What is planned is what the simulator then counts.
@Suite("UpdatePlan")
struct UpdatePlanTests {
  /// One image after another on the same device, so that the journal is at every place of its areas and the images change
  /// places in both directions.
  @Test(
    "The plan is what happens, for every strategy",
    arguments: try TestBoard.all().flatMap { try $0.withEveryStrategy() })
  func exact(_ board: TestBoard) throws {
    var flash = try board.provisioned(.old)
    for (number, size) in [5003, 1, 3004, 1024, 6144, 4096].enumerated() {
      let image = TestImage(size: size, sequenceNumber: UInt64(6 + number), seed: UInt64(number))
      flash.resetCounters()
      flash.timing = FlashTiming(
        erasePerBlock: .nanoseconds(70_000), writePerUnit: .nanoseconds(900), readPerByte: .zero)
      let plan = try run(image, on: &flash, board: board, checkpointInterval: number % 2 == 0 ? 1024 : 3000)
      let counted = FlashWork(
        blocksErased: UInt64(flash.counters.blocksErased), bytesWritten: UInt64(flash.counters.bytesWritten))
      #expect(plan.total == counted, "\(board.name), \(size) bytes")
      let planned = plan.nanoseconds(erasePerBlock: 70_000, writePerUnit: 900)
      #expect(flash.counters.time == .nanoseconds(Int(planned)))
      #expect(plan.wear == wear(of: flash, board: board), "\(board.name), \(size) bytes")
    }
  }

  @Test("A plan over the budget is refused, one within it is not")
  func budget() throws {
    let board = try TestBoard.uniform()
    let storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    let plan = try storage.plan(for: TestImage.new.verifiedManifest().manifest)
    try plan.require(within: UpdateBudget())
    var budget = UpdateBudget()
    budget.blocksErased = plan.total.blocksErased
    budget.bytesWritten = plan.total.bytesWritten
    budget.wear = plan.wear.most
    let time = plan.nanoseconds(erasePerBlock: 5, writePerUnit: 7)
    budget.time = UpdateBudget.Time(nanoseconds: time, erasePerBlock: 5, writePerUnit: 7)
    try plan.require(within: budget)
    for limit in [\UpdateBudget.blocksErased, \.bytesWritten, \.wear] {
      var less = budget
      less[keyPath: limit] -= 1
      #expect(throws: StorageError.overBudget) { try plan.require(within: less) }
    }
    budget.time?.nanoseconds -= 1
    #expect(throws: StorageError.overBudget) { try plan.require(within: budget) }
    #expect(plan.nanoseconds(erasePerBlock: .max, writePerUnit: 1) == .max)
  }

  @Test("What cannot be staged has no plan")
  func refused() throws {
    let board = try TestBoard.uniform()
    var storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    let large = TestImage(size: 8193, sequenceNumber: 7, seed: 1).verifiedManifest().manifest
    #expect(error(of: storage, large) == .imageTooLarge)
    var two = TestImage.new.verifiedManifest().manifest
    two.companions = CompanionImages(TestImage.old.description)
    #expect(error(of: storage, two) == .imageCountMismatch)
    try install(.new, on: &storage)
    #expect(error(of: storage, TestImage.new.verifiedManifest().manifest) == .slotInUse)
  }

  // MARK: Parts

  private func error(
    of storage: borrowing DeviceStorage<SimulatedFlash>, _ manifest: Manifest
  ) -> StorageError? {
    do throws(StorageError) { _ = try storage.plan(for: manifest) } catch { return error }
    return nil
  }

  /// An update in the three sessions of a device.
  private func run(
    _ image: TestImage, on flash: inout SimulatedFlash, board: TestBoard, checkpointInterval: UInt32
  ) throws -> UpdatePlan {
    var agent = try DeviceStorage(opening: flash, layout: board.layout)
    agent.checkpointInterval = checkpointInterval
    let plan = try agent.plan(for: image.verifiedManifest().manifest)
    try install(image, on: &agent, attempts: 1)
    var loader = try DeviceStorage(opening: agent.closed(), layout: board.layout)
    let decision = try BootManager.boot(&loader, hash: SodiumSHA256.self)
    #expect(decision.image == image.record)
    var application = try DeviceStorage(opening: loader.closed(), layout: board.layout)
    try application.confirm()
    try application.record(.idle)
    flash = application.closed()
    return plan
  }

  private func wear(of flash: SimulatedFlash, board: TestBoard) -> FlashWear {
    var wear = FlashWear()
    var start: UInt32 = 0
    for erases in flash.wear {
      guard let block = board.geometry.eraseBlock(containing: start) else { break }
      let count = UInt64(erases)
      if board.layout.journalA.contains(start) || board.layout.journalB.contains(start) {
        wear.journal = max(wear.journal, count)
      } else if board.layout.slotA.contains(start) || board.layout.slotB.contains(start) {
        wear.slots = max(wear.slots, count)
      } else if board.ownRanges.contains(where: { $0.contains(start) }) {
        wear.scratch = max(wear.scratch, count)
      }
      start = block.upperBound
    }
    return wear
  }
}
