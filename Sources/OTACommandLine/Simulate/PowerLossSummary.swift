import OTAFlashSimulator
import OTAPartition
import OTATesting

/// What `ota simulate power-loss` shows.
struct PowerLossSummary: Sendable {
  let results: [PowerLossResult]
  let matrix: PowerLossMatrix
  let seed: UInt64
  let depth: Int
  let walks: Int
  let isReplay: Bool

  var violationCount: Int { results.reduce(0) { $0 + $1.report.violationCount } }

  // MARK: JSON

  /// The stable form for machines.
  struct Document: Encodable {
    struct Counts: Encodable {
      var cases = 0
      var operations = 0
      /// Sequences of one cut, of two, and so on.
      var cuts: [Int] = []
      var walkedCuts = 0
      var states = 0
      var pruned = 0
      var violations = 0
    }

    struct Row: Encodable {
      var geometry: String
      var strategy: String?
      var scenario: String
      var writeSizes: [UInt32]
      var counts: Counts
    }

    struct Impossible: Encodable {
      var geometry: String
      var strategy: String
      var reason: String
    }

    struct Violation: Encodable {
      var problem: String
      var trace: String
      var command: String
    }

    var seed: UInt64
    var depth: Int
    var walks: Int
    var rows: [Row]
    var notPossible: [Impossible]
    var total: Counts
    var violations: [Violation]
  }

  var document: Document {
    Document(
      seed: seed, depth: depth, walks: walks, rows: rows,
      notPossible: matrix.impossible.map {
        Document.Impossible(geometry: $0.part, strategy: $0.way, reason: $0.text)
      }, total: total, violations: violations)
  }

  /// One for each part, way and scenario, over all units of writing, in the order of the matrix.
  private var rows: [Document.Row] {
    var rows: [Document.Row] = []
    for result in results {
      let one = result.powerLossCase
      let index = rows.firstIndex {
        $0.geometry == one.part.name && $0.strategy == one.strategy?.name
          && $0.scenario == one.subject.rawValue
      }
      if let index {
        rows[index].writeSizes.append(one.writeSize)
        rows[index].counts.add(result.report)
      } else {
        var row = Document.Row(
          geometry: one.part.name, strategy: one.strategy?.name, scenario: one.subject.rawValue,
          writeSizes: [one.writeSize], counts: Document.Counts())
        row.counts.add(result.report)
        rows.append(row)
      }
    }
    return rows
  }

  private var total: Document.Counts {
    var total = Document.Counts()
    for result in results { total.add(result.report) }
    return total
  }

  private var violations: [Document.Violation] {
    results.flatMap { result in
      result.report.violations.map { violation in
        Document.Violation(
          problem: violation.description, trace: "\(violation.trace)",
          command: command(for: result.powerLossCase, violation.trace))
      }
    }
  }

  /// What repeats a violation.
  private func command(for one: PowerLossCase, _ trace: PowerLossTrace) -> String {
    let strategy = one.strategy.map { " --strategy \($0.name)" } ?? ""
    return "ota simulate power-loss --geometry \(one.part.name) --scenario \(one.subject.rawValue)\(strategy)"
      + " --write-size \(one.writeSize) --seed \(seed) --trace=\(trace)"
  }

  // MARK: Text

  var lines: [String] {
    var table = [["geometry", "strategy", "scenario", "units", "operations"] + cutNames + Self.lastColumns]
    for row in rows {
      let units = row.writeSizes.map { "\($0)" }.joined(separator: " ")
      table.append([row.geometry, row.strategy ?? "-", row.scenario, units] + cells(of: row.counts))
    }
    table.append(["total", "", "", ""] + cells(of: total))
    var lines = aligned(table)
    if !matrix.impossible.isEmpty { lines.append("") }
    for one in matrix.impossible {
      lines.append("not possible: \(one.part), \(one.way): \(one.text)")
    }
    lines.append("")
    // The shortest first: it says most.
    for violation in violations.sorted(by: { $0.trace.count < $1.trace.count }).prefix(3) {
      lines += ["violation: \(violation.problem)", "repeat it with: \(violation.command)", ""]
    }
    lines.append(conclusion)
    return lines
  }

  private var conclusion: String {
    let what =
      isReplay
      ? "\(depth) cuts were repeated"
      : "every operation was interrupted in every way, \(depth == 1 ? "once" : "\(depth) times in a row")"
        + (walks > 0 ? ", and \(walks) times for each case at random, 6 times in a row" : "")
    return
      "\(grouped(results.count)) cases, \(what), seed \(seed): \(grouped(total.states)) states, "
      + "\(grouped(violationCount)) violations"
  }

  private static let lastColumns = ["random cuts", "states", "pruned", "violations"]

  private var cutNames: [String] {
    (0..<(results.map { $0.report.cuts.count }.max() ?? 0)).map { index in
      switch index {
      case 0: "cuts"
      case 1: "double cuts"
      default: "\(index + 1) cuts"
      }
    }
  }

  private func cells(of counts: Document.Counts) -> [String] {
    let cuts = cutNames.indices.map { counts.cuts.indices.contains($0) ? counts.cuts[$0] : 0 }
    return
      ([counts.operations] + cuts + [counts.walkedCuts, counts.states, counts.pruned, counts.violations])
      .map(grouped)
  }

  /// Columns of equal width: words to the left, numbers to the right.
  private func aligned(_ table: [[String]]) -> [String] {
    let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
    return table.map { row in
      var cells: [String] = []
      for (column, cell) in row.enumerated() {
        let space = String(repeating: " ", count: widths[column] - cell.count)
        cells.append(column < 4 ? cell + space : space + cell)
      }
      return cells.joined(separator: "  ")
    }
  }
}

extension PowerLossSummary.Document.Counts {
  fileprivate mutating func add(_ report: PowerLossReport) {
    cases += 1
    operations += report.operations
    while cuts.count < report.cuts.count { cuts.append(0) }
    for (index, count) in report.cuts.enumerated() { cuts[index] += count }
    walkedCuts += report.walkedCuts
    states += report.states
    pruned += report.pruned
    violations += report.violationCount
  }
}

extension PowerLossMatrix.Impossible {
  /// How the image was to get where it runs.
  var way: String { strategy?.name ?? "in-place" }

  /// Why, for people.
  var text: String { reason == .unequalBlocks ? "blocks of different sizes" : "\(reason)" }
}
