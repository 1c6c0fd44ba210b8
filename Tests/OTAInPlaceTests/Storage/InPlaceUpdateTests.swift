import OTACore
import OTAFlashSimulator
import OTAInPlace
import OTAPartition
import OTATesting
import Testing

/// What becomes of an update, with power all the time.
@Suite("Updates in place")
struct InPlaceUpdateTests {
  @Test("An update is made, tried, confirmed and reported")
  func confirmed() throws {
    let bench = try Bench()
    let device = try bench.requested()
    let decision = try bench.boot(device)
    #expect(decision == BootDecision(slot: .a, image: bench.newRecord, kind: .trial(attemptsLeft: 1)))
    #expect(bench.slot(device, 460) == bench.new)
    var storage = try bench.opened(device)
    try storage.confirm()
    #expect(storage.state.securityCounter == SequenceNumber(6))
    let report = Report(updateID: bench.updateID, outcome: .installed)
    #expect(try bench.phase(device) == .confirmed(bench.newRecord, report: report))
    try storage.markReported()
    #expect(try bench.phase(device) == .confirmed(bench.newRecord, report: nil))
    #expect(try bench.boot(device).kind == .confirmed)
    #expect(throws: InPlaceError.storage(.notOnTrial)) { try storage.confirm() }
    #expect(throws: InPlaceError.storage(.notOnTrial)) { try storage.revert(.healthCheckFailed) }
  }

  @Test("An image that is given up, or never says anything, is undone", arguments: [true, false])
  func undone(_ speaks: Bool) throws {
    let bench = try Bench()
    let device = try bench.requested()
    _ = try bench.boot(device)
    if speaks {
      var storage = try bench.opened(device)
      try storage.revert(.healthCheckFailed)
    } else {
      #expect(try bench.boot(device).kind == .trial(attemptsLeft: 0))
    }
    let cause = speaks ? ErrorCode.healthCheckFailed : .bootAttemptsExhausted
    #expect(try bench.boot(device) == BootDecision(slot: .a, image: bench.oldRecord, kind: .reverted(cause)))
    #expect(bench.slot(device, 300) == bench.old)
    let state = try bench.opened(device).state
    let report = Report(updateID: bench.updateID, outcome: .reverted(cause))
    #expect(state.phase == .confirmed(bench.oldRecord, report: report))
    #expect(state.lastRevert == cause && state.securityCounter == SequenceNumber(5))
    #expect(try bench.boot(device).kind == .confirmed)
  }

  @Test("Images of any two sizes become each other in any shape, on any unit of writing, and back")
  func shapes() throws {
    print("in place, shapes, seed \(TestSeed.value)")
    var random = SplitMix64(seed: TestSeed.value)
    for _ in 0..<60 {
      let shift = UInt32.random(in: 1...4, using: &random)
      let segment = UInt32.random(in: 1...shift, using: &random)
      let writeSize = ([1, 2, 4, 8, 16, 32] as [UInt32]).randomElement(using: &random) ?? 1
      let (oldSize, newSize) = (
        Int.random(in: 1...900, using: &random), Int.random(in: 1...900, using: &random)
      )
      // As much room as is needed, and sometimes more.
      let blocks = UInt32((max(oldSize, newSize) + 127) / 128) + shift
      let bench = try Bench(
        oldSize: oldSize, newSize: newSize, slot: max(2, blocks) + UInt32.random(in: 0...2, using: &random),
        shift: shift, segment: segment, writeSize: writeSize)
      let device = try bench.requested()
      #expect(try bench.boot(device).kind == .trial(attemptsLeft: 1))
      #expect(bench.slot(device, newSize) == bench.new, "\(bench.layout), \(oldSize) to \(newSize)")
      var storage = try bench.opened(device)
      try storage.revert(.healthCheckFailed)
      #expect(try bench.boot(device).kind == .reverted(.healthCheckFailed))
      #expect(bench.slot(device, oldSize) == bench.old, "\(bench.layout), \(newSize) to \(oldSize)")
    }
  }

  @Test("A second update follows the first, and an older one does not")
  func again() throws {
    var bench = try Bench()
    let device = try bench.requested()
    _ = try bench.boot(device)
    var storage = try bench.opened(device)
    try storage.confirm()
    let older = Bench.record(bench.old, 5)
    #expect(throws: InPlaceError.storage(.sequenceNumberReplayed)) {
      _ = try storage.beginStaging(bench.manifest { $0.sequenceNumber = older.sequenceNumber })
    }
    // The way back, as an update of its own.
    let source = bench.newRecord
    (bench.old, bench.new) = (bench.new, bench.old)
    (bench.forward, bench.back) = (bench.back, bench.forward)
    bench.sequenceNumber = 7
    let payload = try bench.stage(&storage)
    try storage.begin(payload, codec: DifferenceCodec.self, attempts: 1)
    guard case .applying(let update, _, _) = try bench.phase(device) else {
      Issue.record("the update was not requested")
      return
    }
    #expect(update.old == source)
    #expect(try bench.boot(device).image == bench.newRecord)
    #expect(bench.slot(device, 300) == bench.new)
  }

  @Test("An update costs the erases that Docs/InPlace.md says")
  func wear() throws {
    let bench = try Bench(oldSize: 1000, newSize: 1100, slot: 12, shift: 2, segment: 2)
    let device = try bench.requested()
    #expect(device.snapshot.wear.reduce(0, +) == 17 + 16)
    _ = try bench.boot(device)
    let wear = device.snapshot.wear
    // Each block of the old image is moved once, each of the new one is made once.
    #expect(wear[..<12].reduce(0, +) == 8 + 9)
    #expect(wear[..<12].max() == 2)
    #expect(wear[12..<29].allSatisfy { $0 == 1 })
    // Four steps of two blocks, five segments, the trial, the attempt: eleven records of 384 bytes; five in an area.
    #expect(wear[29...].reduce(0, +) == 16 * 4)
  }
}
