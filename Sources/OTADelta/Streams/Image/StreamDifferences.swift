import OTADelta

/// Adds to copied bytes what they differ by, in the order of the covers.
struct StreamDifferences {
  private var runs: [UInt8] = []
  private var differences: [UInt8] = []
  /// Where the next run begins.
  private var runPosition = 0
  /// Where the next difference is.
  private var position = 0
  /// How many bytes come before the next difference.
  private var equalLeft = 0
  /// How many differences follow then.
  private var differingLeft = 0

  /// No difference.
  init() {}

  /// Checks the runs.
  ///
  /// - Parameters:
  ///   - runs: pairs of numbers: how many bytes are the same, how many differ.
  ///   - differences: what is added to those that differ.
  ///   - coveredSize: how many bytes there are, together.
  /// - Throws: ``DeltaError/nonCanonicalNumber``; ``DeltaError/noProgress`` for a run without a difference,
  ///   ``DeltaError/outputOverflow`` if there are more bytes in runs than in covers, ``DeltaError/corruptStream`` if
  ///   there are not as many differences as runs say.
  init(runs: [UInt8], differences: [UInt8], coveredSize: UInt32) throws(DeltaError) {
    let bytes = runs.span
    var position = 0
    var left = coveredSize
    var differencesLeft = differences.count
    while position < bytes.count {
      let equal = try StreamNumber.require(bytes, &position)
      let differing = try StreamNumber.require(bytes, &position)
      guard differing > 0 else { throw .noProgress }
      guard equal <= left, differing <= left - equal else { throw .outputOverflow }
      guard Int(differing) <= differencesLeft else { throw .corruptStream }
      left -= equal + differing
      differencesLeft -= Int(differing)
    }
    guard differencesLeft == 0 else { throw .corruptStream }
    self.runs = runs
    self.differences = differences
  }

  /// Changes the next covered bytes.
  mutating func add(to bytes: inout MutableSpan<UInt8>) {
    let runs = runs
    let differences = differences
    let added = differences.span
    var start = 0
    while start < bytes.count {
      if equalLeft > 0 {
        let count = min(equalLeft, bytes.count - start)
        equalLeft -= count
        start += count
      } else if differingLeft > 0 {
        let count = min(differingLeft, bytes.count - start)
        // The difference is modulo 256.
        for index in 0..<count { bytes[start + index] &+= added[position + index] }
        position += count
        differingLeft -= count
        start += count
      } else {
        guard nextRun(runs.span) else { return }
      }
    }
  }

  /// Reads the next run, which was checked; false behind the last one.
  private mutating func nextRun(_ runs: Span<UInt8>) -> Bool {
    guard let equal = try? StreamNumber.read(runs, &runPosition),
      let differing = try? StreamNumber.read(runs, &runPosition)
    else { return false }
    equalLeft = Int(equal)
    differingLeft = Int(differing)
    return true
  }
}
