import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

@Suite("The hash of a state")
struct StateHashTests {
  private func device(_ change: (inout SimulatedFlash) throws -> Void = { _ in }) throws -> SimulatedFlash {
    var flash = SimulatedFlash(try FlashGeometry(eraseBlockSize: 64, blockCount: 4, writeSize: 4))
    flash.writeToUsed = .isUndefined
    try change(&flash)
    return flash
  }

  private let word: [UInt8] = [1, 2, 3, 4]

  @Test("Everything that decides what comes next has its part in it")
  func parts() throws {
    let states = [
      try device(),
      try device { try $0.write(word.span, at: 0) },
      try device { try $0.write(word.span, at: 4) },
      try device { try $0.write(word.span, at: 64) },
      try device { $0.flipBits(1, at: 0) },
      try device {
        try $0.write(word.span, at: 0)
        try $0.write(word.span, at: 0)
      },
      try device { cut(&$0, .unseen) }, try device { cut(&$0, .unstable(after: 0)) },
      try device { cut(&$0, .faint(after: 0, seed: 1)) }, try device { cut(&$0, .faint(after: 0, seed: 3)) },
      try device { $0.setFaults(.eraseError, in: 0..<1) },
      try device { $0.setFaults(.programError, in: 0..<1) },
      try device { $0.setFaults(.eraseError, in: 64..<65) }, try device { $0.note = 1 },
      try device { $0.writeToUsed = .isRefused }, try device { $0.endurance = Endurance(erases: 3) },
      try device {
        $0.endurance = Endurance(erases: 3)
        $0.age(0..<1, by: 1)
      },
    ]
    #expect(Set(states.map(\.stateHash)).count == states.count)
  }

  @Test("What does not decide it has none")
  func others() throws {
    let expected = try device().stateHash
    #expect(try device { $0.log = [] }.stateHash == expected)
    #expect(try device { $0.cutPower() }.stateHash == expected)
    #expect(try device { $0.restorePower(seed: 3) }.stateHash == expected)
    #expect(try device { $0.age(0..<64, by: 3) }.stateHash == expected)
    let erased = try device {
      try $0.write(word.span, at: 8)
      try $0.erase(0..<64)
    }
    #expect(erased.stateHash == expected)
    #expect(erased.counters != (try device().counters))
  }

  @Test("It is the same whether it was remembered or not, and never stale")
  func remembered() throws {
    var random = SplitMix64(seed: TestSeed.value)
    var remembering = try device()
    var plain = try device()
    for step in 0..<300 {
      let outcomes = TornOutcome.all(
        for: SimulatedFlash.Operation(kind: .write, range: 0..<16), unit: 4, seed: random.next())
      let outcome = outcomes.randomElement(using: &random) ?? .done
      let offset = UInt32(random.next() % 60) * 4
      let isErase = random.next() % 4 == 0
      let change = { (flash: inout SimulatedFlash) in
        flash.cutPower(atOperation: 0, outcome: outcome)
        if isErase {
          try? flash.erase(offset / 64 * 64..<offset / 64 * 64 + 64)
        } else {
          try? flash.write((word + word + word + word).span, at: offset)
        }
        flash.restorePower(seed: UInt64(step))
      }
      change(&remembering)
      change(&plain)
      #expect(remembering.stateHash == plain.stateHash, "seed \(TestSeed.value), step \(step)")
      remembering.rememberHashes()
      #expect(remembering.stateHash == plain.stateHash)
      // Contents and used units in another device of their own: nothing is remembered there.
      if step % 50 == 49 {
        var copy = plain
        copy.flipBits(1, at: 5)
        copy.flipBits(1, at: 5)
        #expect(copy.stateHash == plain.stateHash)
      }
    }
  }

  @Test("A recorded operation is interrupted as the operation itself")
  func recording() throws {
    let start = try device { try $0.write(word.span, at: 0) }
    let bytes: [UInt8] = word + [9, 9, 9, 9]
    let steps: [(SharedFlash) throws -> Void] = [
      { try $0.write(bytes.span, at: 8) }, { try $0.erase(0..<128) }, { try $0.write(bytes.span, at: 64) },
    ]
    let device = SharedFlash(start)
    device.startRecording()
    for step in steps { try step(device) }
    // Refused, and not recorded.
    #expect(throws: FlashError.self) { try device.erase(1..<2) }
    #expect(throws: FlashError.self) { try device.write(bytes.span, at: 252) }
    let recorded = device.stopRecording()
    #expect(recorded.map(\.operation.range) == [8..<16, 0..<128, 64..<72])
    #expect(device.stopRecording().isEmpty)
    for (number, operation) in recorded.enumerated() {
      for outcome in TornOutcome.all(for: operation.operation, unit: 4, seed: 3) {
        let other = SharedFlash(start)
        other.withFlash { $0.cutPower(atOperation: number, outcome: outcome) }
        for step in steps { try? step(other) }
        #expect(operation.interrupted(outcome).stateHash == other.snapshot.stateHash, "\(number), \(outcome)")
        #expect(!operation.interrupted(outcome).isPowered)
      }
    }
  }

  @Test("Whether a state reads the same every time is known")
  func readsTheSame() throws {
    #expect(try device().readsTheSame)
    #expect(try device { cut(&$0, .unseen) }.readsTheSame)
    #expect(!(try device { cut(&$0, .unstable(after: 0)) }.readsTheSame))
    #expect(!(try device { $0.setFaults(.readError, in: 0..<1) }.readsTheSame))
    let twice = try device {
      try $0.write(word.span, at: 0)
      try $0.write(word.span, at: 0)
    }
    #expect(!twice.readsTheSame)
  }

  private func cut(_ flash: inout SimulatedFlash, _ outcome: TornOutcome) {
    flash.cutPower(atOperation: 0, outcome: outcome)
    #expect(throws: FlashError.powerLost) { try flash.write(word.span, at: 0) }
  }
}
