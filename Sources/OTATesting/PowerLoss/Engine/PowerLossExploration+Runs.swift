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

  /// With which numbers the device is started from a state.
  ///
  /// A state that reads differently is started several times right after a cut. Where it is met again after whole
  /// starts, it is started once more, with a number that tells it from those before, so that it can end.
  func starts(from node: Node) -> Range<Int> {
    if node.flash.readsTheSame { return 0..<1 }
    return node.startsBefore == 0 ? 0..<max(1, checker.recoveries) : node.startsBefore..<node.startsBefore + 1
  }

  /// Whether ``starts(from:)`` gives all that any way to the same state gives.
  func coversAllStarts(from node: Node) -> Bool { node.startsBefore == 0 || node.flash.readsTheSame }

  /// A device in this state whose power has come back.
  private func started(_ node: Node, _ purpose: Purpose, number: Int) -> SharedFlash {
    var flash = node.flash
    flash.restorePower(seed: derived(purpose, from: node.hash, number: number))
    return SharedFlash(flash)
  }

  /// Starts the device once.
  ///
  /// - Returns: the operations, and the state at the next start unless the scenario has come to its end; `nil` if it
  ///   failed, which was found when the state was looked at.
  func record(
    _ node: Node, start: Int, _ ask: Ask
  ) -> (operations: [RecordedOperation], next: Node?)? {
    let device = started(node, .start, number: start)
    device.startRecording()
    let answer = ask(.step, device)
    let operations = device.stopRecording()
    switch answer {
    case .problem: return nil
    case .end: return (operations, nil)
    case .good: return (operations, Node(device.snapshot, after: node, start: start))
    }
  }

  /// Starts the device until the scenario has come to its end.
  ///
  /// - Returns: the operations of all starts; if one failed, of those before.
  func recordAll(_ node: Node, start: Int, _ ask: Ask) -> [RecordedOperation] {
    var operations: [RecordedOperation] = []
    var node = node
    var start = start
    while node.startsBefore < PowerLossChecker.maximumStarts,
      let (more, next) = record(node, start: start, ask)
    {
      operations += more
      guard let next else { break }
      node = next
      start = starts(from: node).lowerBound
    }
    return operations
  }

  /// Holds everything that must be true against a state: right after the cut, and after every start until the scenario
  /// has come to its end, or to a state from which it is known to do so.
  mutating func look(at node: Node, _ ask: Ask) {
    look(at: node, from: [], ask)
  }

  private mutating func look(at node: Node, from earlier: Set<StateHash>, _ ask: Ask) {
    report.states += 1
    if let problem = problemOfReading(node, ask) { return add(problem, at: node, ask) }
    for start in starts(from: node) {
      let device = started(node, .start, number: start)
      switch ask(.step, device) {
      case .problem(let problem):
        return add(problem, at: node, ask)
      case .end:
        if let problem = problemAtEnd(of: device.snapshot, from: node, ask) {
          return add(problem, at: node, ask)
        }
      case .good:
        let next = Node(device.snapshot, after: node, start: start)
        let repeats = next.hash == node.hash || earlier.contains(next.hash)
        if repeats && next.flash.readsTheSame || next.startsBefore >= PowerLossChecker.maximumStarts {
          return add(
            "the scenario does not come to its end, however often the device is started", at: node, ask)
        }
        if checker.prunes {
          if coveredStates[next.hash] != nil { continue }
          if coversAllStarts(from: next) { coveredStates[next.hash] = 0 }
        }
        look(at: next, from: earlier.union([node.hash]), ask)
      }
      if isDone { return }
    }
  }

  private mutating func add(_ problem: String, at node: Node, _ ask: Ask) {
    violating.insert(node.hash)
    var violation = PowerLossReport.Violation(trace: node.trace, problem: problem, state: node.hash)
    if shortensTraces { violation = shortened(violation, ask) }
    report.add(violation)
  }

  /// What does not hold right after a cut, in each of several readings.
  private func problemOfReading(_ node: Node, _ ask: Ask) -> String? {
    // Before the first cut there is nothing that was interrupted.
    if node.isBeginning { return nil }
    for reading in 0..<(node.flash.readsTheSame ? 1 : max(1, checker.readings)) {
      if case .problem(let problem) = ask(.invariant, started(node, .reading, number: reading)) {
        return problem
      }
    }
    return nil
  }

  private mutating func problemAtEnd(of end: SimulatedFlash, from node: Node, _ ask: Ask) -> String? {
    if node.trace.count == 0 {
      report.operations =
        node.operationsBefore + end.counters.modifications - node.flash.counters.modifications
    }
    if let ranges = checker.mayChange,
      let offset = end.firstDifference(from: root.flash, outside: ranges)
    {
      return "bytes outside the layout changed, at 0x\(String(offset, radix: 16))"
    }
    guard case .problem(let problem) = ask(.completion, SharedFlash(end)) else { return nil }
    return problem
  }
}
