import OTACore
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// The journal alone: a counter that must never go back, and never be lost.
@Suite("The journal under power cuts")
struct JournalPowerLossTests {
  @Test("A committed value survives every cut and every second cut", arguments: try TestBoard.all())
  func counter(_ board: TestBoard) async throws {
    let counter = CountingScenario(goal: 20, perSession: 4)
    let checker = PowerLossChecker(
      seed: TestSeed.value, secondCuts: TestSeed.isSlow ? .exhaustive : .sampled(4), readings: 4,
      mayChange: [board.layout.journalA, board.layout.journalB])
    let report = try await onOwnThread {
      counter.check(try empty(board), with: checker) { device throws(StorageError) in
        try RealStore(opening: device, board: board)
      }
    }
    print("journal, \(board.name): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 24)
  }

  private func empty(_ board: TestBoard) throws -> SimulatedFlash {
    var flash = board.used()
    var journal = Journal(layout: board.layout, geometry: board.geometry)
    let zero: [UInt8] = RealStore.payload(0)
    try journal.format(&flash, payload: zero.span)
    return flash
  }
}

/// Something that remembers a number in flash.
protocol ValueStore {
  /// What was remembered when it was opened.
  var value: UInt32 { get }
  /// Remembers another.
  mutating func commit(_ value: UInt32) throws(StorageError)
}

/// The journal of the product.
struct RealStore: ValueStore {
  private var device: SharedFlash
  private var journal: Journal
  private(set) var value: UInt32

  init(opening device: SharedFlash, board: TestBoard) throws(StorageError) {
    self.device = device
    journal = Journal(layout: board.layout, geometry: board.geometry)
    var buffer = InlineArray<320, UInt8>(repeating: 0)
    var payload = buffer.mutableSpan
    guard let count = try journal.open(&self.device, payload: &payload) else { throw .journalEmpty }
    guard let value = RealStore.value(in: buffer.span.extracting(0..<count)) else {
      throw .imageDigestMismatch
    }
    self.value = value
  }

  mutating func commit(_ value: UInt32) throws(StorageError) {
    let payload = RealStore.payload(value)
    try journal.commit(payload.span, to: &device)
    self.value = value
  }

  /// As many bytes as a real state has, all derived from the value.
  static func payload(_ value: UInt32) -> [UInt8] {
    var random = SplitMix64(seed: UInt64(value))
    var bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    bytes += (0..<180 + Int(value % 9)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    return bytes
  }

  static func value(in bytes: Span<UInt8>) -> UInt32? {
    guard bytes.count >= 4 else { return nil }
    var value: UInt32 = 0
    for index in 0..<4 { value |= UInt32(bytes[index]) << UInt32(8 * index) }
    let expected = payload(value)
    guard expected.count == bytes.count else { return nil }
    for index in 0..<bytes.count where bytes[index] != expected[index] { return nil }
    return value
  }
}

/// Counts up, one commit at a time, in sessions; whatever was once read or committed must not be forgotten.
struct CountingScenario {
  var goal: UInt32
  var perSession: UInt32

  func check<Store: ValueStore>(
    _ start: SimulatedFlash, with checker: PowerLossChecker,
    open: (SharedFlash) throws(StorageError) -> Store
  ) -> PowerLossReport {
    checker.check(
      start,
      scenario: { device throws(StorageError) in
        var value: UInt32 = 0
        repeat {
          var witness = Witness(device)
          witness.isOddStart.toggle()
          witness.leave(with: device)
          var store = try open(device)
          value = store.value
          // A value that was seen and is gone: end here, the completion finds it.
          if value < witness.seen { return }
          witness.seen = value
          witness.next = value
          witness.leave(with: device)
          for _ in 0..<perSession where value < goal {
            // Another start tries another value: a commit that was torn and one that came after it must not be mixed up.
            witness.next = value + 1 + (witness.isOddStart ? 1 : 0)
            witness.leave(with: device)
            try store.commit(witness.next)
            value = witness.next
            witness.seen = value
            witness.leave(with: device)
          }
        } while value < goal
      },
      invariant: { device in problem(on: device, open: open) },
      completion: { device in
        if let problem = problem(on: device, open: open) { return problem }
        let value = Witness(device).seen
        return value >= goal ? nil : "the count ends at \(value)"
      })
  }

  private func problem<Store: ValueStore>(
    on device: SharedFlash, open: (SharedFlash) throws(StorageError) -> Store
  ) -> String? {
    let witness = Witness(device)
    do throws(StorageError) {
      let value = try open(device).value
      if value < witness.seen { return "\(witness.seen) was committed, \(value) is left" }
      if value != witness.seen, value != witness.next {
        return "\(value) comes from a commit that was overruled"
      }
      return nil
    } catch {
      return "the journal cannot be opened: \(error)"
    }
  }
}

/// What the outside world has seen of a count, carried along with the device.
struct Witness {
  /// The last value that was read or committed.
  var seen: UInt32
  /// The value that is being committed, or the same.
  var next: UInt32
  /// Whether the store was opened an odd number of times.
  var isOddStart: Bool

  init(_ device: SharedFlash) {
    let note = device.withFlash { $0.note }
    seen = UInt32(note & 0xff_ffff)
    next = UInt32(note >> 24 & 0xff_ffff)
    isOddStart = note >> 48 != 0
  }

  func leave(with device: SharedFlash) {
    let note = UInt64(seen & 0xff_ffff) | UInt64(next & 0xff_ffff) << 24 | (isOddStart ? 1 << 48 : 0)
    device.withFlash { $0.note = note }
  }
}
