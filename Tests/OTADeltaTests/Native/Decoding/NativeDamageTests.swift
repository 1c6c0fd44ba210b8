import OTACore
import Testing

@testable import OTADelta

@Suite("Damaged native patches")
struct NativeDamageTests {
  let old = NativeSample.old
  let new = NativeSample.new

  @Test(
    "Random damage is an error or the right image, the same in two divisions",
    arguments: NativeSample.memories)
  func damage(memory: UInt32) throws {
    var generator = SeededGenerator(for: "NativeDamageTests.damage")
    let patch = try NativeSample.patch(memory: memory)
    for round in 0..<(memory > 100_000 ? 60 : 400) {
      var damaged = patch
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: 0..<damaged.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: damaged.remove(at: place)
        default: damaged.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        }
      }
      let outcome = try applyNative(damaged, to: old, imageSize: new.count, limits: Limits())
      #expect(outcome.error != nil || outcome.output == new)
      #expect(outcome.output.count <= new.count)
      #expect(
        try applyNative(
          damaged, to: old, imageSize: new.count, limits: Limits(), chunking: .random(seed: UInt64(round)))
          == outcome)
    }
  }

  /// A patch with a right header and any body.
  private func patch(_ body: [UInt8], _ change: (inout NativeHeader) -> Void) -> [UInt8] {
    var header = NativeHeader(
      coder: .adaptive, architecture: .thumb, slotBits: 8, matchBits: 0, oldSize: UInt32(old.count),
      newSize: 3000,
      bodySize: UInt32(body.count), coverCount: 3, regionCount: 2, oldDigest: shortDigest(old),
      newDigest: shortDigest(new))
    change(&header)
    return header.serialized + body
  }

  @Test("Random bodies end in an error for every instruction set", arguments: Architecture.allCases)
  func randomBodies(architecture: Architecture) throws {
    var generator = SeededGenerator(for: "NativeDamageTests.randomBodies")
    for round in 0..<40 {
      let isLarge = round % 8 == 7
      var body = generator.bytes(Int.random(in: 0...600, using: &generator))
      // Small bytes are small numbers: such tables are accepted more often.
      for index in 0..<min(body.count, Int.random(in: 0...40, using: &generator)) { body[index] &= 3 }
      let counts = (UInt32.random(in: 0...5, using: &generator), UInt32.random(in: 0...4, using: &generator))
      let bytes = patch(body) {
        $0.architecture = architecture
        $0.slotBits = isLarge ? 14 : 8
        $0.matchBits = isLarge ? 10 : 0
        $0.coverCount = counts.0
        $0.regionCount = counts.1
      }
      let outcome = try applyNative(bytes, to: old, imageSize: 3000)
      #expect(outcome.error != nil)
      #expect(outcome.error != .outputMismatch || outcome.output.count == 3000)
      #expect(try applyNative(bytes, to: old, imageSize: 3000, chunking: .every(1)) == outcome)
    }
  }

  @Test("A body of zeros, and one of ones, ends", arguments: [0x00, 0xff] as [UInt8])
  func constantBodies(byte: UInt8) throws {
    for count in [0, 1, 4, 5, 1000] {
      for covers in [0, 1, 3000] as [UInt32] {
        let bytes = patch([UInt8](repeating: byte, count: count)) { $0.coverCount = covers }
        let outcome = try applyNative(bytes, to: old, imageSize: 3000)
        #expect(outcome.error != nil)
        #expect(try applyNative(bytes, to: old, imageSize: 3000, chunking: .every(2)) == outcome)
      }
    }
  }

  /// The body that an encoder makes of numbers, in the order of the tables.
  private func body(_ numbers: [(UInt32, NumberKind)]) -> [UInt8] {
    var encoder = RangeEncoder()
    var model = mixer(slotBits: 8)
    for (number, kind) in numbers { _ = model.codeNumber(number, kind: kind, coder: &encoder) }
    // The stream ends where zeros would follow: only behind those may anything else.
    return encoder.finish() + [0, 0, 0, 0] + [UInt8](repeating: 0x5a, count: 300)
  }

  /// Bases and counts of no segments.
  private let start: [(UInt32, NumberKind)] = [
    (0, .segment), (0, .segment), (0, .segment), (0, .segment), (0, .segment), (0, .segment),
  ]

  @Test("Every rule on tables has its error")
  func tables() throws {
    let large = UInt32.max
    let oldSize = UInt32(old.count)
    func counts(_ number: UInt32) -> [(UInt32, NumberKind)] { start.dropLast() + [(number, .segment)] }
    func segment(_ offset: UInt32, _ length: UInt32) -> [(UInt32, NumberKind)] {
      [(offset, .segment), (length, .segment), (0, .segment)]
    }
    func cover(_ gap: UInt32, _ shift: UInt32, _ length: UInt32) -> [(UInt32, NumberKind)] {
      [(gap, .coverGap), (shift, .coverShift), (length, .coverLength)]
    }
    let cases: [(String, [(UInt32, NumberKind)], UInt32, UInt32, DeltaError)] = [
      ("nine old segments", counts(9 << 4), 0, 0, .corruptStream),
      ("nine new segments", counts(9), 0, 0, .corruptStream),
      ("very many segments", counts(large), 0, 0, .corruptStream),
      (
        "a segment behind the old image", counts(1 << 4) + segment((oldSize + 1) * 2, 0), 0, 0,
        .sourceOutOfRange
      ),
      // The length is counted from what is left of the image: one more.
      ("a segment too long for the old image", counts(1 << 4) + segment(0, 2), 0, 0, .sourceOutOfRange),
      ("a segment behind the new image", counts(1) + segment(6002, 0), 0, 0, .outputOverflow),
      (
        "a region behind the old image", start + [(oldSize >> 8 + 1, .region), (0, .region)], 0, 1,
        .corruptStream
      ),
      ("a region of no kind", start + [(0, .region), (7, .region)], 0, 1, .corruptStream),
      ("a region of a large kind", start + [(0, .region), (256, .region)], 0, 1, .corruptStream),
      ("a cover without a byte", start + cover(0, 0, 0), 1, 0, .noProgress),
      ("a cover behind the new image", start + cover(3000, 0, 1), 1, 0, .outputOverflow),
      ("a cover far behind the new image", start + cover(large, 0, 1), 1, 0, .outputOverflow),
      ("a cover too long for the new image", start + cover(1, 0, 3000), 1, 0, .outputOverflow),
      ("a cover of any length", start + cover(1, 0, large), 1, 0, .outputOverflow),
      ("a cover behind the old image", start + cover(0, oldSize * 2, 1), 1, 0, .sourceOutOfRange),
      ("a cover in front of the old image", start + cover(0, 1, 1), 1, 0, .sourceOutOfRange),
      (
        "a second cover behind the new image", start + cover(0, 0, 2999) + cover(0, 1, 2), 2, 0,
        .outputOverflow
      ),
    ]
    for (name, numbers, covers, regions, error) in cases {
      let bytes = patch(body(numbers)) {
        $0.coverCount = covers
        $0.regionCount = regions
      }
      for chunking in [Chunking.whole, .every(1)] {
        #expect(
          try applyNative(bytes, to: old, imageSize: 3000, chunking: chunking)
            == Outcome(output: [], error: error), "\(name)")
      }
    }
    // The same tables, just right, are accepted: what fails is the image.
    for numbers in [
      counts(8 << 4 | 1) + (0..<27).map { _ in (0, .segment) }, counts(1 << 4) + segment(oldSize * 2, 0),
    ] {
      let bytes = patch(body(numbers)) {
        $0.coverCount = 0
        $0.regionCount = 0
      }
      let error = try applyNative(bytes, to: old, imageSize: 3000).error
      #expect(error == .corruptStream || error == .outputMismatch || error == .trailingData)
    }
  }
}
