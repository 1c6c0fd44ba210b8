public import OTACore

/// Talks to one HTTP server by libcurl.
///
/// Network work happens on one thread of the transport, never on a thread of the cooperative pool. Connections are
/// kept open and used again. Only `http` and `https` to the base address's host and port: redirects are not followed,
/// they are answers with a status of 3xx. Task cancellation ends a transfer with ``TransportError/interrupted``.
public struct HTTPTransport: Transport {
  /// How the transport behaves.
  public struct Configuration: Equatable, Sendable {
    /// How long making a connection may take, in milliseconds.
    public var connectTimeoutMilliseconds: UInt32
    /// How long an exchange of small documents may take in all, in milliseconds.
    public var exchangeTimeoutMilliseconds: UInt32
    /// After how many seconds below ``stallBytesPerSecond`` a transfer has timed out.
    public var stallSeconds: UInt32
    /// The speed below which a transfer counts as stalled; time in which the reader was slow does not count.
    public var stallBytesPerSecond: UInt32
    /// How many bytes are read ahead of the reader; then the server is made to wait.
    public var bufferSize: Int
    /// Whether `http_proxy` and its relatives in the environment are obeyed.
    ///
    /// Not by default: an agent's way to its server must not change with the shell that started it.
    public var usesEnvironmentProxy: Bool
    /// How servers prove who they are, and the device to them.
    public var tls: TLS

    /// Makes a configuration.
    public init(
      connectTimeoutMilliseconds: UInt32 = 10_000, exchangeTimeoutMilliseconds: UInt32 = 60_000,
      stallSeconds: UInt32 = 30, stallBytesPerSecond: UInt32 = 16, bufferSize: Int = 256 << 10,
      usesEnvironmentProxy: Bool = false, tls: TLS = TLS()
    ) {
      self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
      self.exchangeTimeoutMilliseconds = exchangeTimeoutMilliseconds
      self.stallSeconds = stallSeconds
      self.stallBytesPerSecond = stallBytesPerSecond
      self.bufferSize = bufferSize
      self.usesEnvironmentProxy = usesEnvironmentProxy
      self.tls = tls
    }
  }

  /// How `https` servers prove who they are, and the device to them; TLS 1.2 or later.
  ///
  /// There is no way to switch verification off.
  public struct TLS: Equatable, Sendable {
    /// A PEM file of the authorities that are trusted; the system's if `nil`.
    public var authorityFile: String?
    /// A PEM file of the device's certificate, if the server asks for one.
    public var certificateFile: String?
    /// A PEM file of the private key of the device's certificate.
    public var keyFile: String?

    /// Makes a configuration.
    public init(authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
      self.authorityFile = authorityFile
      self.certificateFile = certificateFile
      self.keyFile = keyFile
    }
  }

  private let base: BaseAddress
  private let configuration: Configuration
  private let loop: TransferLoop

  /// Makes a transport to a server; nothing is sent yet.
  ///
  /// - Parameters:
  ///   - base: the absolute `http` or `https` address that references are resolved against.
  ///   - configuration: how the transport behaves.
  /// - Throws: ``TransportError/malformed`` if the address is not one of these, or carries a user name.
  public init(base: String, configuration: Configuration = Configuration()) throws(TransportError) {
    self.base = try BaseAddress(base)
    self.configuration = configuration
    self.loop = TransferLoop()
  }

  /// Sends a small document and receives a small one.
  ///
  /// - Parameters:
  ///   - request: what to send.
  ///   - limit: the largest response body that is accepted, in bytes.
  /// - Returns: status and body.
  /// - Throws: ``TransportError/malformed`` if the reference leaves the server, before anything is sent;
  ///   ``TransportError/responseTooLarge`` as soon as it is known; or another ``TransportError``. A status other than
  ///   2xx is not an error.
  public func exchange(
    _ request: TransportRequest, limit: Int
  ) async throws(TransportError) -> TransportResponse {
    let transfer = Transfer(
      url: try base.resolve(request.reference), purpose: .exchange(request, limit: max(0, limit)),
      configuration: configuration)
    loop.start(transfer)
    return try await transfer.response(on: loop)
  }

  /// Opens a resource for reading in order, from a byte offset on.
  ///
  /// A body without a declared length that is ended by closing the connection cannot be told from a cut: the reader
  /// must know the length from elsewhere if ``TransportStream/totalSize`` is `nil`.
  ///
  /// - Parameters:
  ///   - reference: the resource, relative to the base address.
  ///   - offset: the first byte to read; 0 asks without a range.
  /// - Returns: the stream; dropping it ends the transfer.
  /// - Throws: ``TransportError/rangeIgnored`` if the server does not serve from `offset` to the end (also 416),
  ///   ``TransportError/status(_:)`` for anything but success, ``TransportError/malformed`` if the reference leaves the
  ///   server, or another ``TransportError``.
  public func open(
    _ reference: String, from offset: UInt64
  ) async throws(TransportError) -> any TransportStream {
    let transfer = Transfer(
      url: try base.resolve(reference), purpose: .download(from: offset), configuration: configuration)
    let stream = HTTPStream(transfer, on: loop)
    loop.start(transfer)
    try await stream.waitForHead()
    return stream
  }
}
