import OTAPartition

// An example of Docs/FlashPorting.md; a test holds the article against this file.

// BEGIN EXAMPLE
/// Prints what a probe finds, and counts it.
struct Printer: FlashFindings {
  var count = 0

  mutating func add(_ finding: FlashFinding) {
    count += 1
    print("rule", finding.rule.rawValue, "at", finding.offset, "error", finding.error?.rawValue ?? 0xff)
  }
}

/// Holds the flash of a board against the contract, on the board: its first, second and last block are overwritten.
func checkFlash(_ flash: consuming some Flash & ~Copyable) -> Bool {
  var memory = InlineArray<512, UInt8>(repeating: 0)
  var buffer = memory.mutableSpan
  var probe = FlashProbe(flash, findings: Printer())
  probe.run(buffer: &buffer)
  return probe.finish().count == 0
}
// END EXAMPLE
