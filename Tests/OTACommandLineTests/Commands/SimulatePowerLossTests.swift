import Foundation
import OTACommandLine
import Testing

@Suite("ota simulate power-loss")
struct SimulatePowerLossTests {
  private static let small = [
    "simulate", "power-loss", "--geometry", "nrf52840", "--strategy", "direct", "--write-size", "8",
    "--scenario", "healthy-update",
  ]

  private func ota(_ arguments: [String]) async -> Run {
    await run(arguments, commands: CommandTable.all)
  }

  private struct Result: Decodable {
    struct Counts: Decodable, Equatable {
      var cases: Int
      var operations: Int
      var cuts: [Int]
      var walkedCuts: Int
      var states: Int
      var pruned: Int
      var violations: Int
    }
    struct Impossible: Decodable {
      var geometry: String
      var strategy: String
      var reason: String
    }
    struct Violation: Decodable {
      var problem: String
      var trace: String
      var command: String
    }

    var seed: UInt64
    var depth: Int
    var notPossible: [Impossible]
    var total: Counts
    var violations: [Violation]
  }

  private func result(_ run: Run) throws -> Result {
    try JSONDecoder().decode(Result.self, from: Data(run.output.utf8))
  }

  @Test("shows operations, cuts, states and violations, and what was covered")
  func table() async {
    let run = await ota(Self.small)
    #expect(run.status == .done)
    #expect(run.output.contains("nrf52840"))
    #expect(run.output.contains("every operation was interrupted in every way, once"))
    #expect(run.output.contains("0 violations"))
    #expect(run.diagnostics.contains("100 %"))
  }

  @Test("a choice of which nothing is possible does not pass")
  func nothing() async {
    let run = await ota([
      "simulate", "power-loss", "--geometry", "stm32f4-mixed", "--strategy", "swap-by-move",
    ])
    #expect(run.status == .usage && run.output.isEmpty)
    #expect(run.diagnostics.contains("not possible: blocks of different sizes"))
  }

  @Test("gives the same JSON for the same seed")
  func json() async throws {
    let first = await ota(Self.small + ["--json", "--walks", "3"])
    let second = await ota(Self.small + ["--json", "--walks", "3"])
    #expect(first.status == .done && first.output == second.output)
    let result = try result(first)
    #expect(result.seed == 1 && result.depth == 1 && result.violations.isEmpty)
    #expect(result.total.cases == 1 && result.total.violations == 0)
    #expect(result.total.operations > 10 && result.total.walkedCuts == 18)
    #expect(result.total.cuts.count == 1 && result.total.cuts[0] > 10 * result.total.operations)
    #expect(result.total.states > 100 && result.total.pruned > 0)
  }

  @Test("says what is not possible, and does not count it")
  func impossible() async throws {
    let run = await ota([
      "simulate", "power-loss", "--geometry", "stm32f4-mixed", "--scenario", "healthy-update",
    ])
    #expect(run.status == .done)
    #expect(run.output.contains("not possible: stm32f4-mixed, swap-by-move: blocks of different sizes"))
    #expect(run.output.contains("3 cases"))
  }

  @Test("updates in place as well, and says where that is not possible")
  func inPlace() async throws {
    let run = await ota([
      "simulate", "power-loss", "--geometry", "pages-512", "--write-size", "4", "--scenario",
      "unhealthy-in-place", "--json",
    ])
    #expect(run.status == .done)
    let result = try result(run)
    #expect(result.total.cases == 1 && result.total.violations == 0 && result.total.operations > 30)
    let nothing = await ota([
      "simulate", "power-loss", "--geometry", "stm32f4-mixed", "--scenario", "healthy-in-place",
    ])
    #expect(nothing.status == .usage)
    #expect(nothing.diagnostics.contains("stm32f4-mixed, in-place"))
  }

  @Test("replays a trace, and refuses one that leads nowhere")
  func replay() async throws {
    let run = await ota(Self.small + ["--trace", "3:prefix1,2:unstable0", "--json"])
    #expect(run.status == .done)
    #expect(try result(run).total.states >= 3)
    let nowhere = await ota(Self.small + ["--trace=3:done,999:done"])
    #expect(nowhere.status == .failed)
    #expect(nowhere.diagnostics.contains("no operation 999"))
  }

  @Test(
    "refuses what it does not know, and names what it does",
    arguments: [
      (["--geometry", "z80"], "nrf52840"), (["--strategy", "xor"], "swap-with-scratch"),
      (["--write-size", "3"], "16, 32 or all"), (["--depth", "9"], "from 1 to 4"),
      (["--scenario", "lunch"], "healthy-update"), (["--trace", "x"], "3:prefix1"),
      (["--trace", "3:done"], "--geometry is missing"), (["--seed", "-"], "whole number"),
      (["--scenario", "partition-table", "--strategy", "direct"], "for updates"),
    ])
  func usage(_ arguments: [String], _ expected: String) async {
    let run = await ota(["simulate", "power-loss"] + arguments)
    #expect(run.status == .usage)
    #expect(run.diagnostics.contains(expected), "\(run.diagnostics)")
    #expect(run.output.isEmpty)
  }
}
