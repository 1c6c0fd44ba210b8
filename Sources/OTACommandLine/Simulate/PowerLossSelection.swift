import OTAFlashSimulator
import OTAPartition
import OTATesting

/// Which cases of the matrix are meant.
struct PowerLossSelection: Sendable {
  private var part: String?
  private var subject: PowerLossCase.Subject?
  /// Whether healthy and unhealthy images take turns.
  private var takesTurns: Bool
  private var strategy: ActivationStrategy.Kind?
  /// `nil` is one for each part and way.
  private var writeSizes: [UInt32]?

  init(_ arguments: inout ArgumentCursor) throws(UsageError) {
    part = try PowerLossSelection.choice("--geometry", among: Geometries.parts.map(\.name), &arguments) { $0 }
    let scenario = try PowerLossSelection.choice(
      "--scenario", among: PowerLossCase.Subject.allCases.map(\.rawValue) + ["in-turn"], &arguments
    ) { $0 }
    subject = scenario.flatMap { PowerLossCase.Subject(rawValue: $0) }
    takesTurns = scenario == "in-turn"
    strategy = try PowerLossSelection.choice(
      "--strategy", among: ActivationStrategy.Kind.allCases.map(\.name), &arguments
    ) { name in ActivationStrategy.Kind.allCases.first { $0.name == name } }
    let all = PowerLossMatrix.writeSizes
    writeSizes = try PowerLossSelection.choice(
      "--write-size", among: all.map { "\($0)" } + ["all"], &arguments
    ) { text in text == "all" ? all : UInt32(text).map { [$0] } }
    if let subject, !subject.hasStrategy, let strategy {
      throw .invalidValue(
        name: "--strategy", value: strategy.name, expected: "for updates, not for \(subject.rawValue)")
    }
  }

  /// Takes an option that is one of several words.
  private static func choice<Value>(
    _ name: String, among names: [String], _ arguments: inout ArgumentCursor, value: (String) -> Value?
  ) throws(UsageError) -> Value? {
    guard let text = try arguments.option(name) else { return nil }
    guard names.contains(text), let value = value(text) else {
      throw .invalidValue(
        name: name, value: text,
        expected: names.dropLast().joined(separator: ", ") + " or " + (names.last ?? ""))
    }
    return value
  }

  /// The first option that is missing for one case alone.
  var missingForTrace: String? {
    if part == nil { return "--geometry" }
    guard let subject else { return "--scenario" }
    if subject.hasStrategy, strategy == nil { return "--strategy" }
    return writeSizes?.count == 1 ? nil : "--write-size"
  }

  func matrix() throws(CommandFailure) -> PowerLossMatrix {
    do throws(LayoutError) {
      return try PowerLossMatrix(
        parts: part.map { [$0] }, subjects: subject.map { [$0] }, strategies: strategy.map { [$0] },
        writeSizes: writeSizes, takesTurns: takesTurns)
    } catch {
      throw CommandFailure(
        "simulation", why: "a part has no such layout: \(error)", remedy: "please report this as a defect")
    }
  }
}
