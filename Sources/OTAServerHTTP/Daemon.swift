import CMicroHTTPD
import COTAMicroHTTPDShims
import Foundation
import OTAServer
import Synchronization

/// The running libmicrohttpd daemon, and the order in which it is taken down.
///
/// The library must not be stopped while a connection is set aside, and a connection must not be touched after the
/// library was stopped. Both follow from one count, `running`: a request is counted before its connection is set
/// aside, and until it was taken up again.
final class Daemon: Sendable {
  private struct State {
    /// The address of the library's object, until it was stopped.
    var daemon: UInt?
    var isStopping = false
    /// Requests whose handler runs.
    var running: [ObjectIdentifier: RequestContext] = [:]
    /// Requests that were begun and not yet answered in full.
    var open = 0
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  let configuration: HTTPServer.Configuration
  let handler: HTTPServer.Handler
  let port: UInt16
  private let state = Mutex(State())

  init(
    _ configuration: HTTPServer.Configuration, handler: @escaping HTTPServer.Handler
  ) throws(HTTPServerError) {
    var bound: UInt16 = 0
    var failure: Int32 = 0
    let socket = unsafe ota_mhd_listen(configuration.host, configuration.port, &bound, &failure)
    guard socket >= 0 else { throw Daemon.error(failure, configuration) }
    self.configuration = configuration
    self.handler = handler
    self.port = bound

    let limits = ota_mhd_limits(
      threads: UInt32(clamping: configuration.threads),
      connections: UInt32(clamping: configuration.connectionLimit),
      idle_seconds: UInt32(clamping: configuration.idleSeconds),
      connection_memory: configuration.connectionMemory)
    // The library keeps this object alive until it was stopped.
    let context = unsafe Unmanaged.passRetained(self)
    let callbacks = unsafe ota_mhd_callbacks(
      context: context.toOpaque(), handle: handleRequest, completed: completeRequest, target: beginRequest)
    guard let daemon = unsafe ota_mhd_start(socket, limits, callbacks) else {
      unsafe context.release()
      throw .notStarted(status: errno)
    }
    let address = UInt(bitPattern: daemon)
    state.withLock { $0.daemon = address }
  }

  private static func error(
    _ status: Int32, _ configuration: HTTPServer.Configuration
  ) -> HTTPServerError {
    switch status {
    case EADDRINUSE: .addressInUse(host: configuration.host, port: configuration.port)
    case 0, EADDRNOTAVAIL, EAFNOSUPPORT: .addressNotAvailable(host: configuration.host)
    case EACCES, EPERM: .notPermitted(port: configuration.port)
    default: .notStarted(status: status)
    }
  }

  // MARK: requests

  /// Counts a request whose target has arrived.
  func opened() {
    state.withLock { $0.open += 1 }
  }

  /// Counts the end of a request, answered or cut.
  func closed() {
    state.withLock { $0.open -= 1 }
  }

  /// How many requests were begun and not yet answered in full.
  var openRequests: Int { state.withLock { $0.open } }

  /// Whether no more requests are taken.
  var isStopping: Bool { state.withLock { $0.isStopping } }

  /// Counts a request that is about to run, unless the server is stopping.
  func admit(_ request: RequestContext) -> Bool {
    state.withLock { state in
      guard !state.isStopping else { return false }
      state.running[ObjectIdentifier(request)] = request
      return true
    }
  }

  /// The request's connection has been taken up again: the library may be stopped as far as it is concerned.
  func ran(_ request: RequestContext) {
    state.withLock { $0.running[ObjectIdentifier(request)] = nil }
  }

  // MARK: stopping

  /// Begins to stop, once; a thread of its own waits for the rest.
  func beginStop(gracePeriod: Duration) {
    let isFirst = state.withLock { state in
      let isFirst = !state.isStopping
      state.isStopping = true
      return isFirst
    }
    guard isFirst else { return }
    // Stopping joins the library's threads, and that blocks: not on the cooperative pool.
    let thread = Thread { self.stop(gracePeriod: gracePeriod) }
    thread.name = "ota-http-stop"
    thread.start()
  }

  /// Returns when the library was stopped.
  func waitUntilStopped() async {
    await withCheckedContinuation { continuation in
      let isStopped = state.withLock { state in
        guard state.daemon != nil else { return true }
        state.waiters.append(continuation)
        return false
      }
      if isStopped { continuation.resume() }
    }
  }

  private func stop(gracePeriod: Duration) {
    let pollInterval = 0.005
    guard let address = state.withLock({ $0.daemon }), let daemon = unsafe OpaquePointer(bitPattern: address)
    else { return }
    let socket = unsafe MHD_quiesce_daemon(daemon)

    let deadline = ContinuousClock.now + gracePeriod
    while ContinuousClock.now < deadline, state.withLock({ $0.open > 0 }) {
      Thread.sleep(forTimeInterval: pollInterval)
    }
    for request in state.withLock({ Array($0.running.values) }) { request.cancel() }
    while state.withLock({ !$0.running.isEmpty }) { Thread.sleep(forTimeInterval: pollInterval) }

    unsafe MHD_stop_daemon(daemon)
    // Only now: a polling thread could have been using it still.
    if socket >= 0 { ota_mhd_close(socket) }
    let waiters = state.withLock { state in
      state.daemon = nil
      var waiters: [CheckedContinuation<Void, Never>] = []
      swap(&waiters, &state.waiters)
      return waiters
    }
    for waiter in waiters { waiter.resume() }
    unsafe Unmanaged.passUnretained(self).release()
  }
}

// Free functions: libmicrohttpd calls them on its own threads, where no closure of an actor may run.

private func beginRequest(
  _ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _ connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
  guard let context = unsafe context, let target = unsafe target else { return nil }
  let daemon = unsafe Unmanaged<Daemon>.fromOpaque(context).takeUnretainedValue()
  daemon.opened()
  let request = RequestContext(target: unsafe String(cString: target))
  return unsafe Unmanaged.passRetained(request).toOpaque()
}

private func handleRequest(
  _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ url: UnsafePointer<CChar>?,
  _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ body: UnsafePointer<CChar>?,
  _ bodyCount: UnsafeMutablePointer<Int>?, _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
  guard let context = unsafe context, let connection = unsafe connection, let method = unsafe method,
    let bodyCount = unsafe bodyCount, let state = unsafe state?.pointee
  else { return .NO }
  let daemon = unsafe Unmanaged<Daemon>.fromOpaque(context).takeUnretainedValue()
  let request = unsafe Unmanaged<RequestContext>.fromOpaque(state).takeUnretainedValue()
  let exchange = unsafe Exchange(
    daemon: daemon, request: request, connection: connection, method: String(cString: method))
  guard unsafe bodyCount.pointee > 0 else { return exchange.advance() }
  let bytes = unsafe UnsafeRawBufferPointer(start: body, count: bodyCount.pointee)
  unsafe bodyCount.pointee = 0
  return unsafe exchange.receive(bytes)
}

private func completeRequest(
  _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
  _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ reason: MHD_RequestTerminationCode
) {
  guard let context = unsafe context, let request = unsafe state?.pointee else { return }
  unsafe state?.pointee = nil
  unsafe Unmanaged<RequestContext>.fromOpaque(request).release()
  unsafe Unmanaged<Daemon>.fromOpaque(context).takeUnretainedValue().closed()
}
