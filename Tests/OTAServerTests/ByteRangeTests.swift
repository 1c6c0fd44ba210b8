import Testing

@testable import OTAServer

@Suite struct ByteRangeTests {
  static let ranges: [(value: String, size: UInt64, range: ByteRange)] = [
    ("bytes=0-499", 10_000, .part(0..<500)),
    ("bytes=500-999", 10_000, .part(500..<1000)),
    ("bytes=-500", 10_000, .part(9500..<10_000)),
    ("bytes=9500-", 10_000, .part(9500..<10_000)),
    ("bytes=0-0", 10_000, .part(0..<1)),
    ("bytes=0-", 1, .part(0..<1)),
    ("bytes=9999-20000", 10_000, .part(9999..<10_000)),
    ("bytes=5-18446744073709551615", 10, .part(5..<10)),
    ("bytes=5-99999999999999999999999", 10, .part(5..<10)),
    ("bytes=-20000", 10_000, .part(0..<10_000)),
    ("bytes=-99999999999999999999999", 10, .part(0..<10)),
    ("BYTES= 1-2 ", 10, .part(1..<3)),
    ("bytes=10000-", 10_000, .unsatisfiable),
    ("bytes=10000-10001", 10_000, .unsatisfiable),
    ("bytes=99999999999999999999999-", 10, .unsatisfiable),
    ("bytes=-0", 10_000, .unsatisfiable),
    ("bytes=0-", 0, .unsatisfiable),
    ("bytes=-1", 0, .unsatisfiable),
    ("bytes=2-1", 10, .whole),
    ("bytes=0-1,3-4", 10, .whole),
    ("bytes=", 10, .whole), ("bytes", 10, .whole), ("", 10, .whole), ("=", 10, .whole),
    ("bytes=-", 10, .whole),
    ("bytes=a-b", 10, .whole), ("bytes=1", 10, .whole), ("bytes=+1-2", 10, .whole),
    ("bytes=1-+2", 10, .whole),
    ("bytes=1--2", 10, .whole), ("bytes=--1", 10, .whole), ("bytes=0x1-2", 10, .whole),
    ("bytes=１-２", 10, .whole), ("items=0-1", 10, .whole), ("bytes=1- 2", 10, .whole),
  ]

  @Test("a range is read as RFC 9110 says, and ignored if it is none", arguments: ranges)
  func read(value: String, size: UInt64, range: ByteRange) {
    #expect(ByteRange(value, size: size) == range)
  }

  @Test("random ranges never trap and never leave the resource")
  func fuzz() {
    let seed = UInt64.random(in: .min ... .max)
    print("ByteRange fuzz seed: \(seed)")
    var generator = SplitMix(state: seed)
    let pieces = [
      "bytes", "=", "-", ",", "0", "1", "9", "18446744073709551615", "18446744073709551616", " ", "é",
      "\u{301}",
    ]
    for _ in 0..<5000 {
      let count = Int.random(in: 0...6, using: &generator)
      let value =
        "bytes="
        + (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &generator)] }.joined()
      let size = UInt64.random(in: 0...20, using: &generator)
      if case .part(let range) = ByteRange(value, size: size) {
        #expect(!range.isEmpty && range.upperBound <= size)
      }
    }
  }

  @Test("entity tags compare strongly for ranges and weakly for caches")
  func entityTags() {
    let tag = EntityTag("ab")
    #expect(tag.matches(ifRange: "\"ab\""))
    #expect(!tag.matches(ifRange: "W/\"ab\"") && !tag.matches(ifRange: "ab") && !tag.matches(ifRange: "*"))
    #expect(!tag.matches(ifRange: "Wed, 21 Oct 2015 07:28:00 GMT"))
    #expect(tag.matches(ifNoneMatch: "W/\"ab\"") && tag.matches(ifNoneMatch: "\"x\", \"ab\""))
    #expect(tag.matches(ifNoneMatch: "*") && !tag.matches(ifNoneMatch: "\"abc\""))
    #expect(tag.matches(ifMatch: "\"ab\"") && tag.matches(ifMatch: "*") && !tag.matches(ifMatch: "W/\"ab\""))
  }
}
