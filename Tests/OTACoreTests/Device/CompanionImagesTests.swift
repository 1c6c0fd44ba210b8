import OTACore
import Testing

@Suite("CompanionImages and Placement")
struct CompanionImagesTests {
  @Test("takes up to three images, in order")
  func append() throws {
    var generator = SeededGenerator(seed: testSeed)
    let images = try (0..<4).map { _ in try ImageDescription.random(using: &generator) }
    var companions = CompanionImages()
    for index in 0..<CompanionImages.maximumCount {
      #expect(companions.count == index && companions[index] == nil)
      try companions.append(images[index])
      #expect(companions[index] == images[index])
    }
    #expect(companions.count == 3 && companions[3] == nil && companions[-1] == nil)
    #expect(throws: ParseError(.capacityExceeded, at: 3)) { try companions.append(images[3]) }
    #expect(companions == CompanionImages(images[0], images[1], images[2]))
    #expect(CompanionImages().count == 0 && CompanionImages(images[0]).count == 1)
    #expect(CompanionImages(images[0], images[1]) != CompanionImages(images[1], images[0]))
    // No gap: what is said to be the third is the second, if there is no other.
    #expect(CompanionImages(images[0], nil, images[2]) == CompanionImages(images[0], images[2]))
  }

  @Test("states with every number of images and every placement are read back as they were written")
  func roundTrip() throws {
    for state in try Self.states() {
      let bytes = try serialized(state)
      let result = reading(bytes + [0xaa]) { (cursor) throws(ParseError) in
        let state = try DeviceState(parsing: &cursor)
        return (state, cursor.remaining)
      }
      try #require(result.value?.0 == state)
      try #require(result.value?.1 == 1)
    }
  }

  @Test("cut off at any byte they are truncated")
  func truncated() throws {
    for state in try Self.states() {
      let bytes = try serialized(state)
      for count in 0..<bytes.count {
        let result = reading(Array(bytes.prefix(count))) { (cursor) throws(ParseError) in
          try DeviceState(parsing: &cursor)
        }
        try #require(result.error?.kind == .truncated, "\(count) of \(bytes.count) bytes")
      }
    }
  }

  @Test("a changed byte gives an error or another state, whose form is just the changed bytes")
  func changed() throws {
    // Every seventh of all, which still has each number of images and each placement.
    for (number, state) in try Self.states().enumerated() where number % 7 == 0 {
      let bytes = try serialized(state)
      for index in bytes.indices {
        for change in [0x01, 0x02, 0x80, 0xff] as [UInt8] {
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

  @Test("the longest state with so many images has the maximum size, rounded up to 32", arguments: 1...4)
  func maximumSize(_ count: Int) throws {
    let longest = try #require(try Self.states(counts: [count]).map { try serialized($0).count }.max())
    // Each image beside the first: two slots, each a digest of 64 bytes, its algorithm, and a size.
    #expect(longest == 291 + 144 * (count - 1))
    #expect(DeviceState.maximumSize(images: count) == 320 + 144 * (count - 1))
    #expect(longest <= DeviceState.maximumSize(images: count))
    #expect(DeviceState.maximumSize(images: count) - longest < 32)
    if count == 1 { #expect(DeviceState.maximumSize(images: 1) == DeviceState.maximumSize) }
  }

  @Test(
    "more companions than there can be are refused, as is a placement of no slot",
    arguments: [4, 5, 0x80, 0xff] as [UInt8])
  func hostileCounts(_ count: UInt8) throws {
    var generator = SeededGenerator(seed: testSeed)
    let boot = BootState(
      selection: .confirmed(.a), slotA: try .random(.sha256, using: &generator),
      securityCounter: SequenceNumber(1))
    var bytes = try serialized(DeviceState(boot: boot))
    // Version, selection, attempts, presence; then the digest with its algorithm, the size, the count.
    let offset = 4 + 4 + 32 + 4
    #expect(bytes[offset] == 0)
    bytes[offset] = count
    #expect(read(bytes) == .failure(ParseError(.invalidValue, at: offset)))

    bytes = try serialized(DeviceState(boot: boot))
    // Placement stands before the update, which is one byte.
    #expect(bytes[bytes.count - 2] == 0)
    bytes[bytes.count - 2] = 0x02
    #expect(read(bytes) == .failure(ParseError(.invalidValue, at: bytes.count - 2)))
    bytes[bytes.count - 2] = 0x82
    #expect(read(bytes) == .failure(ParseError(.invalidValue, at: bytes.count - 2)))
  }

  // MARK: Parts

  /// With each number of companions in either slot, each placement, short and long digests.
  private static func states(counts: [Int] = [1, 2, 3, 4]) throws(ParseError) -> [DeviceState] {
    var generator = SeededGenerator(seed: testSeed)
    let placements: [Placement] = [
      .settled(primary: .a), .settled(primary: .b), .moving(to: .a, step: 0), .moving(to: .b, step: .max),
    ]
    var states: [DeviceState] = []
    for count in counts {
      for algorithm in DigestAlgorithm.allCases {
        for placement in placements {
          let offer = try Offer.random(algorithm, using: &generator)
          for update in [
            UpdateRecord.rollingBack(offer, .healthCheckFailed), .staging(offer, stagedBytes: .max),
          ] {
            var boot = BootState(
              selection: .trial(.b, attemptsLeft: 1), slotA: try .random(algorithm, using: &generator),
              slotB: try .random(algorithm, using: &generator), securityCounter: SequenceNumber(.max),
              lastRevert: .healthCheckFailed, placement: placement)
            for _ in 1..<count {
              try boot.slotA?.companions.append(.random(algorithm, using: &generator))
              try boot.slotB?.companions.append(.random(algorithm, using: &generator))
            }
            states.append(DeviceState(boot: boot, update: update))
          }
        }
      }
    }
    return states
  }

  private func read(_ bytes: [UInt8]) -> Result<DeviceState, ParseError> {
    reading(bytes) { (cursor) throws(ParseError) in try DeviceState(parsing: &cursor) }
  }

  private func serialized(_ state: DeviceState) throws(ParseError) -> [UInt8] {
    try [UInt8](capacity: 800) { (writer) throws(ParseError) in try state.serialize(into: &writer) }
  }
}

extension ImageDescription {
  fileprivate static func random(
    _ algorithm: DigestAlgorithm? = nil, using generator: inout SeededGenerator
  ) throws(ParseError) -> ImageDescription {
    ImageDescription(
      digest: try .random(algorithm, using: &generator), size: .random(in: .min ... .max, using: &generator))
  }
}
