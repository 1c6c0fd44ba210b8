public import OTACore
public import OTAServer

/// A small HTTP/1.1 server over libmicrohttpd, for a handler that makes a response from a request.
///
/// Connections are served by polling threads of the server's own. The handler runs as a task; while it works, its
/// connection is set aside and no thread waits for it. Files go to the socket without passing through this process.
/// Dropping the server stops it like ``stop(gracePeriod:)`` without grace, but without waiting for that.
public final class HTTPServer: Sendable {
  /// What answers requests; may be called many times at once.
  ///
  /// It must end soon after its task is cancelled.
  public typealias Handler = @Sendable (ServerRequest) async -> ServerResponse

  /// Where the server listens, and what it bears.
  public struct Configuration: Equatable, Sendable {
    /// The address or name to listen on.
    public var host: String
    /// The port to listen on; 0 is any that is free.
    public var port: UInt16
    /// How many polling threads there are.
    public var threads: Int
    /// The largest body of a request, in bytes; what is larger is answered with 413 and not kept.
    public var bodyLimit: Int
    /// How many connections may be open at once; more are closed at once.
    public var connectionLimit: Int
    /// The memory for the head of a request and for buffers, in bytes a connection.
    public var connectionMemory: Int
    /// After how many seconds without a byte a connection is closed.
    public var idleSeconds: Int

    /// Makes a configuration.
    public init(
      host: String = "127.0.0.1", port: UInt16 = 0, threads: Int = 2, bodyLimit: Int = 64 << 10,
      connectionLimit: Int = 1024, connectionMemory: Int = 32 << 10, idleSeconds: Int = 30
    ) {
      self.host = host
      self.port = port
      self.threads = threads
      self.bodyLimit = bodyLimit
      self.connectionLimit = connectionLimit
      self.connectionMemory = connectionMemory
      self.idleSeconds = idleSeconds
    }
  }

  /// The port that the server listens on.
  public let port: UInt16
  private let daemon: Daemon

  /// Starts a server; it answers as soon as this returns.
  ///
  /// - Parameters:
  ///   - configuration: where it listens, and what it bears.
  ///   - handler: what answers.
  /// - Throws: ``HTTPServerError/addressInUse(host:port:)``, ``HTTPServerError/addressNotAvailable(host:)``,
  ///   ``HTTPServerError/notPermitted(port:)`` or ``HTTPServerError/notStarted(status:)``.
  /// - Precondition: numbers of the configuration are above zero, but for the port.
  public init(
    _ configuration: Configuration = Configuration(), handler: @escaping Handler
  ) throws(HTTPServerError) {
    precondition(
      configuration.threads > 0 && configuration.bodyLimit > 0 && configuration.connectionLimit > 0
        && configuration.connectionMemory > 0 && configuration.idleSeconds > 0,
      "a server that bears nothing answers nothing")
    daemon = try Daemon(configuration, handler: handler)
    port = daemon.port
  }

  deinit {
    daemon.beginStop(gracePeriod: .zero)
  }

  /// How many requests were begun and not yet answered in full; also those whose header is still arriving.
  var openRequests: Int { daemon.openRequests }

  /// Stops listening at once, lets running requests end, and closes all connections.
  ///
  /// Requests that come on open connections meanwhile are answered with 503. May be called more than once; each call
  /// returns when the server has stopped.
  ///
  /// - Parameter gracePeriod: after this time the tasks of running handlers are cancelled, and answers that are still
  ///   being sent are cut.
  public func stop(gracePeriod: Duration = .seconds(5)) async {
    daemon.beginStop(gracePeriod: gracePeriod)
    await daemon.waitUntilStopped()
  }
}

/// Why a server did not start.
public enum HTTPServerError: Error, Equatable, Sendable {
  /// Another program listens on the port.
  case addressInUse(host: String, port: UInt16)
  /// The host is no address of this machine.
  case addressNotAvailable(host: String)
  /// The port is reserved for other users.
  case notPermitted(port: UInt16)
  /// The system refused a socket or a thread, with this error number.
  case notStarted(status: Int32)

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .addressInUse: .addressInUse
    case .addressNotAvailable, .notPermitted, .notStarted: .invalidValue
    }
  }
}

extension HTTPServerError: CustomStringConvertible {
  /// One line that says what happened, and what to do.
  public var description: String {
    switch self {
    case .addressInUse(let host, let port):
      "another program listens on \(host):\(port); end it, or choose another port"
    case .addressNotAvailable(let host): "\(host) is no address of this machine; choose another"
    case .notPermitted(let port): "port \(port) is reserved; choose one above 1023"
    case .notStarted(let status): "the system did not let the server start (error \(status))"
    }
  }
}
