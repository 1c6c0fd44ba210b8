import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

@Suite("PowerLossTrace")
struct TraceTests {
  @Test("Every outcome is read back from its text")
  func roundTrip() throws {
    for kind in [SimulatedFlash.Operation.Kind.write, .erase] {
      let operation = SimulatedFlash.Operation(kind: kind, range: 0..<64)
      let outcomes = TornOutcome.all(for: operation, unit: 4, seed: 9)
      #expect(outcomes.count >= 18)
      for (number, outcome) in outcomes.enumerated() {
        #expect(TornOutcome(text: outcome.text) == outcome, "\(outcome.text)")
        let trace = PowerLossTrace([
          PowerLossTrace.Cut(operation: number, outcome: outcome),
          PowerLossTrace.Cut(operation: 0, outcome: .done, start: number),
        ])
        #expect(try PowerLossTrace(text: trace.description) == trace)
      }
    }
    #expect(try PowerLossTrace(text: "") == PowerLossTrace())
    #expect(
      try PowerLossTrace(text: "3:prefix1,2/12:unstable0").cuts == [
        PowerLossTrace.Cut(operation: 3, outcome: .prefix(units: 1)),
        PowerLossTrace.Cut(operation: 12, outcome: .unstable(after: 0), start: 2),
      ])
  }

  @Test(
    "What is no trace is refused, with the part that is none",
    arguments: [
      ("3", "3"), (":done", ":done"), ("3:", "3:"), ("3:done,", ""), (",3:done", ""), ("x:done", "x:done"),
      ("-1:done", "-1:done"), ("3:done2", "3:done2"), ("3:prefix", "3:prefix"), ("3:prefix-1", "3:prefix-1"),
      ("3:prefix1-a", "3:prefix1-a"), ("3:randomBits", "3:randomBits"),
      ("3:randomBits1-a", "3:randomBits1-a"),
      ("3:randomBits-", "3:randomBits-"), ("3:randomBits-g", "3:randomBits-g"),
      ("3:randomBits--1", "3:randomBits--1"), ("3:randomBits-+1", "3:randomBits-+1"),
      ("3:partial0", "3:partial0"), ("3:nonsense", "3:nonsense"), ("1/2/3:done", "1/2/3:done"),
      ("/3:done", "/3:done"), ("1/:done", "1/:done"), ("1:done:2", "1:done:2"), ("0:done,1: done", "1: done"),
      ("99999999999999999999:done", "99999999999999999999:done"),
      ("1:prefix99999999999999999999", "1:prefix99999999999999999999"),
    ])
  func malformed(text: String, part: String) {
    #expect(throws: PowerLossTraceError.malformed(part)) { _ = try PowerLossTrace(text: text) }
  }
}
