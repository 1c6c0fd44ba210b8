import OTACore
import Synchronization

/// One request and its response: the place where the network thread and the reader meet.
///
/// The network thread feeds it; one reader at a time waits on it.
final class Transfer: Sendable {
  /// What the transfer is for.
  enum Purpose: Sendable {
    /// The whole body, at most so many bytes.
    case exchange(TransportRequest, limit: Int)
    /// The body as it arrives.
    case download(from: UInt64)
  }

  /// How a transfer ended.
  enum Ending: Equatable, Sendable {
    case complete
    case failed(TransportError)
    case cancelled
  }

  /// What the network thread shall do with bytes that it offered.
  enum Reception: Sendable {
    case taken
    /// Offer the same bytes again after the transfer was resumed.
    case pause
    case abort
  }

  private enum Condition {
    case head, bytes, end
  }

  private struct State {
    var head = ResponseHead()
    var expected: ExpectedBody?
    /// Bytes that arrived and were not read yet: those from `consumed` on.
    var buffer: [UInt8] = []
    var consumed = 0
    var received: UInt64 = 0
    var isPaused = false
    var ending: Ending?
    var waiter: (condition: Condition, continuation: CheckedContinuation<Void, Never>)?

    var unread: Int { buffer.count - consumed }

    func meets(_ condition: Condition) -> Bool {
      switch condition {
      case .head: expected != nil || ending != nil
      case .bytes: unread > 0 || ending != nil
      case .end: ending != nil
      }
    }
  }

  let url: String
  let purpose: Purpose
  let configuration: HTTPTransport.Configuration
  private let state = Mutex(State())

  init(url: String, purpose: Purpose, configuration: HTTPTransport.Configuration) {
    self.url = url
    self.purpose = purpose
    self.configuration = configuration
  }

  // MARK: the network thread's side

  /// Takes a line of the response's head.
  ///
  /// - Returns: whether the transfer goes on.
  func receive(line: some Collection<UInt8>) -> Bool {
    update { state in
      guard state.ending == nil else { return false }
      do throws(TransportError) {
        try state.head.add(line: line)
        guard state.head.isComplete, state.expected == nil else { return true }
        switch purpose {
        case .exchange(_, let limit):
          if let length = state.head.contentLength, length > UInt64(limit) { throw .responseTooLarge }
        case .download(let offset):
          state.expected = try ExpectedBody(state.head, from: offset)
        }
        return true
      } catch {
        state.ending = .failed(error)
        return false
      }
    }
  }

  /// Takes bytes of the body: all of them or none.
  func receive(body bytes: some Collection<UInt8>) -> Reception {
    update { state in
      guard state.ending == nil else { return .abort }
      switch purpose {
      case .exchange(_, let limit):
        guard bytes.count <= limit - state.buffer.count else {
          state.ending = .failed(.responseTooLarge)
          return .abort
        }
      case .download:
        guard let expected = state.expected else {
          state.ending = .failed(.malformed)
          return .abort
        }
        if let count = expected.count, UInt64(bytes.count) > count - state.received {
          state.ending = .failed(.malformed)
          return .abort
        }
        if state.unread > 0, state.unread + bytes.count > configuration.bufferSize {
          state.isPaused = true
          return .pause
        }
      }
      state.buffer.append(contentsOf: bytes)
      state.received += UInt64(bytes.count)
      return .taken
    }
  }

  /// The network has nothing more; `error` says why, unless the response is whole.
  func finish(_ error: TransportError?) {
    update { state in
      guard state.ending == nil else { return }
      if let error {
        state.ending = .failed(error)
      } else if !state.head.isComplete {
        state.ending = .failed(.malformed)
      } else if let count = state.expected?.count, state.received != count {
        state.ending = .failed(.interrupted)
      } else {
        state.ending = .complete
      }
    }
  }

  // MARK: the reader's side

  /// Ends the transfer from the reader's side, and drops what was not read.
  ///
  /// A transfer that has ended by itself keeps its bytes and its ending, unless the reader wants no more: a reader must
  /// never take the end of a shortened buffer for the end of the resource.
  func end(_ ending: Ending) {
    update { state in
      guard state.ending == nil || ending == .cancelled else { return }
      state.ending = ending
      state.buffer = []
      state.consumed = 0
    }
  }

  /// The length of the whole resource, if the server said so.
  var totalSize: UInt64? { state.withLock { $0.expected?.totalSize } }

  /// Waits for the end, and returns the whole response.
  func response(on loop: TransferLoop) async throws(TransportError) -> TransportResponse {
    await wait(for: .end, on: loop)
    let result: Result<TransportResponse, TransportError> = state.withLock { state in
      switch state.ending {
      case .failed(let error): .failure(error)
      case .complete: .success(TransportResponse(status: state.head.status, body: state.buffer))
      case .cancelled, nil: .failure(.interrupted)
      }
    }
    return try result.get()
  }

  /// Waits until the head is there and was accepted.
  func head(on loop: TransferLoop) async throws(TransportError) {
    await wait(for: .head, on: loop)
    let (isAccepted, ending) = state.withLock { ($0.expected != nil, $0.ending) }
    // What went wrong behind an accepted head is for the reader of the body: there may be bytes before it.
    if !isAccepted, case .failed(let error) = ending { throw error }
  }

  /// Waits for bytes, and takes up to `limit` of them; `nil` at the end of the body, and if the reader cancelled.
  func bytes(limit: Int, on loop: TransferLoop) async throws(TransportError) -> [UInt8]? {
    await wait(for: .bytes, on: loop)
    let (result, isToResume) = take(limit)
    if isToResume { loop.resume(self) }
    return try result.get()
  }

  private func take(_ limit: Int) -> (Result<[UInt8]?, TransportError>, isToResume: Bool) {
    state.withLock { state in
      guard state.unread > 0 else {
        if case .failed(let error) = state.ending { return (.failure(error), false) }
        return (.success(nil), false)
      }
      let end = state.consumed + min(limit, state.unread)
      let bytes = Array(state.buffer[state.consumed..<end])
      state.consumed = end
      if state.unread == 0 {
        state.buffer.removeAll(keepingCapacity: true)
        state.consumed = 0
      }
      // Half empty is early enough to keep the line busy, and late enough not to wake the thread at every read.
      let isToResume = state.isPaused && state.unread <= configuration.bufferSize / 2
      if isToResume { state.isPaused = false }
      return (.success(bytes), isToResume)
    }
  }

  private func wait(for condition: Condition, on loop: TransferLoop) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isMet = state.withLock { state in
          if state.meets(condition) { return true }
          precondition(state.waiter == nil, "a stream has one reader at a time")
          state.waiter = (condition, continuation)
          return false
        }
        if isMet { continuation.resume() }
      }
    } onCancel: {
      end(.failed(.interrupted))
      loop.remove(self)
    }
  }

  /// Changes the state, and wakes the reader if what it waits for has come.
  private func update<Result: Sendable>(_ change: (inout State) -> Result) -> Result {
    let (result, continuation) = state.withLock { state in
      let result = change(&state)
      guard let waiter = state.waiter, state.meets(waiter.condition) else {
        return (result, CheckedContinuation<Void, Never>?.none)
      }
      state.waiter = nil
      return (result, waiter.continuation)
    }
    continuation?.resume()
    return result
  }
}
