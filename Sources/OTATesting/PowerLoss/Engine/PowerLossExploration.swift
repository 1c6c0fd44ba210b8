import OTAFlashSimulator

/// One run of ``PowerLossChecker``: what is covered so far, and the way on.
struct PowerLossExploration {
  /// What is asked of the caller's code about a device.
  enum Question {
    /// Runs the scenario to its end.
    case scenario
    /// Looks at a state after a cut.
    case invariant
    /// Looks at the device at the end of the scenario.
    case completion
  }

  /// Says what is wrong, or `nil`.
  typealias Ask = (Question, SharedFlash) -> String?

  /// A state, and a way to it.
  struct Node {
    var flash: SimulatedFlash
    var hash: StateHash
    var trace: PowerLossTrace

    init(_ flash: SimulatedFlash, trace: PowerLossTrace) {
      self.flash = flash
      self.flash.rememberHashes()
      hash = self.flash.stateHash
      self.trace = trace
    }
  }

  let checker: PowerLossChecker
  let root: Node
  var report = PowerLossReport()
  /// States that were looked at or are being so, with the number of cuts to follow them.
  var coveredStates: [StateHash: UInt8] = [:]
  /// Operations that were or are being interrupted in every way, likewise.
  var coveredOperations: [StateHash: UInt8] = [:]
  /// How many sequences of so many cuts follow a state or an operation.
  var sequences: [Weight: Int] = [:]
  /// States in which something is wrong; the way ends there.
  var violating: Set<StateHash> = []

  /// A state or an operation, with a number of cuts that follow.
  struct Weight: Hashable {
    var hash: StateHash
    var cuts: UInt8
  }

  init(_ checker: PowerLossChecker, start: SimulatedFlash) {
    self.checker = checker
    root = Node(start, trace: PowerLossTrace())
    report.seed = checker.seed
  }

  // MARK: All ways

  /// Covers everything that the checker is to cover.
  mutating func explore(_ ask: Ask) {
    // One level of cuts after the other, so that the shortest way to a violation is found first. The levels before the
    // last are a small part of the work.
    let levels = checker.depth + (checker.sampledCuts > 0 ? 1 : 0)
    precondition(levels <= Int(UInt8.max), "so many cuts are never done")
    for level in 0...levels {
      let sequences = visit(root, cutsLeft: level, ask)
      if level > 0 { report.cuts.append(sequences) }
      if isDone { return }
    }
    walk(ask)
  }

  /// Whether nothing else is to be found.
  var isDone: Bool {
    checker.stopsEarly && !report.violations.isEmpty || violating.contains(root.hash)
  }

  /// Covers a state with so many cuts to follow.
  ///
  /// - Returns: how many sequences of just so many cuts follow it.
  private mutating func visit(_ node: Node, cutsLeft: Int, _ ask: Ask) -> Int {
    if checker.prunes {
      if let covered = coveredStates[node.hash], covered >= cutsLeft {
        return skipped(node.hash, cutsLeft: cutsLeft)
      }
      coveredStates[node.hash] = UInt8(cutsLeft)
    }
    if cutsLeft == 0 {
      look(at: node, ask)
      return 1
    }
    guard !violating.contains(node.hash) else { return 0 }
    var count = 0
    for start in 0..<starts(from: node) {
      guard let operations = record(node, start: start, ask) else { continue }
      if node.trace.count >= checker.depth {
        count += sample(operations, of: node, start: start, ask)
      } else {
        count += interrupt(operations, of: node, start: start, cutsLeft: cutsLeft, ask)
      }
      if isDone { return count }
    }
    sequences[Weight(hash: node.hash, cuts: UInt8(cutsLeft))] = count
    return count
  }

  /// Counts what follows a state or an operation that is covered already.
  private mutating func skipped(_ hash: StateHash, cutsLeft: Int) -> Int {
    let count = cutsLeft == 0 ? 1 : sequences[Weight(hash: hash, cuts: UInt8(cutsLeft))] ?? 0
    report.pruned += count
    return count
  }

  /// Interrupts every operation of a run in every way, and goes on from there.
  private mutating func interrupt(
    _ operations: [RecordedOperation], of node: Node, start: Int, cutsLeft: Int, _ ask: Ask
  ) -> Int {
    var total = 0
    for (number, operation) in operations.enumerated() {
      // The cut itself is one of those that follow the operation.
      let weight = Weight(hash: operation.hash, cuts: UInt8(cutsLeft))
      if checker.prunes {
        if let covered = coveredOperations[operation.hash], covered >= cutsLeft {
          let count = sequences[weight] ?? 0
          report.pruned += count
          total += count
          continue
        }
        coveredOperations[operation.hash] = UInt8(cutsLeft)
      }
      var count = 0
      for outcome in outcomes(of: operation) {
        let cut = PowerLossTrace.Cut(
          operation: number, outcome: outcome, start: start, interrupted: operation.operation)
        let next = Node(operation.interrupted(outcome), trace: node.trace.adding(cut))
        count += visit(next, cutsLeft: cutsLeft - 1, ask)
        if isDone { return total + count }
      }
      sequences[weight] = count
      total += count
    }
    return total
  }

  /// Interrupts some operations of a run in some ways.
  private mutating func sample(
    _ operations: [RecordedOperation], of node: Node, start: Int, _ ask: Ask
  ) -> Int {
    var cuts: [PowerLossTrace.Cut] = []
    for (number, operation) in operations.enumerated() {
      for outcome in outcomes(of: operation) {
        cuts.append(
          PowerLossTrace.Cut(
            operation: number, outcome: outcome, start: start, interrupted: operation.operation))
      }
    }
    var random = SplitMix64(seed: derived(.sample, from: node.hash, number: start))
    var count = 0
    for cut in cuts.shuffled(using: &random).prefix(checker.sampledCuts) {
      let next = Node(operations[cut.operation].interrupted(cut.outcome), trace: node.trace.adding(cut))
      count += visit(next, cutsLeft: 0, ask)
      if isDone { break }
    }
    return count
  }

  // MARK: One way

  /// Makes sequences of cuts at random.
  private mutating func walk(_ ask: Ask) {
    guard let walks = checker.randomWalks else { return }
    for number in 0..<walks.count {
      var random = SplitMix64(seed: derived(.walk, from: root.hash, number: number))
      var node = root
      for _ in 0..<walks.length {
        let start = Int.random(in: 0..<starts(from: node), using: &random)
        guard let operations = record(node, start: start, ask),
          let place = operations.indices.randomElement(using: &random),
          let outcome = outcomes(of: operations[place]).randomElement(using: &random)
        else { break }
        let cut = PowerLossTrace.Cut(
          operation: place, outcome: outcome, start: start, interrupted: operations[place].operation)
        node = Node(operations[place].interrupted(outcome), trace: node.trace.adding(cut))
        report.walkedCuts += 1
        if checker.prunes, coveredStates[node.hash] != nil {
          report.pruned += 1
        } else {
          coveredStates[node.hash] = 0
          lookAtEnd(of: node, ask)
        }
        if isDone { return }
        if violating.contains(node.hash) { break }
      }
    }
  }

  /// Looks at the last state of a way that was made at random.
  private mutating func lookAtEnd(of node: Node, _ ask: Ask) {
    report.states += 1
    guard let problem = firstProblem(of: node, ask) else { return }
    violating.insert(node.hash)
    var violation = PowerLossReport.Violation(trace: node.trace, problem: problem, state: node.hash)
    // Most of the cuts have no part in it: whatever can be left out is.
    for index in node.trace.cuts.indices.reversed() where index < violation.trace.count {
      var shorter = violation.trace
      shorter.cuts.remove(at: index)
      var trial = PowerLossExploration(checker, start: root.flash)
      do throws(PowerLossTraceError) { try trial.replay(shorter, ask) } catch { continue }
      violation = trial.report.violations.first ?? violation
    }
    report.add(violation)
  }

  /// Goes the way of a trace.
  mutating func replay(_ trace: PowerLossTrace, _ ask: Ask) throws(PowerLossTraceError) {
    look(at: root, ask)
    var node = root
    for cut in trace.cuts {
      let operations = record(node, start: cut.start, ask) ?? []
      guard operations.indices.contains(cut.operation) else {
        throw .noSuchOperation(cut.operation, of: operations.count)
      }
      let operation = operations[cut.operation]
      var cut = cut
      cut.interrupted = operation.operation
      node = Node(operation.interrupted(cut.outcome), trace: node.trace.adding(cut))
      look(at: node, ask)
    }
  }
}
