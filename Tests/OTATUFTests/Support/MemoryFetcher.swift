import OTACore
import OTATUF
import Synchronization

/// A server in memory that remembers what it was asked for.
final class MemoryFetcher: TUFFetcher {
  private struct State {
    var files: [String: [UInt8]] = [:]
    var requests: [String] = []
    var endless: Set<String> = []
    var failing: [String: TransportError] = [:]
  }

  private let state = Mutex(State())

  subscript(path: String) -> [UInt8]? {
    get { state.withLock { $0.files[path] } }
    set { state.withLock { $0.files[path] = newValue } }
  }

  /// The paths of all requests since the last call.
  func takeRequests() -> [String] {
    state.withLock { state in
      defer { state.requests = [] }
      return state.requests
    }
  }

  /// Answers with bytes without an end from now on.
  func makeEndless(_ path: String) {
    state.withLock { _ = $0.endless.insert(path) }
  }

  /// Answers with an error from now on, or as before again.
  func fail(_ path: String, with error: TransportError?) {
    state.withLock { $0.failing[path] = error }
  }

  func open(_ path: String) async throws(TUFFetchError) -> any TransportStream {
    let answer = state.withLock { state -> Result<MemoryStream, TUFFetchError> in
      state.requests.append(path)
      if let error = state.failing[path] { return .failure(.failed(error)) }
      if state.endless.contains(path) { return .success(MemoryStream(nil)) }
      guard let bytes = state.files[path] else { return .failure(.notFound) }
      return .success(MemoryStream(bytes))
    }
    return try answer.get()
  }
}

/// Bytes in pieces of odd lengths, or without an end.
final class MemoryStream: TransportStream {
  private let rest: Mutex<[UInt8]?>

  init(_ bytes: [UInt8]?) {
    rest = Mutex(bytes)
  }

  var totalSize: UInt64? { nil }

  func next(limit: Int) async throws(TransportError) -> [UInt8]? {
    rest.withLock { rest in
      guard let bytes = rest else { return [UInt8](repeating: 0x20, count: min(limit, 777)) }
      guard !bytes.isEmpty else { return nil }
      let piece = Array(bytes.prefix(min(limit, 777)))
      rest = Array(bytes.dropFirst(piece.count))
      return piece
    }
  }

  func cancel() {}
}
