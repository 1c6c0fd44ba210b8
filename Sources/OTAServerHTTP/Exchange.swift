import CMicroHTTPD
import COTAMicroHTTPDShims
import Glibc
import OTACore
import OTAServer

/// One call of the library for one request: exists only as long as the call.
@safe struct Exchange {
  let daemon: Daemon
  let request: RequestContext
  let connection: OpaquePointer
  let method: String

  /// Up to this many bytes of a body that is too large are still read, and dropped.
  ///
  /// A client that is cut off while it sends would not see why. What is larger than this is cut off.
  private static let discardLimit = 1 << 20

  init(daemon: Daemon, request: RequestContext, connection: OpaquePointer, method: String) {
    self.daemon = daemon
    self.request = request
    unsafe self.connection = connection
    self.method = method
  }

  /// Takes bytes of the body.
  func receive(_ bytes: some Collection<UInt8>) -> MHD_Result {
    request.receive(bytes, limit: daemon.configuration.bodyLimit)
    return request.received > max(Exchange.discardLimit, daemon.configuration.bodyLimit) ? .NO : .YES
  }

  /// Goes on where there are no bytes of the body to take: at its begin, at its end, and when the handler has answered.
  func advance() -> MHD_Result {
    switch request.phase {
    case .begun:
      request.phase = .receiving
      let declared = header("Content-Length").flatMap { Int($0) } ?? 0
      let bearable = max(Exchange.discardLimit, daemon.configuration.bodyLimit)
      return declared > bearable ? send(Exchange.tooLarge) : .YES
    case .receiving:
      guard request.received <= daemon.configuration.bodyLimit else { return send(Exchange.tooLarge) }
      guard daemon.admit(request) else { return send(Exchange.stopping) }
      run()
      return .YES
    case .running:
      return .YES
    case .answered(let response):
      return send(response)
    }
  }

  /// Sets the connection aside and starts the handler.
  private func run() {
    request.phase = .running
    let daemon = daemon
    let request = request
    let asked = serverRequest()
    let address = unsafe UInt(bitPattern: connection)
    // Before the task starts: it may answer at once.
    unsafe MHD_suspend_connection(connection)
    let task = Task {
      let response = await daemon.handler(asked)
      request.phase = .answered(response)
      if let connection = unsafe OpaquePointer(bitPattern: address) {
        unsafe MHD_resume_connection(connection)
      }
      daemon.ran(request)
    }
    request.setTask(task)
  }

  // MARK: the request

  private func serverRequest() -> ServerRequest {
    let target = request.target.pathAndQuery
    return ServerRequest(
      method: method, path: String(target.path), query: target.query.map { String($0) }, headers: headers(),
      body: request.takeBody())
  }

  private func header(_ name: String) -> String? {
    unsafe MHD_lookup_connection_value(connection, .HEADER_KIND, name).map { unsafe String(cString: $0) }
  }

  private func headers() -> HeaderFields {
    var fields = HeaderFields()
    _ = unsafe withUnsafeMutablePointer(to: &fields) { pointer in
      unsafe MHD_get_connection_values(connection, .HEADER_KIND, collectField, pointer)
    }
    return fields
  }

  // MARK: the response

  private static let tooLarge = ServerResponse.error(
    status: 413, code: .requestTooLarge, message: "the body is larger than this server accepts")
  private static let stopping = ServerResponse.error(
    status: 503, code: .storeUnavailable, message: "the server is stopping")
  private static let broken = ServerResponse.error(
    status: 500, code: .storeUnavailable, message: "the server could not make its answer")

  private func send(_ response: ServerResponse) -> MHD_Result {
    if let made = unsafe make(response) { return unsafe queue(made, status: response.status) }
    guard let made = unsafe make(Exchange.broken) else { return .NO }
    return unsafe queue(made, status: Exchange.broken.status)
  }

  private func queue(_ response: OpaquePointer, status: Int) -> MHD_Result {
    defer { unsafe MHD_destroy_response(response) }
    return unsafe MHD_queue_response(connection, UInt32(clamping: status), response)
  }

  /// The response in the library's own form; `nil` if its file cannot be read or a field of it is not one.
  private func make(_ response: ServerResponse) -> OpaquePointer? {
    guard let made = unsafe make(response.body) else { return nil }
    for field in response.headers.fields {
      guard unsafe MHD_add_response_header(made, field.name, field.value) == .YES else {
        unsafe MHD_destroy_response(made)
        return nil
      }
    }
    if daemon.isStopping { unsafe MHD_add_response_header(made, "Connection", "close") }
    return unsafe made
  }

  private func make(_ body: ServerResponse.Body) -> OpaquePointer? {
    switch body {
    case .none: return unsafe make([])
    case .bytes(let bytes): return unsafe make(bytes)
    case .file(let path, let range):
      guard !range.isEmpty else { return unsafe make([]) }
      let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { return nil }
      var status = stat()
      guard unsafe fstat(file, &status) == 0, let size = UInt64(exactly: status.st_size),
        range.upperBound <= size,
        // Closes the file when the response is destroyed.
        let made = unsafe MHD_create_response_from_fd_at_offset64(body.count, file, range.lowerBound)
      else {
        close(file)
        return nil
      }
      return unsafe made
    }
  }

  private func make(_ bytes: [UInt8]) -> OpaquePointer? {
    // The library copies the bytes, and does not write to them.
    unsafe bytes.withUnsafeBytes { buffer in
      unsafe MHD_create_response_from_buffer(
        buffer.count, UnsafeMutableRawPointer(mutating: buffer.baseAddress), .RESPMEM_MUST_COPY)
    }
  }
}

private func collectField(
  _ context: UnsafeMutableRawPointer?, _ kind: MHD_ValueKind, _ name: UnsafePointer<CChar>?,
  _ value: UnsafePointer<CChar>?
) -> MHD_Result {
  guard let fields = unsafe context?.assumingMemoryBound(to: HeaderFields.self), let name = unsafe name else {
    return .NO
  }
  let text = unsafe value.map { unsafe String(cString: $0) } ?? ""
  unsafe fields.pointee.append(String(cString: name), text)
  return .YES
}

extension String {
  /// The path and the query of a request's target, neither decoded.
  ///
  /// - Note: Source: RFC 9112, section 3.2.1 (origin form) and 3.2.2 (absolute form, which a server must accept).
  var pathAndQuery: (path: Substring, query: Substring?) {
    var rest = self[...]
    if !rest.hasPrefix("/"), let scheme = rest.range(ofPlain: "://") {
      rest = rest[scheme...]
      rest = rest.firstIndex { $0 == "/" || $0 == "?" }.map { rest[$0...] } ?? ""
      if rest.isEmpty { rest = "/" }
    }
    guard let mark = rest.firstIndex(of: "?") else { return (rest, nil) }
    return (rest[..<mark], rest[rest.index(after: mark)...])
  }
}

extension Substring {
  /// The index behind the first occurrence of `text`.
  fileprivate func range(ofPlain text: String) -> Index? {
    indices.first { self[$0...].hasPrefix(text) }.map { index($0, offsetBy: text.count) }
  }
}
