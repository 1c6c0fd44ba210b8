import OTAServer
import Synchronization

/// What is known of one request, between the calls that the library makes for it.
final class RequestContext: Sendable {
  /// How far the request has come.
  enum Phase: Sendable {
    /// Nothing of it was looked at but the target.
    case begun
    /// The body is arriving.
    case receiving
    /// The handler runs.
    case running
    /// The handler has answered.
    case answered(ServerResponse)
  }

  private struct State {
    var phase = Phase.begun
    var body: [UInt8] = []
    var received = 0
    var task: Task<Void, Never>?
    var isCancelled = false
  }

  /// The target as it was sent.
  let target: String
  private let state = Mutex(State())

  init(target: String) {
    self.target = target
  }

  var phase: Phase {
    get { state.withLock { $0.phase } }
    set { state.withLock { $0.phase = newValue } }
  }

  /// How many bytes of the body have arrived, kept or not.
  var received: Int { state.withLock { $0.received } }

  /// Takes bytes of the body; none are kept once they are more than `limit`.
  func receive(_ bytes: some Collection<UInt8>, limit: Int) {
    state.withLock { state in
      state.received += bytes.count
      if state.received <= limit {
        state.body.append(contentsOf: bytes)
      } else {
        state.body = []
      }
    }
  }

  /// The body, which is given away.
  func takeBody() -> [UInt8] {
    state.withLock { state in
      var body: [UInt8] = []
      swap(&body, &state.body)
      return body
    }
  }

  /// Remembers the handler's task, to be cancelled when the server stops.
  func setTask(_ task: Task<Void, Never>) {
    let isCancelled = state.withLock { state in
      state.task = task
      return state.isCancelled
    }
    if isCancelled { task.cancel() }
  }

  /// Cancels the handler's task.
  func cancel() {
    let task = state.withLock { state in
      state.isCancelled = true
      return state.task
    }
    task?.cancel()
  }
}
