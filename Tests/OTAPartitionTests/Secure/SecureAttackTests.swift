import OTACore
import OTACrypto
import OTAFlashSimulator
import OTAPartition
import Testing

/// Whoever can read and write the flash, but not the counter, and has not the key.
@Suite("SecureStorage under attack")
struct SecureAttackTests {
  @Test("Every flipped bit is an error, or changes nothing")
  func bitFlips() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let counter = TestCounter()
    var whole = try bench.device([(1, [1, 2, 3])], counter)
    var storage = try bench.storage(counter)
    try storage.open(&whole)
    try storage.set(StorageKey(2), to: Array("value".utf8).span, on: &whole)
    let expected = try bench.values(on: whole, counter)
    var refused = 0
    for area in bench.areas {
      for byte in area {
        // One bit of every byte, another one in each; with time, every bit.
        for bit in TestSeed.isSlow ? Array(0..<8) : [byte % 8] {
          var flash = whole
          flash.flipBits(1 << bit, at: byte)
          do {
            #expect(try bench.values(on: flash, counter) == expected, "bit \(bit) of byte \(byte)")
          } catch let error as SecureStorageError {
            #expect(error == .replayed || error == .tampered || error == .missing)
            refused += 1
          }
        }
      }
    }
    // Every byte of the newest record but its seal: header, 64 bytes of payload, checksum.
    #expect(refused >= 12 + 64 + 4)
  }

  @Test("A bit flipped under a checksum made right is called tampering")
  func forgedBits() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let counter = TestCounter()
    let flash = try bench.device([(1, [1, 2, 3]), (2, Array("value".utf8))], counter)
    let place = RawPlace(bench.board.geometry, capacity: 460)
    let newest = try #require(
      place.payloads(in: flash.contents, areas: bench.areas).max { number($0.payload) < number($1.payload) })
    #expect(try bench.refusal(of: bench.device(withPayload: newest.payload), counter) == nil)
    for bit in 0..<newest.payload.count * 8 {
      var payload = newest.payload
      payload[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(try bench.refusal(of: bench.device(withPayload: payload), counter) == .tampered, "bit \(bit)")
    }
    for count in 0..<newest.payload.count {
      let flash = bench.device(withPayload: Array(newest.payload.prefix(count)))
      #expect(try bench.refusal(of: flash, counter) == .tampered, "\(count) bytes")
    }
    let longer = bench.device(withPayload: newest.payload + [0])
    #expect(try bench.refusal(of: longer, counter) == .tampered)
  }

  @Test("Old contents of the flash are called replayed, however old", arguments: try TestBoard.all())
  func oldContents(_ board: TestBoard) throws {
    let bench = SecureBench(board: board)
    let counter = TestCounter()
    var flash = board.used()
    var old: [SimulatedFlash] = []
    for session in 0..<UInt8(6) {
      var storage = try bench.storage(counter, seed: UInt64(session))
      try storage.open(&flash)
      for step in 0..<UInt8(3) {
        try storage.set(StorageKey(1), to: [session, step].span, on: &flash)
        for snapshot in old { #expect(try bench.refusal(of: snapshot, counter) == .replayed) }
        old.append(flash)
      }
    }
  }

  @Test("Erased areas are called missing, and one that is lost is never made good by an old one")
  func erased() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let counter = TestCounter()
    let whole = try bench.device([(1, [1]), (2, [2]), (3, [3])], counter)
    var flash = whole
    for area in bench.areas { try flash.erase(area) }
    #expect(try bench.refusal(of: flash, counter) == .missing)
    for area in bench.areas {
      flash = whole
      flash.destroy(area)
      let refusal = try bench.refusal(of: flash, counter)
      #expect(refusal == .missing || refusal == .replayed || refusal == nil)
      if refusal == nil { #expect(try bench.values(on: flash, counter) == [1: [1], 2: [2], 3: [3]]) }
    }
  }

  @Test("The two areas exchanged are the same storage")
  func exchanged() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let counter = TestCounter()
    var flash = try bench.device([(1, [1]), (2, [2])], counter)
    var contents = flash.contents
    contents.replaceSubrange(0..<2048, with: flash.contents(of: bench.areas[1]))
    contents.replaceSubrange(2048..<4096, with: flash.contents(of: bench.areas[0]))
    flash.setContents(contents)
    #expect(try bench.values(on: flash, counter) == [1: [1], 2: [2]])
  }

  @Test("Another key, and another device with the same key, cannot open it")
  func foreign() throws {
    let board = try TestBoard.uniform()
    let counter = TestCounter()
    let flash = try SecureBench(board: board).device([(1, [1])], counter)
    #expect(try SecureBench(board: board, key: 8).refusal(of: flash, counter) == .tampered)
    for bit in 0..<128 {
      var identifier = SecureBench.identifier
      if bit < 64 { identifier.high ^= 1 << UInt64(bit) } else { identifier.low ^= 1 << UInt64(bit - 64) }
      let other = SecureBench(board: board, identifier: identifier)
      #expect(try other.refusal(of: flash, counter) == .tampered)
    }
    #expect(try SecureBench(board: board).refusal(of: flash, counter) == nil)
  }

  @Test("A counter that was set back, or is another one, is noticed")
  func wrongCounter() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let counter = TestCounter()
    let flash = try bench.device([(1, [1]), (2, [2])], counter)
    let present = counter.present
    for value in 0..<present + 5 {
      let refusal = try bench.refusal(of: flash, TestCounter(value))
      if value > present {
        #expect(refusal == .replayed)
      } else if value + 2 < present {
        #expect(refusal == .counterBehind)
      } else {
        #expect(refusal == nil)
      }
    }
  }

  @Test("Somebody else who raises the counter, or sets it back, is noticed before the next write")
  func sharedCounter() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let counter = TestCounter()
    var flash = try bench.device([(1, [1])], counter)
    let present = counter.present
    for (value, error) in [(present + 1, SecureStorageError.replayed), (present - 1, .counterBehind)] {
      counter.present = present
      var storage = try bench.storage(counter)
      try storage.open(&flash)
      counter.present = value
      #expect(throws: error) { try storage.set(StorageKey(1), to: [2].span, on: &flash) }
      #expect(throws: SecureStorageError.notOpen) { try storage.value(of: StorageKey(1)) }
    }
    #expect(flash.counters.modifications == 0)
  }

  @Test("Genuine records that are no values are refused without a trap, each for its reason")
  func genuineGarbage() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let cases: [([UInt8], [UInt8]?, ParseError)] = [
      ([1], nil, ParseError(.truncated, at: 0)),
      ([1, 0, 5], nil, ParseError(.truncated, at: 2)),
      ([1, 0, 5, 0, 1, 2, 3, 4], nil, ParseError(.truncated, at: 4)),
      ([1, 0, 0xff, 0xff], nil, ParseError(.truncated, at: 4)),
      ([2, 0, 0, 0, 1, 0, 0, 0], nil, ParseError(.notCanonical, at: 4)),
      ([2, 0, 0, 0, 2, 0, 0, 0], nil, ParseError(.notCanonical, at: 4)),
      ([], Array("OTAS".utf8) + [2, 0, 0, 0], ParseError(.unsupported, at: 4)),
      ([], Array("OTAX".utf8) + [1, 0, 0, 0], ParseError(.invalidValue, at: 0)),
      ([], Array("OTAS".utf8) + [1, 0, 1, 0], ParseError(.invalidValue, at: 6)),
    ]
    for (message, header, error) in cases {
      let record = try bench.record(sealing: message, number: 9, header: header)
      let refusal = try bench.refusal(of: bench.device(withPayload: record), TestCounter(9))
      #expect(refusal == .record(error), "\(message)")
    }
    let valid = try bench.record(sealing: [1, 0, 1, 0, 77], number: 9)
    #expect(try bench.values(on: bench.device(withPayload: valid), TestCounter(9)) == [1: [77]])
    print("genuine garbage: seed \(TestSeed.value)")
    var random = SplitMix64(seed: TestSeed.value)
    for _ in 0..<2000 {
      let message = (0..<random.next() % 20).map { _ in UInt8(truncatingIfNeeded: random.next() % 6) }
      let flash = bench.device(withPayload: try bench.record(sealing: message, number: 9))
      if let refusal = try bench.refusal(of: flash, TestCounter(9)) {
        #expect(refusal.code == .truncated || refusal.code == .notCanonical)
      }
    }
  }

  @Test("Noise in both areas never traps, and never gives other values", arguments: try TestBoard.all())
  func noise(_ board: TestBoard) throws {
    print("secure storage noise: seed \(TestSeed.value)")
    var random = SplitMix64(seed: TestSeed.value)
    let bench = SecureBench(board: board)
    let counter = TestCounter()
    let whole = try bench.device([(1, [1, 2, 3]), (2, Array("value".utf8))], counter)
    let expected = try bench.values(on: whole, counter)
    var refused = 0
    for round in 0..<600 {
      var flash = whole
      if round % 10 == 0 {
        for area in bench.areas { flash.destroy(area) }
      }
      for _ in 0..<1 + random.next() % 40 {
        let offset = UInt32(random.next() % 2048)
        let area = bench.areas[Int(random.next() % 2)]
        flash.flipBits(UInt8(truncatingIfNeeded: random.next()), at: area.lowerBound + offset)
      }
      do {
        #expect(try bench.values(on: flash, counter) == expected)
      } catch is SecureStorageError {
        refused += 1
      }
    }
    #expect(refused > 60)
  }

  @Test("A failing counter or source of random bytes is an error, and costs nothing")
  func failingParts() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let counter = TestCounter()
    var flash = try bench.device([(1, [1])], counter)
    counter.failure = .unavailable
    #expect(try bench.refusal(of: flash, counter) == .counter(.unavailable))
    counter.failure = nil
    var storage = try bench.storage(counter, brokenRandom: true)
    try storage.open(&flash)
    #expect(throws: SecureStorageError.crypto(.unavailable)) {
      try storage.set(StorageKey(1), to: [2].span, on: &flash)
    }
    #expect(flash.counters.modifications == 0)
    #expect(try storage.value(of: StorageKey(1)) == [1])
    // The counter is at its end: neither is the storage lost, nor does the number start again.
    let last = TestCounter(UInt64.max - 1)
    let record = try bench.record(sealing: [1, 0, 1, 0, 77], number: UInt64.max - 1)
    flash = bench.device(withPayload: record)
    storage = try bench.storage(last)
    try storage.open(&flash)
    #expect(throws: SecureStorageError.counter(.exhausted)) {
      try storage.set(StorageKey(1), to: [2].span, on: &flash)
    }
    #expect(throws: SecureStorageError.counter(.exhausted)) { try storage.format(&flash) }
    #expect(try bench.values(on: flash, last) == [1: [77]])
  }

  @Test("The counter is not raised for a record that worn flash does not let be sealed")
  func unsealed() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let counter = TestCounter()
    var flash = try bench.device([(1, [1])], counter)
    var storage = try bench.storage(counter)
    try storage.open(&flash)
    try storage.set(StorageKey(1), to: [2].span, on: &flash)
    let before = counter.present
    // The record is written, its seal is not.
    flash.cutPower(atOperation: 1, outcome: .notDone)
    #expect(throws: SecureStorageError.storage(.flash(.powerLost))) {
      try storage.set(StorageKey(1), to: [3].span, on: &flash)
    }
    flash.restorePower(seed: 1)
    for area in bench.areas { flash.setFaults([.programError, .eraseError], in: area) }
    storage = try bench.storage(counter, seed: 2)
    #expect(throws: SecureStorageError.storage(.flash(.deviceFailure))) { try storage.open(&flash) }
    #expect(counter.present == before)
    for area in bench.areas { flash.setFaults([], in: area) }
    try storage.open(&flash)
    #expect(try storage.value(of: StorageKey(1)) == [3])
    #expect(counter.present == before + 1)
  }

  @Test("A counter that says it was raised, and was not, is an error")
  func stuckCounter() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let counter = TestCounter()
    var flash = try bench.device([(1, [1])], counter)
    var storage = try bench.storage(counter)
    try storage.open(&flash)
    counter.isStuck = true
    #expect(throws: SecureStorageError.counter(.unavailable)) {
      try storage.set(StorageKey(1), to: [2].span, on: &flash)
    }
    #expect(throws: SecureStorageError.notOpen) { try storage.value(of: StorageKey(1)) }
    counter.isStuck = false
    #expect(try bench.values(on: flash, counter) == [1: [1]])
  }

  @Test(
    "A formatted storage is empty, and nothing from before is accepted again", arguments: try TestBoard.all())
  func format(_ board: TestBoard) throws {
    let bench = SecureBench(board: board)
    let counter = TestCounter()
    var flash = try bench.device([(1, [1])], counter)
    var old = [flash]
    // A commit that never returned has left a record that is ahead of the counter.
    var storage = try bench.storage(counter, seed: 2)
    try storage.open(&flash)
    try storage.set(StorageKey(1), to: [2].span, on: &flash)
    old.append(flash)
    counter.cutPower(atStep: 0, .before)
    #expect(throws: SecureStorageError.counter(.powerLost)) {
      try storage.set(StorageKey(1), to: [3].span, on: &flash)
    }
    counter.restorePower()
    old.append(flash)
    for area in bench.areas { flash.destroy(area) }
    storage = try bench.storage(counter, seed: 3)
    #expect(throws: SecureStorageError.missing) { try storage.open(&flash) }
    try storage.format(&flash)
    #expect(try storage.value(of: StorageKey(1)) == nil)
    for snapshot in old { #expect(try bench.refusal(of: snapshot, counter) == .replayed) }
    try storage.set(StorageKey(2), to: [4].span, on: &flash)
    #expect(try bench.values(on: flash, counter) == [2: [4]])
  }

  private func number(_ payload: [UInt8]) -> UInt64 {
    guard payload.count >= 16 else { return 0 }
    return (0..<8).reduce(0) { $0 | UInt64(payload[8 + $1]) << UInt64(8 * $1) }
  }
}
