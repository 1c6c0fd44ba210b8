import OTADelta
import OTADeltaEncoder
import Testing

/// Two images.
struct ImagePair: CustomTestStringConvertible {
  var name: String
  var old: [UInt8]
  var new: [UInt8]

  var testDescription: String { name }
}

@Suite("Round trips")
struct RoundTripTests {
  static let edges: [ImagePair] = {
    var generator = SeededGenerator(seed: 11)
    let noise = generator.bytes(3000)
    let other = generator.bytes(3000)
    let zeros = [UInt8](repeating: 0, count: 5000)
    let periodic = (0..<5000).map { UInt8($0 % 3) }
    return [
      ImagePair(name: "both empty", old: [], new: []),
      ImagePair(name: "old empty", old: [], new: noise),
      ImagePair(name: "new empty", old: noise, new: []),
      ImagePair(name: "one byte each, the same", old: [1], new: [1]),
      ImagePair(name: "one byte each, another", old: [1], new: [2]),
      ImagePair(name: "one byte grows to two", old: [1], new: [1, 1]),
      ImagePair(name: "the same", old: noise, new: noise),
      ImagePair(name: "nothing in common", old: noise, new: other),
      ImagePair(name: "prefix", old: noise, new: Array(noise.prefix(1000))),
      ImagePair(name: "suffix", old: noise, new: Array(noise.suffix(1000))),
      ImagePair(name: "inserted at the start", old: noise, new: [1, 2, 3] + noise),
      ImagePair(name: "appended", old: noise, new: noise + other),
      ImagePair(name: "halves exchanged", old: noise, new: Array(noise[1500...] + noise[..<1500])),
      ImagePair(name: "reversed", old: noise, new: noise.reversed()),
      ImagePair(name: "doubled", old: noise, new: noise + noise),
      ImagePair(name: "every byte changed", old: noise, new: noise.map { $0 &+ 1 }),
      ImagePair(name: "zeros grow", old: zeros, new: zeros + zeros),
      ImagePair(name: "zeros shrink", old: zeros, new: Array(zeros.prefix(17))),
      ImagePair(name: "zeros with one byte inside", old: zeros, new: zeros + [1] + zeros),
      ImagePair(name: "period of three", old: periodic, new: Array(periodic[1...]) + [9] + periodic),
      ImagePair(name: "0xff after noise", old: noise, new: noise + [UInt8](repeating: 0xff, count: 4000)),
    ]
  }()

  @Test("Edge cases come back, in every chunking", arguments: edges)
  func edge(pair: ImagePair) throws {
    let patch = try BSDiff43Encoder.makePatch(old: pair.old, new: pair.new)
    for chunking in Chunking.all {
      let outcome = try apply(patch, to: pair.old, imageSize: pair.new.count, chunking: chunking)
      #expect(outcome == Outcome(output: pair.new, error: nil), "\(chunking)")
    }
  }

  @Test("Images that differ by random edits come back, in every chunking")
  func randomEdits() throws {
    var generator = SeededGenerator(for: "randomEdits")
    for round in 0..<60 {
      let pair = RoundTripTests.randomPair(&generator)
      let patch = try BSDiff43Encoder.makePatch(old: pair.old, new: pair.new)
      for chunking in Chunking.all + [.random(seed: UInt64(round))] {
        let outcome = try apply(patch, to: pair.old, imageSize: pair.new.count, chunking: chunking)
        #expect(outcome == Outcome(output: pair.new, error: nil), "round \(round), \(chunking)")
      }
    }
  }

  /// An image of a small or large alphabet, and the same with bytes changed, inserted, removed and moved.
  static func randomPair(_ generator: inout SeededGenerator) -> ImagePair {
    let alphabet = UInt8([1, 3, 255].randomElement(using: &generator) ?? 255)
    let old = (0..<Int.random(in: 0...2000, using: &generator)).map { _ in
      UInt8.random(in: 0...alphabet, using: &generator)
    }
    var new = old
    for _ in 0..<Int.random(in: 0...12, using: &generator) {
      let place = Int.random(in: 0...new.count, using: &generator)
      let end = Int.random(in: place...min(new.count, place + 300), using: &generator)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: new.insert(contentsOf: generator.bytes(Int.random(in: 0...100, using: &generator)), at: place)
      case 1: new.removeSubrange(place..<end)
      case 2: for index in place..<end where index % 4 == 0 { new[index] &+= 4 }
      default: new.append(contentsOf: Array(new[place..<end]))
      }
    }
    return ImagePair(name: "random", old: old, new: new)
  }

  @Test("A patch on the wrong old image is refused or gives another image, never a trap")
  func wrongSource() throws {
    var generator = SeededGenerator(for: "wrongSource")
    for _ in 0..<60 {
      let pair = RoundTripTests.randomPair(&generator)
      let patch = try BSDiff43Encoder.makePatch(old: pair.old, new: pair.new)
      let wrong = generator.bytes(Int.random(in: 0...2000, using: &generator))
      let outcome = try apply(patch, to: wrong, imageSize: pair.new.count)
      #expect(outcome.error == nil || outcome.error == .sourceOutOfRange)
      #expect(outcome.output.count <= pair.new.count)
    }
  }

  @Test(
    "Real firmware comes back, smaller than a tenth of itself",
    .enabled(if: SharedFolder.hasCorpus("m4-mpy-pyboard-patch"), "../shared/corpus is not here"))
  func corpus() throws {
    let old = try SharedFolder.bytes("m4-mpy-pyboard-patch", "old.bin")
    let new = try SharedFolder.bytes("m4-mpy-pyboard-patch", "new.bin")
    let patch = try BSDiff43Encoder.makePatch(old: old, new: new)
    print("m4-mpy-pyboard-patch: \(patch.count) of \(new.count) bytes")
    #expect(patch.count < new.count / 10)
    for chunking in [Chunking.whole, .every(1), .every(1000)] {
      let outcome = try apply(patch, to: old, imageSize: new.count, chunking: chunking)
      #expect(outcome == Outcome(output: new, error: nil), "\(chunking)")
    }
  }
}
