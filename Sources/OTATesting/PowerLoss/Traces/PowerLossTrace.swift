public import OTAFlashSimulator

/// The losses of power that lead to a state, in order.
///
/// Its text, ``description``, can be written down and read back: cuts with commas between, each the number of the
/// operation since the last start, a colon and the outcome, as `3:prefix1,12:unstable0`. A slash before the operation
/// tells how the state before it read, if it may read in several ways and it was not the first that was tried:
/// `3:unstable0,2/12:done`.
public struct PowerLossTrace: Equatable, Sendable, CustomStringConvertible {
  /// One loss of power.
  public struct Cut: Equatable, Sendable, CustomStringConvertible {
    /// The number of the operation since the last start, from 0.
    public var operation: Int
    /// What it left.
    public var outcome: TornOutcome
    /// Which of the starts from the state before this is: unstable bits read differently in each.
    public var start: Int
    /// What the operation was; `nil` in a trace that was read from text.
    public var interrupted: SimulatedFlash.Operation?

    /// Makes a cut from its parts.
    public init(
      operation: Int, outcome: TornOutcome, start: Int = 0, interrupted: SimulatedFlash.Operation? = nil
    ) {
      self.operation = operation
      self.outcome = outcome
      self.start = start
      self.interrupted = interrupted
    }

    /// For people: `write 0x800..<0x8d4 (operation 3), prefix1`.
    public var description: String {
      guard let interrupted else { return "operation \(operation), \(outcome.text)" }
      let start = String(interrupted.range.lowerBound, radix: 16)
      let end = String(interrupted.range.upperBound, radix: 16)
      return "\(interrupted.kind) 0x\(start)..<0x\(end) (operation \(operation)), \(outcome.text)"
    }
  }

  /// The cuts, the first one first.
  public var cuts: [Cut]

  /// Takes the cuts.
  public init(_ cuts: [Cut] = []) {
    self.cuts = cuts
  }

  /// Reads a trace.
  ///
  /// - Parameter text: as ``description`` gives it; nothing is the trace without a cut.
  /// - Throws: ``PowerLossTraceError/malformed(_:)`` with the first part that is no cut.
  public init(text: String) throws(PowerLossTraceError) {
    var cuts: [Cut] = []
    if !text.isEmpty {
      for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        guard let cut = Cut(text: part) else { throw .malformed(String(part)) }
        cuts.append(cut)
      }
    }
    self.cuts = cuts
  }

  /// How many cuts there are.
  public var count: Int { cuts.count }

  /// The short form: `3:prefix1,12:unstable0`.
  public var description: String { cuts.map(\.text).joined(separator: ",") }

  func adding(_ cut: Cut) -> PowerLossTrace { PowerLossTrace(cuts + [cut]) }
}

/// Why a trace leads nowhere.
public enum PowerLossTraceError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A part of the text is no cut.
  case malformed(String)
  /// The scenario has no operation with this number after the cuts before it.
  case noSuchOperation(Int, of: Int)

  /// For people.
  public var description: String {
    switch self {
    case .malformed(let part): "'\(part)' is no cut; one looks like 3:prefix1"
    case .noSuchOperation(let number, let count):
      "there is no operation \(number) after the cuts before it, only \(count)"
    }
  }
}

extension PowerLossTrace.Cut {
  var text: String { (start == 0 ? "" : "\(start)/") + "\(operation):\(outcome.text)" }

  init?(text: Substring) {
    let halves = text.split(separator: ":", omittingEmptySubsequences: false)
    guard halves.count == 2, let outcome = TornOutcome(text: halves[1]) else { return nil }
    let numbers = halves[0].split(separator: "/", omittingEmptySubsequences: false)
    guard numbers.count == 1 || numbers.count == 2 else { return nil }
    var values: [Int] = []
    for number in numbers {
      guard let value = Int(number), number.allSatisfy(\.isNumber) else { return nil }
      values.append(value)
    }
    self.init(operation: values[values.count - 1], outcome: outcome, start: values.count == 2 ? values[0] : 0)
  }
}
