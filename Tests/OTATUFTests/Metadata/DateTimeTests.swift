import Testing

@testable import OTATUF

@Suite("Points in time")
struct DateTimeTests {
  @Test(
    "are seconds since 1970",
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1985-10-21T01:21:00Z", 498_705_660),
      ("2000-02-29T12:00:00Z", 951_825_600),
      ("2023-11-14T22:13:20Z", 1_700_000_000), ("2038-01-19T03:14:08Z", 2_147_483_648),
      ("1969-12-31T23:59:59Z", -1), ("9999-12-31T23:59:59Z", 253_402_300_799),
      ("0000-01-01T00:00:00Z", -62_167_219_200),
    ] as [(String, Int64)])
  func seconds(text: String, expected: Int64) {
    #expect(DateTime.seconds(of: UTF8Text(text)) == expected)
  }

  @Test(
    "have one form",
    arguments: [
      "", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14T22:13:20+00:00", "2023-11-14T22:13:20.0Z",
      "2023-11-14 22:13:20Z", "2023-11-14t22:13:20z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
      "2023-00-01T00:00:00Z", "2023-13-01T00:00:00Z", "2023-04-31T00:00:00Z", "2023-01-00T00:00:00Z",
      "2023-01-01T24:00:00Z", "2023-01-01T00:60:00Z", "2023-01-01T00:00:60Z", "+023-01-01T00:00:00Z",
      "2023-1-001T00:00:00Z", "２023-01-01T00:00:0Z",
    ])
  func refused(text: String) {
    #expect(DateTime.seconds(of: UTF8Text(text)) == nil)
  }
}

extension DateTimeTests {
  @Test("are written in the form in which they are read")
  func written() {
    for seconds: Int64 in [0, -1, 951_825_600, 2_147_483_648, 253_402_300_799, -62_167_219_200] {
      let text = DateTime.text(ofSeconds: seconds)
      #expect(text.flatMap { DateTime.seconds(of: UTF8Text($0)) } == seconds)
    }
    // Every day of 400 years, once around.
    let days = (Int64(-40_000)..<110_000).map { $0 * 86_400 + ($0 * 7919 + 400_000_000) % 86_400 }
    #expect(
      days.allSatisfy { seconds in
        DateTime.text(ofSeconds: seconds).flatMap { DateTime.seconds(of: UTF8Text($0)) } == seconds
      })
    #expect(DateTime.text(ofSeconds: 1_700_000_000) == "2023-11-14T22:13:20Z")
    #expect(DateTime.text(ofSeconds: 253_402_300_800) == nil)
    #expect(DateTime.text(ofSeconds: -62_167_219_201) == nil)
    #expect(DateTime.text(ofSeconds: .max) == nil)
  }
}
