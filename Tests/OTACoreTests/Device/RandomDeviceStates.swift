import OTACore

// Device states for tests: random ones, and one of every shape.

extension Digest {
  static func random(
    _ algorithm: DigestAlgorithm? = nil, using generator: inout SeededGenerator
  ) throws(ParseError) -> Digest {
    let algorithm = algorithm ?? DigestAlgorithm.allCases.randomElement(using: &generator) ?? .sha256
    return try Digest(algorithm: algorithm, bytes: generator.bytes(count: algorithm.byteCount).span)
  }
}

extension ImageRecord {
  static func random(
    _ algorithm: DigestAlgorithm? = nil, using generator: inout SeededGenerator
  ) throws(ParseError) -> ImageRecord {
    ImageRecord(
      image: ImageDescription(
        digest: try .random(algorithm, using: &generator), size: .random(in: .min ... .max, using: &generator)
      ),
      sequenceNumber: SequenceNumber(.random(in: .min ... .max, using: &generator)),
      version: Version(
        .random(in: .min ... .max, using: &generator), .random(in: .min ... .max, using: &generator),
        .random(in: .min ... .max, using: &generator)))
  }
}

extension Offer {
  static func random(
    _ algorithm: DigestAlgorithm? = nil, using generator: inout SeededGenerator
  ) throws(ParseError) -> Offer {
    Offer(
      updateID: try .random(algorithm, using: &generator),
      sequenceNumber: SequenceNumber(.random(in: .min ... .max, using: &generator)),
      imageSize: .random(in: .min ... .max, using: &generator))
  }
}

extension ErrorCode {
  static func random(using generator: inout SeededGenerator) -> ErrorCode {
    allCases.randomElement(using: &generator) ?? .truncated
  }
}

extension DeviceState {
  /// Any state.
  static func random(using generator: inout SeededGenerator) throws(ParseError) -> DeviceState {
    let records = try UpdateRecord.everyShape(using: &generator)
    let slot: SlotIdentifier = Bool.random(using: &generator) ? .a : .b
    let attempts = UInt8.random(in: .min ... .max, using: &generator)
    let boot = BootState(
      selection: Bool.random(using: &generator) ? .confirmed(slot) : .trial(slot, attemptsLeft: attempts),
      slotA: Bool.random(using: &generator) ? try .random(using: &generator) : nil,
      slotB: Bool.random(using: &generator) ? try .random(using: &generator) : nil,
      securityCounter: SequenceNumber(.random(in: .min ... .max, using: &generator)),
      lastRevert: Bool.random(using: &generator) ? .random(using: &generator) : nil,
      placement: Bool.random(using: &generator)
        ? .settled(primary: slot) : .moving(to: slot, step: .random(in: .min ... .max, using: &generator)))
    return DeviceState(boot: boot, update: records.randomElement(using: &generator) ?? .idle)
  }

  /// States that together have every shape of every part, the longest digests among them.
  static func everyShape() throws(ParseError) -> [DeviceState] {
    var generator = SeededGenerator(seed: testSeed)
    var states: [DeviceState] = []
    for algorithm in DigestAlgorithm.allCases {
      for record in try UpdateRecord.everyShape(algorithm, using: &generator) {
        for selection in [
          BootSelection.confirmed(.a), .trial(.b, attemptsLeft: 0), .trial(.a, attemptsLeft: 255),
        ] {
          for isFull in [false, true] {
            let boot = BootState(
              selection: selection, slotA: isFull ? try .random(algorithm, using: &generator) : nil,
              slotB: isFull ? try .random(algorithm, using: &generator) : nil,
              securityCounter: SequenceNumber(.max), lastRevert: isFull ? .bootAttemptsExhausted : nil,
              placement: isFull ? .moving(to: .b, step: .max) : .settled(primary: .a))
            states.append(DeviceState(boot: boot, update: record))
          }
        }
      }
    }
    return states
  }
}

extension UpdateRecord {
  /// One record of each case, with each outcome.
  static func everyShape(
    _ algorithm: DigestAlgorithm? = nil, using generator: inout SeededGenerator
  ) throws(ParseError) -> [UpdateRecord] {
    let offer = try Offer.random(algorithm, using: &generator)
    var records: [UpdateRecord] = [
      .idle, .staging(offer, stagedBytes: .random(in: .min ... .max, using: &generator)), .applying(offer),
      .rollingBack(offer, .random(using: &generator)),
    ]
    let outcomes: [Report.Outcome] = [
      .installed, .failed(.random(using: &generator)), .reverted(.random(using: &generator)),
    ]
    for outcome in outcomes {
      records.append(.reporting(Report(updateID: offer.updateID, outcome: outcome)))
    }
    return records
  }
}
