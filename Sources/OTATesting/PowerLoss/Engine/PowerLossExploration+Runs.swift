import OTAFlashSimulator
import OTAPartition

// What is done with one state.

extension PowerLossExploration {
  /// What a derived random number is for.
  enum Purpose: UInt64 {
    case start = 1
    case reading
    case tear
    case sample
    case walk
  }

  /// A seed that depends on nothing but the checker's, a state or an operation, and a number.
  func derived(_ purpose: Purpose, from hash: StateHash, number: Int = 0) -> UInt64 {
    var hasher = StateHasher()
    hasher.combine(checker.seed)
    hasher.combine(hash)
    hasher.combine(purpose.rawValue)
    hasher.combine(UInt64(number))
    return hasher.finalize().low
  }

  /// In which ways an operation is interrupted.
  func outcomes(of operation: RecordedOperation) -> [TornOutcome] {
    TornOutcome.all(
      for: operation.operation, unit: root.flash.geometry.writeSize,
      seed: derived(.tear, from: operation.hash))
  }

  /// How often the scenario is started from a state.
  func starts(from node: Node) -> Int { node.flash.readsTheSame ? 1 : max(1, checker.recoveries) }

  /// A device in this state whose power has come back.
  private func started(_ node: Node, _ purpose: Purpose, number: Int) -> SharedFlash {
    var flash = node.flash
    flash.restorePower(seed: derived(purpose, from: node.hash, number: number))
    return SharedFlash(flash)
  }

  /// Runs the scenario from a state to its end.
  ///
  /// - Returns: its operations; `nil` if it failed, which was found when the state was looked at.
  func record(_ node: Node, start: Int, _ ask: Ask) -> [RecordedOperation]? {
    let device = started(node, .start, number: start)
    device.startRecording()
    let problem = ask(.scenario, device)
    let operations = device.stopRecording()
    return problem == nil ? operations : nil
  }

  /// Holds everything that must be true against a state: right after the cut, and after the scenario's end.
  mutating func look(at node: Node, _ ask: Ask) {
    report.states += 1
    guard let problem = firstProblem(of: node, ask) else { return }
    violating.insert(node.hash)
    report.add(PowerLossReport.Violation(trace: node.trace, problem: problem, state: node.hash))
  }

  /// What is wrong with a state, if anything is.
  mutating func firstProblem(of node: Node, _ ask: Ask) -> String? {
    // Before the first cut there is nothing that was interrupted.
    if node.trace.count > 0 {
      for reading in 0..<(node.flash.readsTheSame ? 1 : max(1, checker.readings)) {
        if let problem = ask(.invariant, started(node, .reading, number: reading)) { return problem }
      }
    }
    for start in 0..<starts(from: node) {
      let device = started(node, .start, number: start)
      if let problem = ask(.scenario, device) { return problem }
      let end = device.snapshot
      if node.trace.count == 0, start == 0 {
        report.operations = end.counters.modifications - node.flash.counters.modifications
      }
      if let ranges = checker.mayChange,
        let offset = end.firstDifference(from: root.flash, outside: ranges)
      {
        return "bytes outside the layout changed, at 0x\(String(offset, radix: 16))"
      }
      if let problem = ask(.completion, SharedFlash(end)) { return problem }
    }
    return nil
  }
}
