import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Both slots and the journal are gone: the golden image boots, and brings the device back, whenever the power goes.
@Suite("Recovery under power cuts")
struct RecoveryPowerLossTests {
  @Test("A new image is provisioned", arguments: try RecoveryBoard.all(), RecoveringAgent.Way.allCases)
  func recover(_ bench: RecoveryBoard, _ way: RecoveringAgent.Way) async throws {
    try await onOwnThread {
      for damage in way.damages {
        let report = try Self.check(bench, RecoveringAgent(bench: bench, way: way), damage)
        print("recovery, \(bench.board.name), \(way), \(damage): \(report)")
        #expect(report.violations.isEmpty, "\(report)")
        #expect(report.singleCuts > 90)
      }
    }
  }

  @Test("A boot loader that gives up without a journal is found")
  func withoutRecovery() async throws {
    let report = try await onOwnThread {
      var agent = RecoveringAgent(bench: RecoveryBoard(try TestBoard.uniform()), way: .provisioned)
      agent.givesUp = true
      return try Self.check(agent.bench, agent, .slots)
    }
    // The device is not lost before the power goes, so that a cut is needed.
    #expect(report.violations.first?.trace.count == 1, "\(report)")
  }

  @Test("A golden image that is updated in place is found")
  func goldenOverwritten() async throws {
    let report = try await onOwnThread {
      var agent = RecoveringAgent(bench: RecoveryBoard(try TestBoard.uniform()), way: .provisioned)
      agent.renewsGolden = true
      return try Self.check(agent.bench, agent, .slotsAndJournal)
    }
    #expect(
      report.violations.contains { $0.trace.count == 1 && $0.problem.contains("nothing boots") }, "\(report)")
  }

  private static func check(
    _ bench: RecoveryBoard, _ agent: RecoveringAgent, _ damage: Damage
  ) throws -> PowerLossReport {
    var random = SplitMix64(seed: TestSeed.value)
    var flash = try bench.provisioned()
    _ = damage.apply(to: &flash, layout: bench.board.layout, random: &random)
    flash.writeToUsed = bench.board.writeToUsed
    flash.resetCounters()
    // The golden image is in none of these ranges: the checker also holds that nothing writes to it. Where that is the
    // flaw, it is to be found by what it leads to.
    let checker = PowerLossChecker(
      seed: TestSeed.value, secondCuts: TestSeed.isSlow ? .sampled(3) : .none,
      mayChange: agent.renewsGolden ? nil : bench.board.ownRanges)
    return checker.check(
      flash,
      scenario: { device throws(AgentError) in try agent.run(device) },
      invariant: { agent.problem(on: $0) },
      completion: { device in
        if let problem = agent.problem(on: device) { return problem }
        guard let state = try? openedState(device.snapshot, layout: bench.board.layout) else {
          return "the journal cannot be opened"
        }
        guard case .confirmed(let slot) = state.boot.selection,
          state.boot[slot]?.sequenceNumber == TestImage.new.sequenceNumber,
          state.boot.securityCounter == TestImage.new.sequenceNumber
        else { return "the new image is not confirmed" }
        return nil
      })
  }
}

/// What a golden image does with its device, and the boot loader below it.
struct RecoveringAgent: Sendable {
  enum Way: CaseIterable {
    /// Writes slot a and then the journal, with one call.
    case provisioned
    /// Makes a journal for an image that is not there yet, and stages it as an update, with checkpoints.
    case staged
    /// Goes on with the journal that is there.
    case updated

    var damages: [Damage] {
      switch self {
      case .provisioned: [.slots, .slotsAndJournal]
      case .staged: [.slotsAndErasedJournal]
      case .updated: [.slots]
      }
    }
  }

  var bench: RecoveryBoard
  var way: Way
  /// The flaw: no golden image if there is no journal.
  var givesUp = false
  /// The flaw: writes a new golden image over the old one.
  var renewsGolden = false

  func problem(on device: SharedFlash) -> String? {
    if givesUp {
      do throws(StorageError) {
        _ = try DeviceStorage(opening: device, layout: bench.board.layout)
      } catch {
        return "nothing boots: \(error)"
      }
    }
    return bench.problem(on: device, images: [.new])
  }

  func run(_ device: SharedFlash) throws(AgentError) {
    for _ in 0..<8 {
      do throws(StartError) {
        switch try bench.start(device) {
        case .image(let decision, var storage):
          if case .confirmed = decision.kind { return }
          try rethrowing { () throws(StorageError) in try storage.confirm() }
        case .recovery(let decision):
          try rethrowing { () throws(StorageError) in try recover(device, decision) }
        }
      } catch {
        throw .start(error)
      }
    }
    throw .doesNotConverge
  }

  private func rethrowing(_ body: () throws(StorageError) -> Void) throws(StartError) {
    do throws(StorageError) {
      try body()
    } catch {
      throw .nothingBoots(error.code, recovery: .digestMismatch)
    }
  }

  private func recover(_ device: SharedFlash, _ decision: RecoveryDecision) throws(StorageError) {
    let layout = bench.board.layout
    // The golden image verifies the manifest of what it installs, and holds it against the counter if there is one.
    if let counter = decision.securityCounter, TestImage.new.sequenceNumber < counter {
      throw .sequenceNumberReplayed
    }
    if renewsGolden { try renewGolden(device) }
    let bytes = TestImage.new.bytes
    switch way {
    case .provisioned:
      _ = try DeviceStorage.provision(
        device, layout: layout, factoryImage: bytes.span,
        sequenceNumber: TestImage.new.sequenceNumber, version: TestImage.new.version, hash: SodiumSHA256.self)
    case .staged:
      if decision.cause == .journalEmpty {
        _ = try DeviceStorage.provision(device, layout: layout, image: TestImage.new.record)
      }
      try stage(device)
    case .updated:
      try stage(device)
    }
  }

  private func stage(_ device: SharedFlash) throws(StorageError) {
    var storage = try DeviceStorage(opening: device, layout: bench.board.layout)
    storage.checkpointInterval = 2048
    var writer = try storage.beginStaging(TestImage.new.verifiedManifest(), offer: TestImage.new.offer)
    let bytes = TestImage.new.bytes
    try storage.write(bytes.span.extracting(Int(writer.offset)..<bytes.count), with: &writer)
    let staged = try storage.finish(writer)
    try storage.activate(try storage.verify(staged, using: SodiumSHA256.self), attempts: 5)
  }

  private func renewGolden(_ device: SharedFlash) throws(StorageError) {
    let range = bench.recovery.range
    let padding = [UInt8](repeating: 0xff, count: 2780 - RecoveryBoard.golden.bytes.count)
    let bytes = RecoveryBoard.golden.bytes + padding
    do throws(FlashError) {
      try device.erase(range)
      try device.write(bytes.span, at: range.lowerBound)
    } catch {
      throw .flash(error)
    }
  }
}
