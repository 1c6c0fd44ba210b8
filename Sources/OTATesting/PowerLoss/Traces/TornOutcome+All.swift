public import OTAFlashSimulator

extension TornOutcome {
  /// Every outcome of an operation that differs in kind, with the borders of each.
  ///
  /// - Parameters:
  ///   - operation: what is interrupted.
  ///   - unit: the device's unit of writing, in bytes.
  ///   - seed: for the random ones; their own seeds have 32 bits, so that they can be written down.
  /// - Returns: at least seven outcomes.
  public static func all(
    for operation: SimulatedFlash.Operation, unit: UInt32, seed: UInt64
  ) -> [TornOutcome] {
    let units = max(1, operation.range.count / Int(unit))
    var random = SplitMix64(seed: seed)
    let somewhere = Int(random.next() % UInt64(units))
    var outcomes: [TornOutcome] = [.notDone, .done, .unseen]
    for count in ascending(1, units / 2, units - 1) where count > 0 && count < units {
      outcomes.append(.prefix(units: count))
    }
    outcomes.append(.randomBits(seed: random.next() >> 32))
    outcomes.append(.randomBits(seed: random.next() >> 32))
    for torn in ascending(0, somewhere, units - 1) {
      outcomes.append(.partial(after: torn, seed: random.next() >> 32))
      outcomes.append(.unstable(after: torn))
      outcomes.append(.marginal(after: torn, seed: random.next() >> 32))
      outcomes.append(.faint(after: torn, seed: random.next() >> 32))
    }
    return outcomes
  }

  /// Three numbers without repetition.
  private static func ascending(_ first: Int, _ second: Int, _ third: Int) -> [Int] {
    var numbers = [first]
    for number in [second, third] where !numbers.contains(number) { numbers.append(number) }
    return numbers.sorted()
  }
}
