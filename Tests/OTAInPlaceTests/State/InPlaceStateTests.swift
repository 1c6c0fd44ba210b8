import OTACore
import OTAInPlace
import Testing

/// The value in the journal, byte for byte.
@Suite("The state of a device with one slot")
struct InPlaceStateTests {
  private static func digest(_ algorithm: DigestAlgorithm) throws -> Digest {
    try Digest(algorithm: algorithm, bytes: Bench.bytes(algorithm.byteCount, seed: 9).span)
  }

  private static func record(_ algorithm: DigestAlgorithm) throws -> ImageRecord {
    ImageRecord(
      image: ImageDescription(digest: try digest(algorithm), size: .max),
      sequenceNumber: SequenceNumber(.max), version: Version(1, 2, 3))
  }

  private static func states(_ algorithm: DigestAlgorithm) throws -> [InPlaceState] {
    let (record, digest) = (try record(algorithm), try digest(algorithm))
    let update = InPlaceUpdate(
      old: record, new: record, updateID: digest, payloadDigest: digest, payloadSize: 0x0102_0304)
    let phases: [InPlacePhase] = [
      .confirmed(record, report: nil),
      .confirmed(record, report: Report(updateID: digest, outcome: .reverted(.healthCheckFailed))),
      .applying(update, attempts: 3, stepsDone: .max), .trial(update, attemptsLeft: 255),
      .reverting(update, cause: .bootVerificationFailed, stepsDone: 7),
    ]
    return phases.flatMap { phase in
      [nil, ErrorCode.healthCheckFailed].map {
        InPlaceState(phase: phase, securityCounter: SequenceNumber(.max), lastRevert: $0)
      }
    }
  }

  private func bytes(_ state: InPlaceState) throws -> [UInt8] {
    try [UInt8](capacity: InPlaceState.maximumSize) { writer throws(ParseError) in
      try state.serialize(into: &writer)
    }
  }

  private func parsed(_ bytes: [UInt8]) throws -> InPlaceState {
    var cursor = ByteCursor(bytes.span)
    let state = try InPlaceState(parsing: &cursor)
    try cursor.requireEnd()
    return state
  }

  @Test(
    "Every state is read as it was written, and none is longer than said", arguments: DigestAlgorithm.allCases
  )
  func roundTrip(_ algorithm: DigestAlgorithm) throws {
    var longest = 0
    for state in try Self.states(algorithm) {
      let bytes = try bytes(state)
      #expect(try parsed(bytes) == state)
      longest = max(longest, bytes.count)
    }
    if algorithm == .sha512 { #expect(longest == 346) }
  }

  @Test("No beginning of a state is one, and no other version")
  func truncated() throws {
    for state in try Self.states(.sha256) {
      let whole = try bytes(state)
      for count in 0..<whole.count { #expect(throws: ParseError.self) { try parsed(Array(whole[..<count])) } }
      var other = whole
      other[0] = 2
      #expect(throws: ParseError(.unsupported, at: 0)) { try parsed(other) }
    }
  }

  @Test("What no state writes is refused, and what is accepted is written the same")
  func changed() throws {
    for state in try Self.states(.sha256) {
      let whole = try bytes(state)
      for index in whole.indices {
        for value in [0, 1, 2, 4, 0x7f, 0xff] as [UInt8] where whole[index] != value {
          var other = whole
          other[index] = value
          guard let accepted = try? parsed(other) else { continue }
          #expect(try bytes(accepted) == other, "byte \(index), \(value)")
        }
      }
    }
  }
}
