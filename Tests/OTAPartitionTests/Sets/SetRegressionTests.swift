import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Sequences in which MCUboot went wrong with several images, played on one record for the set.
@Suite("Faults of MCUboot with several images")
struct SetRegressionTests {
  static func boards() throws -> [TestBoard] {
    try ActivationStrategy.Kind.allCases.map { try TestBoard.set(of: 2, $0) }
  }

  static func reverting() throws -> [TestBoard] { try boards().filter { $0.layout.strategy.canRevert } }

  @Test(
    "MCUboot #518: a set that cannot be satisfied ends in one start, with a bounded number of reads",
    arguments: try boards())
  func endless(_ board: TestBoard) throws {
    let good = board.newSet.record
    // What a foreign hand may have recorded of the two images that are there: too few, too many, one twice, one too
    // long, each in the place of the other.
    var records: [ImageRecord] = []
    for companions in [
      CompanionImages(), CompanionImages(good.companions[0] ?? good.image, good.image),
      CompanionImages(good.image), CompanionImages(ImageDescription(digest: good.image.digest, size: .max)),
    ] {
      var record = good
      record.companions = companions
      records.append(record)
    }
    var exchanged = good
    exchanged.image = try #require(good.companions[0])
    exchanged.companions = CompanionImages(good.image)
    for record in records + [exchanged] {
      var state = try openedState(try board.activated(), layout: board.layout)
      state.boot.slotB = record
      let start = try Self.with(state, on: try board.activated(), board)
      let boot = try Self.boot(start, board)
      #expect(boot.decision.kind == .reverted(.bootVerificationFailed) && boot.decision.slot == .a)
      #expect(board.runs(board.oldSet, of: .a, on: boot.flash))
      // The journal, then each slot twice at most.
      #expect(boot.flash.counters.bytesRead < 3 * 8192 + 4 * 2048, "\(boot.flash.counters)")
      let again = try Self.boot(boot.flash, board)
      #expect(again.decision.kind == .confirmed && again.flash.counters.modifications == 0)
    }
  }

  @Test("MCUboot #669: a good image is not brought beside a bad one", arguments: try boards(), [0, 1])
  func badAndGood(_ board: TestBoard, _ bad: Int) throws {
    var flash = try board.activated()
    flash.flipBits(1, at: try board.range(of: .b, image: bad, on: flash).lowerBound + 3)
    flash.log = []
    let boot = try Self.boot(flash, board)
    #expect(boot.decision.image == board.oldSet.record && board.runs(board.oldSet, of: .a, on: boot.flash))
    // Nothing was moved before all was verified.
    let journal = board.layout.journalA.lowerBound..<board.layout.journalB.upperBound
    #expect((boot.flash.log ?? []).allSatisfy { journal.contains($0.range.lowerBound) })
  }

  @Test(
    "MCUboot #954: a second set is refused while one is on trial, and the trial ends after so many starts",
    arguments: try boards())
  func secondRequest(_ board: TestBoard) throws {
    let third = TestImage(size: 90, companions: [40], sequenceNumber: 7, seed: 77)
    var flash = try board.activated(attempts: 3)
    for left: UInt8 in [2, 1, 0] {
      let boot = try Self.boot(flash, board)
      #expect(boot.decision.kind == .trial(attemptsLeft: left))
      #expect(board.runs(board.newSet, of: .b, on: boot.flash))
      var storage = try DeviceStorage(opening: boot.flash, layout: board.layout)
      let state = storage.state
      #expect(throws: StorageError.slotInUse) {
        _ = try storage.beginStaging(third.verifiedManifest(), offer: third.offer)
      }
      #expect(storage.state == state)
      flash = storage.closed()
    }
    let boot = try Self.boot(flash, board)
    guard board.layout.strategy.canRevert else {
      // There is nothing else to boot; it can be kept, and is then open to the next one.
      #expect(boot.decision.kind == .fallback)
      var storage = try DeviceStorage(opening: boot.flash, layout: board.layout)
      try storage.keep(.bootAttemptsExhausted, verifying: SodiumSHA256.self)
      try install(third, on: &storage)
      #expect(try Self.boot(storage.closed(), board).decision.image == third.record)
      return
    }
    #expect(boot.decision.kind == .reverted(.bootAttemptsExhausted))
    #expect(board.runs(board.oldSet, of: .a, on: boot.flash))
    var storage = try DeviceStorage(opening: boot.flash, layout: board.layout)
    try install(third, on: &storage)
    let next = try Self.boot(storage.closed(), board)
    #expect(next.decision.image == third.record && board.runs(third, of: .b, on: next.flash))
  }

  @Test(
    "MCUboot #1841, #1768: the order of the images decides nothing, nor do their sizes",
    arguments: ActivationStrategy.Kind.allCases)
  func order(_ kind: ActivationStrategy.Kind) throws {
    let board = try TestBoard.set(of: 3, kind)
    for sizes in [
      [256, 130, 5], [256, 5, 130], [130, 256, 5], [130, 5, 256], [5, 256, 130], [5, 130, 256],
      [256, 256, 256],
    ] {
      let set = TestImage(size: sizes[0], companions: Array(sizes[1...]), sequenceNumber: 6, seed: 8)
      var storage = try DeviceStorage(opening: try board.provisioned(board.oldSet), layout: board.layout)
      try install(set, on: &storage)
      let boot = try Self.boot(storage.closed(), board)
      #expect(
        boot.decision.kind == .trial(attemptsLeft: 2) && board.runs(set, of: .b, on: boot.flash), "\(sizes)")
    }
  }

  @Test(
    "MCUboot #2812: an image that is absent does not keep the others from being updated",
    arguments: try boards())
  func absent(_ board: TestBoard) throws {
    // Absent, absent still, there, absent again; the places are full of noise.
    let sets = zip([0, 0, 130, 0], UInt64(5)...).map { size, number in
      TestImage(size: 200 + size, companions: [size], sequenceNumber: number, seed: number)
    }
    var flash = try board.provisioned(sets[0])
    #expect(try Self.boot(flash, board).decision.kind == .confirmed)
    for set in sets.dropFirst() {
      var storage = try DeviceStorage(opening: flash, layout: board.layout)
      try install(set, on: &storage)
      let boot = try Self.boot(storage.closed(), board)
      #expect(boot.decision.kind == .trial(attemptsLeft: 2) && boot.decision.image == set.record)
      #expect(board.runs(set, of: boot.decision.slot, on: boot.flash))
      storage = try DeviceStorage(opening: boot.flash, layout: board.layout)
      try storage.confirm()
      try storage.record(.idle)
      flash = storage.closed()
    }
  }

  @Test(
    "A start between two images goes on in the direction that is recorded, forward and back",
    arguments: try boards())
  func betweenImages(_ board: TestBoard) throws {
    for flash in try Self.cuts(of: try board.activated(attempts: 5), board) {
      let boot = try Self.boot(flash, board)
      guard case .trial = boot.decision.kind else {
        Issue.record("\(board.name): \(boot.decision.kind)")
        continue
      }
      #expect(board.runs(board.newSet, of: .b, on: boot.flash), "\(board.name)")
      #expect(boot.state.boot.securityCounter == board.oldSet.sequenceNumber, "\(board.name)")
    }
    // Where nothing moves, the start after a revert writes nothing.
    guard board.layout.strategy.canRevert, board.layout.strategy != .direct else { return }
    var storage = try DeviceStorage(
      opening: try Self.boot(try board.activated(), board).flash, layout: board.layout)
    try storage.revert(.healthCheckFailed)
    for flash in try Self.cuts(of: storage.closed(), board) {
      let boot = try Self.boot(flash, board)
      #expect(
        boot.decision.kind == .confirmed && board.runs(board.oldSet, of: .a, on: boot.flash), "\(board.name)")
    }
  }

  @Test("One confirmed, the other not: confirming is one record, cut anywhere", arguments: try boards())
  func confirmed(_ board: TestBoard) throws {
    let start = try Self.boot(try board.activated(), board).flash
    let flashes = try Self.cuts(of: start, board) { storage throws(StorageError) in try storage.confirm() }
    var selections = Set<String>()
    for flash in flashes {
      let boot = try Self.boot(flash, board)
      #expect(board.runs(board.newSet, of: .b, on: boot.flash), "\(board.name)")
      let isConfirmed = boot.state.boot.selection == .confirmed(.b)
      #expect(isConfirmed || boot.state.boot.selection == .trial(.b, attemptsLeft: 1), "\(board.name)")
      let counter = (isConfirmed ? board.newSet : board.oldSet).sequenceNumber
      #expect(boot.state.boot.securityCounter == counter, "\(board.name)")
      selections.insert("\(boot.decision.kind)")
    }
    #expect(selections.count == 2, "both are seen: \(selections)")
  }

  @Test(
    "MCUboot #480, #485: a revert that was interrupted stays one, and no attempt comes back",
    arguments: try reverting())
  func interruptedRevert(_ board: TestBoard) throws {
    var start = try Self.boot(try board.activated(attempts: 1), board).flash
    start.resetCounters()
    for cut in try Self.cuts(of: start, board) {
      var flash = cut
      for _ in 0..<3 {
        let boot = try Self.boot(flash, board)
        #expect(boot.decision.slot == .a && board.runs(board.oldSet, of: .a, on: boot.flash), "\(board.name)")
        flash = boot.flash
      }
      let state = try openedState(flash, layout: board.layout)
      #expect(state.boot.selection == .confirmed(.a) && state.boot.slotB == nil, "\(board.name)")
      #expect(state.boot.lastRevert == .bootAttemptsExhausted, "\(board.name)")
      #expect(state.update == .rollingBack(board.newSet.offer, .bootAttemptsExhausted), "\(board.name)")
    }
  }

  @Test(
    "MCUboot #2282: the security counter waits for the confirmation, however often a start is interrupted",
    arguments: try reverting())
  func counter(_ board: TestBoard) throws {
    for flash in try Self.cuts(of: try board.activated(attempts: 2), board) {
      var next = flash
      var kinds: [BootDecision.Kind] = []
      while kinds.count < 6 {
        let boot = try Self.boot(next, board)
        #expect(boot.state.boot.securityCounter == board.oldSet.sequenceNumber, "\(board.name)")
        kinds.append(boot.decision.kind)
        next = boot.flash
        if boot.decision.kind == .confirmed { break }
      }
      #expect(
        kinds.last == .confirmed && board.runs(board.oldSet, of: .a, on: next), "\(board.name): \(kinds)")
    }
  }

  // MARK: Parts

  private static func boot(
    _ flash: SimulatedFlash, _ board: TestBoard
  ) throws -> (decision: BootDecision, state: DeviceState, flash: SimulatedFlash) {
    var flash = flash
    flash.resetCounters()
    var storage = try DeviceStorage(opening: flash, layout: board.layout)
    let decision = try BootManager.boot(&storage, hash: SodiumSHA256.self)
    return (decision, storage.state, storage.closed())
  }

  /// The device after a cut in each operation of a start, or of something else: undone, done, and torn.
  private static func cuts(
    of start: SimulatedFlash, _ board: TestBoard,
    _ work: (inout DeviceStorage<SharedFlash>) throws(StorageError) -> Void = {
      storage throws(StorageError) in
      do throws(BootError) {
        _ = try BootManager.boot(&storage, hash: SodiumSHA256.self)
      } catch {
        throw .slotEmpty
      }
    }
  ) throws -> [SimulatedFlash] {
    func run(_ device: SharedFlash) throws(StorageError) {
      var storage = try DeviceStorage(opening: device, layout: board.layout)
      try work(&storage)
    }
    let counted = SharedFlash(start)
    counted.withFlash { $0.resetCounters() }
    try run(counted)
    var flashes: [SimulatedFlash] = []
    for operation in 0..<counted.withFlash({ $0.counters.modifications }) {
      for outcome in [TornOutcome.notDone, .done, .randomBits(seed: TestSeed.value)] {
        let device = SharedFlash(start)
        device.withFlash { $0.cutPower(atOperation: operation, outcome: outcome) }
        #expect(throws: StorageError.self) { try run(device) }
        var flash = device.snapshot
        flash.restorePower(seed: TestSeed.value)
        flashes.append(flash)
      }
    }
    #expect(flashes.count >= 6)
    return flashes
  }

  /// The same device with another record.
  private static func with(
    _ state: DeviceState, on flash: SimulatedFlash, _ board: TestBoard
  ) throws -> SimulatedFlash {
    var flash = flash
    var journal = Journal(layout: board.layout, geometry: board.geometry)
    let payload = try [UInt8](capacity: DeviceState.maximumSize(images: 2)) { (writer) throws(ParseError) in
      try state.serialize(into: &writer)
    }
    try journal.format(&flash, payload: payload.span)
    return flash
  }
}
