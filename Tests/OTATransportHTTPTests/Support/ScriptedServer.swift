import Foundation
import Glibc
import Synchronization

/// A TCP server on loopback that does what its script says, however wrong it is.
final class ScriptedServer: Sendable {
  /// What is done on a connection, one after the other; at the end it is closed.
  enum Step: Sendable {
    /// Send these bytes.
    case send([UInt8])
    /// Send these bytes again and again, until the client closes or the server is stopped.
    case sendForever([UInt8])
    /// Send these bytes one by one, twenty a second, again and again, until the client closes or the server is stopped.
    case trickle([UInt8])
    /// Send nothing, until the client closes or the server is stopped.
    case stall
    /// Close with a reset.
    case reset

    static func send(_ text: String) -> Step { .send(Array(text.utf8)) }
  }

  private struct State {
    var requests: [String] = []
    var closedByClient = 0
    var isStopped = false
  }

  let port: UInt16
  private let listener: Int32
  private let script: @Sendable (_ index: Int, _ head: String) -> [Step]
  private let state = Mutex(State())

  /// Starts a server; `script` says what to do with each request, given its number and its head.
  init(script: @escaping @Sendable (_ index: Int, _ head: String) -> [Step]) throws {
    let (listener, port) = try LoopbackSocket.listen()
    self.listener = listener
    self.port = port
    self.script = script
    Thread { self.accept() }.start()
  }

  /// Starts a server that does the same with each request.
  convenience init(_ steps: [Step]) throws {
    try self.init { _, _ in steps }
  }

  var base: String { "http://127.0.0.1:\(port)/" }

  /// The heads and bodies of the requests that came.
  var requests: [String] { state.withLock { $0.requests } }

  /// How many connections the client closed while the script wanted to go on.
  var closedByClient: Int { state.withLock { $0.closedByClient } }

  func stop() {
    state.withLock { $0.isStopped = true }
    _ = shutdown(listener, Int32(SHUT_RDWR))
  }

  private var isStopped: Bool { state.withLock { $0.isStopped } }

  private func accept() {
    while true {
      let connection = Glibc.accept(listener, nil, nil)
      guard connection >= 0 else { break }
      Thread { self.serve(connection) }.start()
    }
    _ = close(listener)
  }

  private func serve(_ connection: Int32) {
    defer { _ = close(connection) }
    guard let request = LoopbackSocket.readRequest(connection) else { return }
    let index = state.withLock { state in
      state.requests.append(request)
      return state.requests.count - 1
    }
    for step in script(index, request) {
      switch step {
      case .send(let bytes):
        guard LoopbackSocket.send(bytes, to: connection) else { return countClosed() }
      case .sendForever(let bytes):
        while !isStopped {
          guard LoopbackSocket.send(bytes, to: connection) else { return countClosed() }
        }
      case .trickle(let bytes):
        while !isStopped {
          for byte in bytes {
            guard LoopbackSocket.send([byte], to: connection) else { return countClosed() }
            usleep(50_000)
          }
        }
      case .stall:
        while !isStopped {
          if LoopbackSocket.isClosedByPeer(connection) { return countClosed() }
        }
      case .reset:
        LoopbackSocket.closeWithReset(connection)
      }
    }
  }

  private func countClosed() {
    state.withLock { $0.closedByClient += 1 }
  }
}

/// The few socket calls that the scripted server is made of.
enum LoopbackSocket {
  struct Failure: Error {
    let status = errno
  }

  /// Listens on a free port of 127.0.0.1.
  static func listen() throws -> (socket: Int32, port: UInt16) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe bind(listener, pointer, size) == 0 && Glibc.listen(listener, 16) == 0
          && getsockname(listener, pointer, &size) == 0
      }
    }
    guard isBound else { throw Failure() }
    return (listener, UInt16(bigEndian: address.sin_port))
  }

  /// A port that nobody listens on: it was free a moment ago.
  static func unusedPort() throws -> UInt16 {
    let (socket, port) = try listen()
    _ = close(socket)
    return port
  }

  /// Reads a request with its body; `nil` if the connection ends before it does.
  static func readRequest(_ connection: Int32) -> String? {
    var received: [UInt8] = []
    while true {
      let text = String(decoding: received, as: UTF8.self)
      if let end = text.range(of: "\r\n\r\n") {
        let length = text.range(of: "Content-Length: ").map {
          Int(text[$0.upperBound...].prefix { $0.isNumber })
        }
        if text[end.upperBound...].utf8.count >= (length ?? 0) ?? 0 { return text }
      }
      guard let more = receive(connection) else { return nil }
      received += more
    }
  }

  static func receive(_ connection: Int32) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let capacity = buffer.count
    let count = unsafe recv(connection, &buffer, capacity, 0)
    return count > 0 ? Array(buffer[..<count]) : nil
  }

  static func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let rest = Array(bytes[sent...])
      let count = unsafe Glibc.send(connection, rest, rest.count, Int32(MSG_NOSIGNAL))
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// Waits a moment for the peer to close.
  static func isClosedByPeer(_ connection: Int32) -> Bool {
    var entry = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&entry, 1, 20) > 0 else { return false }
    return receive(connection) == nil
  }

  static func closeWithReset(_ connection: Int32) {
    var option = linger(l_onoff: 1, l_linger: 0)
    _ = unsafe setsockopt(
      connection, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }
}
