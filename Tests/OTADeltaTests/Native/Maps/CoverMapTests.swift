import Testing

@testable import OTADelta

@Suite("Maps from old places to new ones")
struct CoverMapTests {
  @Test("Without a cover every place stays")
  func empty() {
    var map = coverMap([])
    for place in [0, 1, 77, UInt32.max] { #expect(map.map(place) == place) }
  }

  @Test("Places inside of covers move with them, others with the nearest")
  func nearest() {
    var map = coverMap([(old: 100, new: 1100, length: 50), (old: 200, new: 500, length: 10)])
    let expected: [UInt32: UInt32] = [
      0: 1000, 99: 1099, 100: 1100, 149: 1149, 150: 1150, 175: 1175, 176: 476, 199: 499, 200: 500, 209: 509,
      210: 510, 4000: 4300,
    ]
    for (old, new) in expected { #expect(map.map(old) == new, "\(old)") }
  }

  @Test("Half of the way between two, the one in front counts")
  func middle() {
    var map = coverMap([(old: 0, new: 1000, length: 10), (old: 20, new: 0, length: 10)])
    #expect(map.map(15) == 1015)
    #expect(map.map(16) == 0 &- 4)
  }

  @Test("Covers inside of longer ones are left out of the map, but stay covers")
  func contained() {
    var map = coverMap([
      (old: 0, new: 0, length: 100), (old: 40, new: 200, length: 10), (old: 90, new: 300, length: 10),
    ])
    #expect(map.map(45) == 45)
    #expect(map.map(95) == 95)
    #expect(map.count == 3)
    #expect(map.new(1) == 200)
    // Of two with the same old part, the first counts.
    var twins = coverMap([(old: 8, new: 50, length: 4), (old: 8, new: 70, length: 4)])
    #expect(twins.map(9) == 51)
  }

  @Test("Where covers overlap, the one that begins later counts")
  func overlapping() {
    var map = coverMap([(old: 0, new: 1000, length: 60), (old: 50, new: 0, length: 100)])
    #expect(map.map(49) == 1049)
    #expect(map.map(50) == 0)
    #expect(map.map(149) == 99)
  }

  @Test("The order of the new image does not matter, and a search for the nearest agrees")
  func random() {
    var generator = SeededGenerator(for: "CoverMapTests.random")
    for _ in 0..<50 {
      var covers: [(old: UInt32, new: UInt32, length: UInt32)] = []
      for index in UInt32(0)..<UInt32.random(in: 1...40, using: &generator) {
        // Apart from each other: what counts is known without the map.
        covers.append((old: index * 100, new: UInt32.random(in: 0...9000, using: &generator), length: 50))
      }
      var map = coverMap(covers.shuffled(using: &generator))
      for _ in 0..<50 {
        let place = UInt32.random(in: 0...4100, using: &generator)
        let nearest = covers.min { distance(place, $0) < distance(place, $1) }
        #expect(nearest.map { place &+ $0.new &- $0.old } == map.map(place))
      }
    }
  }

  private func distance(_ place: UInt32, _ cover: (old: UInt32, new: UInt32, length: UInt32)) -> UInt32 {
    if place < cover.old { return cover.old - place }
    return place - cover.old < cover.length ? 0 : place - cover.old - cover.length
  }

  @Test("The largest numbers do not trap")
  func extremes() {
    var map = coverMap([
      (old: 0, new: .max - 1, length: 1), (old: .max - 4, new: 0, length: 4),
      (old: 5, new: 5, length: .max - 5),
    ])
    for place in [0, 1, 5, UInt32.max - 4, .max] { _ = map.map(place) }
  }
}
