import OTACore
import Testing

@Suite("DeviceState")
struct DeviceStateTests {
  @Test("is read back as it was written, and only its own bytes are consumed")
  func roundTrip() throws {
    var generator = SeededGenerator(seed: testSeed)
    for round in 0..<2000 {
      let state = try DeviceState.random(using: &generator)
      let bytes = try serialized(state)
      let result = reading(bytes + [0xaa]) { (cursor) throws(ParseError) in
        let state = try DeviceState(parsing: &cursor)
        return (state, cursor.remaining)
      }
      try #require(result.value?.0 == state, "round \(round), seed \(testSeed)")
      try #require(result.value?.1 == 1, "round \(round), seed \(testSeed)")
    }
  }

  @Test("cut off at any byte is truncated")
  func truncated() throws {
    for state in try DeviceState.everyShape() {
      let bytes = try serialized(state)
      for count in 0..<bytes.count {
        let result = reading(Array(bytes.prefix(count))) { (cursor) throws(ParseError) in
          try DeviceState(parsing: &cursor)
        }
        #expect(result.error?.kind == .truncated, "\(count) of \(bytes.count) bytes of \(state)")
      }
    }
  }

  @Test("a changed byte gives an error or another state, whose form is just the changed bytes")
  func changed() throws {
    for state in try DeviceState.everyShape() {
      let bytes = try serialized(state)
      for index in bytes.indices {
        for change in [0x01, 0x04, 0x80, 0xff] as [UInt8] {
          var changed = bytes
          changed[index] ^= change
          let result = reading(changed) { (cursor) throws(ParseError) in
            let state = try DeviceState(parsing: &cursor)
            return (state, cursor.offset)
          }
          guard let (other, count) = result.value else { continue }
          try #require(other != state, "byte \(index) changed by \(change)")
          try #require(
            try serialized(other) == Array(changed.prefix(count)), "byte \(index) changed by \(change)")
        }
      }
    }
  }

  @Test("random bytes are refused or read as a state that is written the same way")
  func randomBytes() throws {
    var generator = SeededGenerator(seed: testSeed)
    for round in 0..<5000 {
      var bytes = generator.bytes(count: Int.random(in: 0...320, using: &generator))
      // Else nearly all would end at the version byte.
      if !bytes.isEmpty, round % 8 != 0 { bytes[0] = DeviceState.formatVersion }
      if bytes.count > 5, round % 4 != 0 {
        bytes.replaceSubrange(1..<5, with: [UInt8(round % 2), 0xff, 0, 0])
      }
      let result = reading(bytes) { (cursor) throws(ParseError) in
        let state = try DeviceState(parsing: &cursor)
        return (state, cursor.offset)
      }
      guard let (state, count) = result.value else { continue }
      try #require(try serialized(state) == Array(bytes.prefix(count)), "round \(round), seed \(testSeed)")
    }
  }

  @Test("no state is longer than maximumSize, and the longest one is that, rounded up to 32")
  func maximumSize() throws {
    var longest = 0
    for state in try DeviceState.everyShape() { longest = max(longest, try serialized(state).count) }
    #expect(longest == 291)
    #expect((longest + 31) / 32 * 32 == DeviceState.maximumSize)
    var generator = SeededGenerator(seed: testSeed)
    for _ in 0..<2000 {
      let state = try DeviceState.random(using: &generator)
      try #require(try serialized(state).count <= longest, "seed \(testSeed)")
    }
  }

  @Test("of another format version is refused", arguments: [0, 2, 0xff] as [UInt8])
  func otherVersions(version: UInt8) throws {
    for state in try DeviceState.everyShape() {
      var bytes = try serialized(state)
      #expect(bytes[0] == 1)
      bytes[0] = version
      let result = reading(bytes, origin: 40) { (cursor) throws(ParseError) in
        try DeviceState(parsing: &cursor)
      }
      #expect(result == .failure(ParseError(.unsupported, at: 40)))
    }
  }

  @Test("does not fit a smaller capacity than it needs")
  func capacity() throws {
    let states = try DeviceState.everyShape()
    let state = try #require(states.last)
    let count = try serialized(state).count
    for capacity in 0..<count {
      let result = writing(capacity: capacity) { (writer) throws(ParseError) in
        try state.serialize(into: &writer)
      }
      #expect(result.error?.kind == .capacityExceeded)
    }
  }

  @Test("a slot is found under its name")
  func slots() throws {
    var generator = SeededGenerator(seed: testSeed)
    let record = try ImageRecord.random(using: &generator)
    var state = BootState(selection: .confirmed(.a), securityCounter: SequenceNumber(0))
    #expect(state[.a] == nil && state[.b] == nil)
    state[.b] = record
    #expect(state.slotB == record && state.slotA == nil && state[.b] == record)
    state[.a] = record
    state[.b] = nil
    #expect(state.slotA == record && state.slotB == nil)
    #expect(BootSelection.trial(.b, attemptsLeft: 3).slot == .b)
    #expect(BootSelection.confirmed(.a).slot == .a)
  }

  private func serialized(_ state: DeviceState) throws(ParseError) -> [UInt8] {
    try [UInt8](capacity: 400) { (writer) throws(ParseError) in try state.serialize(into: &writer) }
  }
}
