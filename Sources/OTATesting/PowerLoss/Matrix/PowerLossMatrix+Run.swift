import Synchronization

/// What a case of ``PowerLossMatrix`` has given.
public struct PowerLossResult: Sendable {
  /// What was run.
  public let powerLossCase: PowerLossCase
  /// Counts and violations.
  public let report: PowerLossReport

  /// Takes both.
  public init(_ powerLossCase: PowerLossCase, _ report: PowerLossReport) {
    self.powerLossCase = powerLossCase
    self.report = report
  }
}

extension PowerLossMatrix {
  /// Runs all cases, several at a time.
  ///
  /// - Parameters:
  ///   - checker: how deep, and from which seed; what it says of what may change does not count.
  ///   - workers: how many at a time; at least 1.
  ///   - onProgress: is told how many are done, after each.
  /// - Returns: the results in the order of ``cases``, whatever the number of workers.
  /// - Throws: ``PowerLossFailure`` of the first case that cannot be made.
  public func run(
    with checker: PowerLossChecker, workers: Int, onProgress: @escaping @Sendable (Int) -> Void
  ) async throws(PowerLossFailure) -> [PowerLossResult] {
    let queue = WorkQueue(count: cases.count)
    let cases = cases
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<max(1, workers) {
        group.addTask {
          while let index = queue.next() {
            var result: Result<PowerLossReport, PowerLossFailure>
            do throws(PowerLossFailure) {
              result = .success(try cases[index].check(with: checker))
            } catch {
              result = .failure(error)
            }
            onProgress(queue.finish(index, with: result))
          }
        }
      }
    }
    var results: [PowerLossResult] = []
    for (index, result) in queue.results.enumerated() {
      guard let result else { continue }
      results.append(PowerLossResult(cases[index], try result.get()))
    }
    return results
  }
}

/// Hands out numbers, and keeps what became of them.
private final class WorkQueue: Sendable {
  private struct State: Sendable {
    var next = 0
    var done = 0
    var results: [Result<PowerLossReport, PowerLossFailure>?]
  }

  private let state: Mutex<State>

  init(count: Int) {
    state = Mutex(State(results: Array(repeating: nil, count: count)))
  }

  func next() -> Int? {
    state.withLock { state in
      guard state.next < state.results.count else { return nil }
      state.next += 1
      return state.next - 1
    }
  }

  /// - Returns: how many are done.
  func finish(_ index: Int, with result: Result<PowerLossReport, PowerLossFailure>) -> Int {
    state.withLock { state in
      state.results[index] = result
      state.done += 1
      return state.done
    }
  }

  var results: [Result<PowerLossReport, PowerLossFailure>?] { state.withLock { $0.results } }
}
