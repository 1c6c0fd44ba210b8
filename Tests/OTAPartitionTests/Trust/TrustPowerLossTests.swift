import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// The trust anchors: never none, never keys of two sets, and two copies after every start.
@Suite("Trust anchors under power cuts")
struct TrustPowerLossTests {
  @Test("Sets follow one another through every cut and every second cut", arguments: try TestBoard.all())
  func exchange(_ board: TestBoard) async throws {
    let counting = CountingScenario(goal: 5, perSession: 2)
    let checker = PowerLossChecker(
      seed: TestSeed.value, secondCuts: TestSeed.isSlow ? .sampled(40) : .sampled(1), readings: 2,
      mayChange: board.anchorAreas)
    let report = try await onOwnThread {
      let first = try AnchorValueStore.anchors(0, number: 1)
      return counting.check(try board.withAnchors(first), with: checker) { device throws(StorageError) in
        try AnchorValueStore(opening: device, board: board)
      }
    }
    print("trust anchors, \(board.name): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 15)
    #expect(report.singleCuts > 10 * report.operations)
  }

  @Test("An exchange with one mistake is found", arguments: WrongAnchors.Flaw.allCases)
  func flawed(_ flaw: WrongAnchors.Flaw) async throws {
    let report = try await check(flaw)
    print(
      "wrong trust anchors, \(flaw): \(report.violations.count) violations; the first: \(report.violations.first.map(\.description) ?? "none")"
    )
    #expect(!report.violations.isEmpty, "\(report)")
  }

  @Test("The same exchange without a mistake is not")
  func whole() async throws {
    let report = try await check(nil)
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.singleCuts > 100 && report.doubleCuts > 100)
  }

  private func check(_ flaw: WrongAnchors.Flaw?) async throws -> PowerLossReport {
    let board = try TestBoard.uniform()
    var checker = PowerLossChecker(seed: TestSeed.value, secondCuts: .sampled(2))
    checker.stopsEarly = true
    return try await onOwnThread { [checker] in
      CountingScenario(goal: 8, perSession: 2).check(try WrongAnchors.start(board), with: checker) {
        device throws(StorageError) in
        try WrongAnchors(opening: device, board: board, flaw: flaw)
      }
    }
  }
}

/// The store of the product, with numbers as sets: of the two keys that belong to a number.
struct AnchorValueStore: ValueStore {
  private var device: SharedFlash
  private var store: TrustAnchorStore
  private(set) var value: UInt32

  /// Reads the set, and then, on copies of the device, what is left if either area is lost.
  init(opening device: SharedFlash, board: TestBoard) throws(StorageError) {
    self.device = device
    store = try AnchorValueStore.store(board)
    value = try AnchorValueStore.value(of: AnchorValueStore.read(&store, from: &self.device).anchors)
    guard store.hasTwoCopies else { throw .slotEmpty }
    for area in [store.copyA, store.copyB] {
      var flash = device.snapshot
      // This look is one of the test: the cut that awaits the device is not for it.
      flash.restorePower(seed: 1)
      flash.destroy(area)
      var alone = try AnchorValueStore.store(board)
      guard try AnchorValueStore.value(of: AnchorValueStore.read(&alone, from: &flash).anchors) == value
      else {
        throw .imageDigestMismatch
      }
    }
  }

  mutating func commit(_ value: UInt32) throws(StorageError) {
    do throws(TrustAnchorError) {
      guard let current = store.current else { throw .unreadable }
      let next = try AnchorValueStore.anchors(value, number: current.anchors.number + 1)
      let signers = AnchorValueStore.keys(self.value) + AnchorValueStore.keys(value)
      let update = try TrustBench.update(next, signedBy: signers)
      let verified = try current.anchors.verify(update: update.span, using: SodiumVerifier())
      try store.install(verified, on: .confirmed(1), to: &device)
    } catch {
      throw AnchorValueStore.storageError(error)
    }
    self.value = value
  }

  static func anchors(_ value: UInt32, number: UInt64) throws(TrustAnchorError) -> TrustAnchors {
    try TrustBench.anchors(number, keys(value))
  }

  private static func keys(_ value: UInt32) -> [Int] { [2 * Int(value), 2 * Int(value) + 1] }

  private static func value(of anchors: TrustAnchors) throws(StorageError) -> UInt32 {
    guard let index = TrustBench.keys.firstIndex(of: anchors[0].key), index % 2 == 0 else {
      throw .imageDigestMismatch
    }
    guard anchors.count == 2, anchors[1].key == TrustBench.keys[index + 1] else { throw .imageDigestMismatch }
    return UInt32(index / 2)
  }

  private static func read<Device: Flash>(
    _ store: inout TrustAnchorStore, from device: inout Device
  ) throws(StorageError) -> TrustState {
    do throws(TrustAnchorError) { return try store.read(from: &device) } catch { throw storageError(error) }
  }

  private static func store(_ board: TestBoard) throws(StorageError) -> TrustAnchorStore {
    do throws(LayoutError) { return try board.anchorStore() } catch { throw .layout(error) }
  }

  private static func storageError(_ error: TrustAnchorError) -> StorageError {
    switch error {
    case .storage(let error): error
    case .unreadable: .journalEmpty
    case .malformed(let error): .record(error)
    case .secureStorage, .crypto, .notProvisioned, .alreadyProvisioned, .currentThresholdNotMet,
      .newThresholdNotMet, .newKeyNotProven, .numberMismatch, .scopeMismatch, .superseded, .tampered,
      .expired, .updateInProgress, .retirementPending:
      .imageDigestMismatch
    }
  }
}

/// Two keys over the journal of the product, exchanged with and without mistakes.
struct WrongAnchors: ValueStore {
  /// What is done wrong.
  enum Flaw: String, CaseIterable, CustomTestStringConvertible, Sendable {
    /// Exchanges one key after the other.
    case keyByKey
    /// Takes the old keys away before it brings the new ones.
    case erasesFirst

    var testDescription: String { rawValue }
  }

  private var device: SharedFlash
  private var journal: Journal
  private let flaw: Flaw?
  private(set) var value: UInt32 = 0

  init(opening device: SharedFlash, board: TestBoard, flaw: Flaw?) throws(StorageError) {
    self.device = device
    self.flaw = flaw
    journal = Journal(layout: board.layout, geometry: board.geometry)
    var buffer = InlineArray<288, UInt8>(repeating: 0)
    var payload = buffer.mutableSpan
    guard try journal.open(&self.device, payload: &payload) == 2 else { throw .journalEmpty }
    guard buffer[0] == buffer[1] else { throw .imageDigestMismatch }
    value = UInt32(buffer[0])
  }

  static func start(_ board: TestBoard) throws -> SimulatedFlash {
    var flash = board.used()
    var journal = Journal(layout: board.layout, geometry: board.geometry)
    let none: [UInt8] = [0, 0]
    try journal.format(&flash, payload: none.span)
    return flash
  }

  mutating func commit(_ value: UInt32) throws(StorageError) {
    let (old, new) = (UInt8(self.value), UInt8(value))
    switch flaw {
    case nil: break
    case .keyByKey:
      let mixed: [UInt8] = [new, old]
      try journal.commit(mixed.span, to: &device)
    case .erasesFirst:
      let none: [UInt8] = []
      try journal.commit(none.span, to: &device)
    }
    let keys: [UInt8] = [new, new]
    try journal.commit(keys.span, to: &device)
    self.value = value
  }
}
