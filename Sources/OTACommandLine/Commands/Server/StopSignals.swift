import Dispatch
import Glibc

/// Waits for the signals that ask a program to end: `SIGINT` and `SIGTERM`.
///
/// From the moment that a value is made, they do not end the process. After the first one they do again, so that a
/// second one ends a program whose graceful stop hangs.
struct StopSignals {
  private static let signals = [SIGINT, SIGTERM]

  private let arrivals: AsyncStream<Int32>
  private let sources: [any DispatchSourceSignal]

  init() {
    let (arrivals, continuation) = AsyncStream.makeStream(of: Int32.self)
    self.arrivals = arrivals
    sources = Self.signals.map { number in
      // The source only sees what the process does not act on by itself.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { continuation.yield(number) }
      source.resume()
      return source
    }
  }

  /// Waits for the first of them, or for the end of the task.
  ///
  /// - Returns: which one it was, or `nil` if the task was cancelled.
  func wait() async -> Int32? {
    var first: Int32?
    for await number in arrivals {
      first = number
      break
    }
    for source in sources { source.cancel() }
    for number in Self.signals { signal(number, SIG_DFL) }
    return first
  }
}
