import OTAFlashSimulator

/// One run of ``PowerLossChecker``: what is covered so far, and the way on.
struct PowerLossExploration {
  /// What is asked of the caller's code about a device.
  enum Question {
    /// One start of the device.
    case step
    /// Looks at a state after a cut.
    case invariant
    /// Looks at the device at the end of the scenario.
    case completion
  }

  /// What the caller's code says.
  enum Answer {
    /// Nothing is wrong; of a step: the scenario goes on at the next start.
    case good
    /// The scenario has come to its end.
    case end
    /// Something is wrong.
    case problem(String)
  }

  typealias Ask = (Question, SharedFlash) -> Answer

  /// A state at a start of the device, and a way to it.
  struct Node {
    var flash: SimulatedFlash
    var hash: StateHash
    var trace: PowerLossTrace
    /// Starts since the last cut that came to their end.
    var startsBefore = 0
    /// Operations in these.
    var operationsBefore = 0
    /// Which of the starts from the state after the last cut it was.
    var firstStart = 0

    init(_ flash: SimulatedFlash, trace: PowerLossTrace) {
      self.flash = flash
      self.flash.rememberHashes()
      hash = self.flash.stateHash
      self.trace = trace
    }

    /// The state after a whole start from another one.
    init(_ flash: SimulatedFlash, after node: Node, start: Int) {
      self.init(flash, trace: node.trace)
      startsBefore = node.startsBefore + 1
      operationsBefore =
        node.operationsBefore + flash.counters.modifications - node.flash.counters.modifications
      firstStart = node.startsBefore == 0 ? start : node.firstStart
    }

    /// Whether nothing has happened yet.
    var isBeginning: Bool { trace.count == 0 && startsBefore == 0 }
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
  /// Whether cuts that have no part in a violation are left out of its trace.
  var shortensTraces = false

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
    guard let first = report.violations.first else { return false }
    return checker.stopsEarly || first.trace.count == 0
  }

  /// Covers a state with so many cuts to follow.
  ///
  /// - Returns: how many sequences of just so many cuts follow it.
  private mutating func visit(_ node: Node, cutsLeft: Int, _ ask: Ask) -> Int {
    if checker.prunes {
      if let covered = coveredStates[node.hash], covered >= cutsLeft {
        return skipped(node, cutsLeft: cutsLeft)
      }
      if coversAllStarts(from: node) { coveredStates[node.hash] = UInt8(cutsLeft) }
    }
    if cutsLeft == 0 {
      look(at: node, ask)
      return 1
    }
    guard !violating.contains(node.hash) else { return 0 }
    var count = 0
    for start in starts(from: node) {
      if node.trace.count >= checker.depth {
        count += sample(of: node, start: start, ask)
      } else {
        count += interrupt(node, start: start, cutsLeft: cutsLeft, ask)
      }
      if isDone { return count }
    }
    if checker.prunes { sequences[Weight(hash: node.hash, cuts: UInt8(cutsLeft))] = count }
    return count
  }

  /// Counts what follows a state that is covered already.
  private mutating func skipped(_ node: Node, cutsLeft: Int) -> Int {
    let count = cutsLeft == 0 ? 1 : sequences[Weight(hash: node.hash, cuts: UInt8(cutsLeft))] ?? 0
    report.pruned += count
    return count
  }

  /// Interrupts every operation of a start in every way, goes on from there, and then from the end of the start.
  private mutating func interrupt(_ node: Node, start: Int, cutsLeft: Int, _ ask: Ask) -> Int {
    guard let (operations, next) = record(node, start: start, ask) else { return 0 }
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
        let cut = cut(operation, number: node.operationsBefore + number, outcome, node: node, start: start)
        let next = Node(operation.interrupted(outcome), trace: node.trace.adding(cut))
        count += visit(next, cutsLeft: cutsLeft - 1, ask)
        if isDone { return total + count }
      }
      if checker.prunes { sequences[weight] = count }
      total += count
    }
    if let next, next.startsBefore < PowerLossChecker.maximumStarts {
      total += visit(next, cutsLeft: cutsLeft, ask)
    }
    return total
  }

  private func cut(
    _ operation: RecordedOperation, number: Int, _ outcome: TornOutcome, node: Node, start: Int
  ) -> PowerLossTrace.Cut {
    PowerLossTrace.Cut(
      operation: number, outcome: outcome, start: node.startsBefore == 0 ? start : node.firstStart,
      interrupted: operation.operation)
  }

  /// Interrupts some operations of a run in some ways.
  private mutating func sample(of node: Node, start: Int, _ ask: Ask) -> Int {
    let operations = recordAll(node, start: start, ask)
    var cuts: [PowerLossTrace.Cut] = []
    for (number, operation) in operations.enumerated() {
      for outcome in outcomes(of: operation) {
        cuts.append(cut(operation, number: number, outcome, node: node, start: start))
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
    shortensTraces = true
    for number in 0..<walks.count {
      var random = SplitMix64(seed: derived(.walk, from: root.hash, number: number))
      var node = root
      for _ in 0..<walks.length {
        let start = Int.random(in: starts(from: node), using: &random)
        let operations = recordAll(node, start: start, ask)
        guard let place = operations.indices.randomElement(using: &random),
          let outcome = outcomes(of: operations[place]).randomElement(using: &random)
        else { break }
        let cut = cut(operations[place], number: place, outcome, node: node, start: start)
        node = Node(operations[place].interrupted(outcome), trace: node.trace.adding(cut))
        report.walkedCuts += 1
        if checker.prunes, coveredStates[node.hash] != nil {
          report.pruned += 1
        } else {
          coveredStates[node.hash] = 0
          look(at: node, ask)
        }
        if isDone { return }
        if violating.contains(node.hash) { break }
      }
    }
  }

  /// Leaves out of a violation's trace what has no part in it.
  func shortened(_ violation: PowerLossReport.Violation, _ ask: Ask) -> PowerLossReport.Violation {
    var violation = violation
    for index in violation.trace.cuts.indices.reversed() where index < violation.trace.count {
      var shorter = violation.trace
      shorter.cuts.remove(at: index)
      var trial = PowerLossExploration(checker, start: root.flash)
      do throws(PowerLossTraceError) { try trial.replay(shorter, ask) } catch { continue }
      violation = trial.report.violations.first ?? violation
    }
    return violation
  }

  /// Goes the way of a trace.
  mutating func replay(_ trace: PowerLossTrace, _ ask: Ask) throws(PowerLossTraceError) {
    look(at: root, ask)
    var node = root
    for cut in trace.cuts {
      let operations = recordAll(node, start: cut.start, ask)
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
