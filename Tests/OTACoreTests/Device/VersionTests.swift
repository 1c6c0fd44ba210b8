import OTACore
import Testing

@Suite("Version")
struct VersionTests {
  @Test(
    "reads two or three numbers",
    arguments: [
      ("1.2", Version(1, 2)), ("1.2.3", Version(1, 2, 3)), ("0.0.0", Version(0, 0)),
      ("4294967295.4294967295.4294967295", Version(.max, .max, .max)),
    ])
  func reads(row: (text: String, version: Version)) {
    #expect(Version(row.text) == row.version)
  }

  @Test(
    "refuses any other text",
    arguments: [
      "", "1", "1.", ".1", "1..2", "1.2.", "1.2.3.4", "1.2.3-beta", "v1.2", "1.2 ", " 1.2", "+1.2", "1.-2",
      "4294967296.0", "1.2.99999999999999999999", "٣.١", "1,2", "0x1.2", "1.2\n",
    ])
  func refuses(text: String) {
    #expect(Version(text) == nil)
  }

  @Test("is written so that it reads back")
  func description() throws {
    var generator = SeededGenerator(seed: testSeed)
    #expect(Version(1, 2).description == "1.2.0")
    for _ in 0..<200 {
      let version = Version(
        .random(in: .min ... .max, using: &generator), .random(in: .min ... .max, using: &generator),
        .random(in: .min ... .max, using: &generator))
      try #require(Version(version.description) == version, "seed \(testSeed)")
    }
  }

  @Test("orders by major, then minor, then patch")
  func order() {
    let ordered = [
      Version(0, 0, 1), Version(0, 1, 0), Version(0, 1, 1), Version(0, 10, 0), Version(1, 0, 0),
      Version(1, 0, 9),
      Version(1, 2, 0), Version(10, 0, 0),
    ]
    for left in ordered.indices {
      for right in ordered.indices { #expect((ordered[left] < ordered[right]) == (left < right)) }
    }
  }
}
