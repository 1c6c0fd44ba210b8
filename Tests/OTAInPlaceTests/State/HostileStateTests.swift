import OTACore
import OTACrypto
import OTAFlashSimulator
import OTAInPlace
import OTAPartition
import OTATesting
import Testing

/// Journals that no device has written, with fields at their limits, over stores that hold anything.
@Suite("Hostile states of a device with one slot")
struct HostileStateTests {
  private static let numbers: [UInt32] = [
    0, 1, 2, 7, 24, 127, 128, 129, 256, 300, 460, 808, 1024, 1 << 16, .max - 128, .max - 1, .max,
  ]

  /// Everything random, from the seed.
  private struct Source {
    var random: SplitMix64
    let bench: Bench

    mutating func pick<Value>(_ values: [Value]) -> Value {
      values[Int.random(in: values.indices, using: &random)]
    }

    mutating func isOne(in count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

    mutating func number(or usual: UInt32) -> UInt32 { isOne(in: 2) ? usual : pick(numbers) }

    mutating func record(_ usual: ImageRecord) -> ImageRecord {
      var record = usual
      if isOne(in: 3) { record.image.size = pick(numbers) }
      if isOne(in: 4) { record.image.digest = SHA256.digest(of: Bench.bytes(0, seed: 1).span) }
      if isOne(in: 4) { record.sequenceNumber = SequenceNumber(pick([0, 5, 6, .max])) }
      return record
    }

    mutating func state() -> InPlaceState {
      let payload = bench.payload
      let update = InPlaceUpdate(
        old: record(bench.oldRecord), new: record(bench.newRecord), updateID: bench.updateID,
        payloadDigest: SHA256.digest(of: payload.span), payloadSize: number(or: UInt32(payload.count)))
      let phase: InPlacePhase =
        switch Int.random(in: 0..<5, using: &random) {
        case 0: .confirmed(record(bench.oldRecord), report: nil)
        case 1: .trial(update, attemptsLeft: pick([0, 1, 255]))
        case 2: .reverting(update, cause: .healthCheckFailed, stepsDone: number(or: 0))
        default: .applying(update, attempts: pick([0, 1, 255]), stepsDone: number(or: 0))
        }
      return InPlaceState(phase: phase, securityCounter: SequenceNumber(pick([0, 5, 5, 6, .max])))
    }
  }

  @Test("Whatever journal and store say, nothing boots but an image whose digest is right, and nothing traps")
  func boots() throws {
    print("hostile states in place, seed \(TestSeed.value)")
    var outcomes: [String: Int] = [:]
    var random = SplitMix64(seed: TestSeed.value)
    for _ in 0..<400 {
      var bench = try Bench()
      var source = Source(random: SplitMix64(seed: random.next()), bench: bench)
      // A header says anything, and the digest of the payload is right all the same: the vendor has signed it.
      for field in 0..<5 where source.isOne(in: 4) {
        let value = source.pick(Self.numbers)
        if source.isOne(in: 2) {
          RefusedUpdateTests.PatchChange.set(field, value, in: &bench.forward)
        } else {
          RefusedUpdateTests.PatchChange.set(field, value, in: &bench.back)
        }
      }
      source = Source(random: source.random, bench: bench)
      let device = try bench.device()
      let state = source.state()
      try Self.write(state, bench.payload, to: device, bench)
      do {
        let decision = try bench.boot(device)
        let size = Int(decision.image.image.size)
        #expect(size > 0 && SHA256.digest(of: bench.slot(device, size).span) == decision.image.image.digest)
        #expect(decision.image.sequenceNumber >= state.securityCounter)
        outcomes["\(decision.kind)", default: 0] += 1
      } catch let error as InPlaceError {
        outcomes["\(error)", default: 0] += 1
      }
    }
    // It is not always the same way out.
    #expect(outcomes.count >= 5, "\(outcomes)")
  }

  /// Puts a state into the journal, and bytes into the store, as far as they fit.
  private static func write(
    _ state: InPlaceState, _ payload: [UInt8], to device: SharedFlash, _ bench: Bench
  ) throws {
    var device = device
    let layout = bench.layout
    try device.write(payload.span, at: layout.store.lowerBound)
    var journal = try Journal(
      checking: layout.journalA, layout.journalB, payloadCapacity: InPlaceState.maximumSize,
      on: bench.geometry)
    let bytes = try [UInt8](capacity: InPlaceState.maximumSize) { writer throws(ParseError) in
      try state.serialize(into: &writer)
    }
    try journal.format(&device, payload: bytes.span)
  }
}
