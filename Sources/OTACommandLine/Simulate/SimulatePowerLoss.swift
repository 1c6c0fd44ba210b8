import OTAFlashSimulator
import OTAPartition
import OTATesting

/// `ota simulate power-loss`: cuts the power at every operation of updates, in every way.
struct SimulatePowerLoss: Command {
  static let name = "simulate power-loss"
  static let abstract = "cut the power at every flash operation, in every way"
  static let usage = """
    usage: ota simulate power-loss [--geometry NAME] [--scenario NAME] [--strategy NAME] [--write-size N|all]
                                   [--depth D] [--walks N] [--seed N] [--trace TRACE] [--json]

    Runs updates on simulated devices, interrupts each flash operation in every way in which it can tear,
    starts the device again, and looks at what boots. Without options: every geometry, every strategy, one
    unit of writing for each, one cut. Shows what was covered, and for a violation the cuts that lead to it
    and the command that repeats it.

      --geometry NAME   only this part, such as nrf52840
      --scenario NAME   only healthy-update, unhealthy-update, partition-table, healthy-in-place or
                        unhealthy-in-place; or in-turn: all of them, but healthy and unhealthy take turns
                        from one unit of writing to the next
      --strategy NAME   only direct, swap-with-scratch, swap-by-move, swap-by-offset or overwrite
      --write-size N    this unit of writing: 1, 2, 4, 8, 16 or 32 bytes; or all of them, one after the other
      --depth D         so many cuts in a row at every operation, in every way; 1 unless given, up to 4
      --walks N         after that so many sequences of 6 cuts at random
      --seed N          of everything random; 1 unless given
      --trace TRACE     only these cuts, as a violation shows them; needs the other four that say where
      --json            the result as JSON
    """
  static let example = ["--geometry", "nrf52840", "--strategy", "swap-by-move"]

  private let isJSON: Bool
  private let seed: UInt64
  private let depth: Int
  private let walks: Int
  private let trace: PowerLossTrace?
  private let selection: PowerLossSelection

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    depth = try arguments.integerOption("--depth", in: 1...4) ?? 1
    walks = try arguments.integerOption("--walks", in: 0...1_000_000) ?? 0
    seed = UInt64(try arguments.integerOption("--seed", in: 0...Int.max) ?? 1)
    selection = try PowerLossSelection(&arguments)
    guard let text = try arguments.option("--trace") else {
      trace = nil
      try arguments.finish()
      return
    }
    do throws(PowerLossTraceError) {
      trace = try PowerLossTrace(text: text)
    } catch {
      throw .invalidValue(name: "--trace", value: text, expected: "cuts with commas between; \(error)")
    }
    try arguments.finish()
    if let missing = selection.missingForTrace { throw .missingOption(missing) }
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let matrix = try selection.matrix()
    // A check of nothing must not say that it passed.
    if matrix.cases.isEmpty, let first = matrix.impossible.first {
      throw CommandFailure(
        "\(first.part), \(first.way)", why: "not possible: \(first.text)",
        remedy: "choose another strategy or geometry", status: .usage)
    }
    var checker = PowerLossChecker(seed: seed, depth: depth)
    if walks > 0 { checker.randomWalks = PowerLossChecker.RandomWalks(count: walks, length: 6) }
    let results =
      if let trace { try replay(trace, matrix, checker) } else { try await run(matrix, checker, context) }
    let summary = PowerLossSummary(
      results: results, matrix: matrix, seed: seed, depth: trace?.count ?? depth, walks: walks,
      isReplay: trace != nil)
    if isJSON {
      try context.console.printJSON(summary.document)
    } else {
      for line in summary.lines { try context.console.print(line) }
    }
    return summary.violationCount == 0 ? .done : .failed
  }

  private func run(
    _ matrix: PowerLossMatrix, _ checker: PowerLossChecker, _ context: CommandContext
  ) async throws(CommandFailure) -> [PowerLossResult] {
    let progress = ProgressBar(context.console, label: "power loss", total: UInt64(matrix.cases.count))
    defer { progress.finish() }
    do throws(PowerLossFailure) {
      return try await matrix.run(with: checker, workers: 2) { progress.update(completed: UInt64($0)) }
    } catch {
      throw SimulatePowerLoss.failure(error)
    }
  }

  private func replay(
    _ trace: PowerLossTrace, _ matrix: PowerLossMatrix, _ checker: PowerLossChecker
  ) throws(CommandFailure) -> [PowerLossResult] {
    var results: [PowerLossResult] = []
    for one in matrix.cases {
      do throws(PowerLossFailure) {
        results.append(PowerLossResult(one, try one.replay(trace, with: checker)))
      } catch {
        throw SimulatePowerLoss.failure(error)
      }
    }
    return results
  }

  private static func failure(_ error: PowerLossFailure) -> CommandFailure {
    CommandFailure(
      "simulation", why: "\(error)", remedy: "take the options from the command that a violation shows")
  }
}
