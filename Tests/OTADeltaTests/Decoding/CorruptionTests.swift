import OTADelta
import OTADeltaEncoder
import Testing

@Suite("Corrupted patches")
struct CorruptionTests {
  static func pair() -> (old: [UInt8], new: [UInt8]) {
    var generator = SeededGenerator(seed: 42)
    let old = generator.bytes(600)
    // Moved, changed in place, and inserted bytes: every kind of run is in the patch.
    var new = Array(old[300...]) + Array(old[..<300])
    for index in stride(from: 0, to: 280, by: 9) { new[index] ^= 0x11 }
    new.insert(contentsOf: generator.bytes(30), at: 450)
    return (old, new)
  }

  @Test("A patch with any bit flipped gives an error or the right image, the same in two chunkings")
  func bitFlips() throws {
    let (old, new) = CorruptionTests.pair()
    let patch = try BSDiff43Encoder.makePatch(old: old, new: new)
    var refused = 0
    for bit in 0..<patch.count * 8 {
      var damaged = patch
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      let outcome = try apply(damaged, to: old, imageSize: new.count)
      #expect(outcome.error != nil || outcome.output == new, "bit \(bit)")
      #expect(outcome.output.count <= new.count)
      let dripped = try apply(damaged, to: old, imageSize: new.count, chunking: .every(1))
      #expect(dripped == outcome, "bit \(bit)")
      if outcome.error != nil { refused += 1 }
    }
    // Adler-32 sees every single flip in what it covers; the rest are header bits with one right value.
    #expect(refused >= patch.count * 8 - 8)
  }

  @Test("A patch cut anywhere is truncated, and what was written is a prefix of the image")
  func truncations() throws {
    let (old, new) = CorruptionTests.pair()
    let patch = try BSDiff43Encoder.makePatch(old: old, new: new)
    for length in 0..<patch.count {
      for chunking in [Chunking.whole, .every(1), .every(7)] {
        let outcome = try apply(
          Array(patch.prefix(length)), to: old, imageSize: new.count, chunking: chunking)
        #expect(outcome.error == .truncated, "\(length) bytes")
        #expect(new.starts(with: outcome.output), "\(length) bytes")
      }
    }
  }

  @Test("A patch with random bytes replaced, removed and added never traps and never lies")
  func randomDamage() throws {
    var generator = SeededGenerator(for: "randomDamage")
    let (old, new) = CorruptionTests.pair()
    let patch = try BSDiff43Encoder.makePatch(old: old, new: new)
    for round in 0..<500 {
      var damaged = patch
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<damaged.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: damaged[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: damaged.remove(at: place)
        default: damaged.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        }
      }
      let outcome = try apply(damaged, to: old, imageSize: new.count)
      #expect(outcome.error != nil || outcome.output == new)
      #expect(outcome.output.count <= new.count)
      let pieces = try apply(
        damaged, to: old, imageSize: new.count, chunking: .random(seed: UInt64(round)))
      #expect(pieces == outcome)
    }
  }

  @Test("Random control data under a right checksum never traps and never writes too much")
  func randomControls() throws {
    var generator = SeededGenerator(for: "randomControls")
    let old = generator.bytes(100)
    for round in 0..<500 {
      var builder = PatchBuilder(size: 200)
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        func number() -> Int64 {
          switch Int.random(in: 0..<8, using: &generator) {
          case 0: Int64.random(in: -Int64.max...Int64.max, using: &generator)
          case 1: -Int64.random(in: 0...10, using: &generator)
          default: Int64.random(in: 0...60, using: &generator)
          }
        }
        let difference = number()
        let extra = number()
        let follows = max(0, min(300, difference)) + max(0, min(300, extra))
        builder.add(
          difference: difference, extra: extra, seek: number(), bytes: generator.bytes(Int(follows)))
      }
      let patch = try builder.patch()
      let outcome = try apply(patch, to: old, imageSize: 200)
      #expect(outcome.output.count <= 200)
      #expect(outcome.error != nil || outcome.output.count == 200)
      #expect(try apply(patch, to: old, imageSize: 200, chunking: .every(1)) == outcome)
      #expect(try apply(patch, to: old, imageSize: 200, chunking: .random(seed: UInt64(round))) == outcome)
    }
  }
}
