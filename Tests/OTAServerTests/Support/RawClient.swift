import Foundation
import Glibc

/// An HTTP client that sends just the bytes it is given, on a thread of its own.
enum RawClient {
  struct Answer: Sendable {
    var text: String
    /// Whether the server closed the connection, rather than leaving it open.
    var isClosed: Bool

    var status: Int? { text.split(separator: " ").dropFirst().first.flatMap { Int($0) } }
    var head: String { text.components(separatedBy: "\r\n\r\n")[0] }
    var body: String { text.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n") }

    func field(_ name: String) -> String? {
      for line in head.components(separatedBy: "\r\n").dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2, parts[0].lowercased() == name.lowercased() {
          return parts[1].trimmingCharacters(in: .whitespaces)
        }
      }
      return nil
    }
  }

  /// Sends bytes, and reads until the server closes or says nothing for a while.
  static func send(_ text: String, to port: UInt16, patience: Int32 = 60_000) async -> Answer {
    await send(Array(text.utf8), to: port, patience: patience)
  }

  static func send(_ bytes: [UInt8], to port: UInt16, patience: Int32 = 60_000) async -> Answer {
    await withCheckedContinuation { continuation in
      Thread { continuation.resume(returning: exchange(bytes, port, patience)) }.start()
    }
  }

  /// A GET or HEAD with header lines, on a connection that is closed afterwards.
  static func request(
    _ method: String, _ target: String, _ lines: [String] = [], body: String = "", to port: UInt16
  ) async -> Answer {
    let head = ["\(method) \(target) HTTP/1.1", "Host: x", "Connection: close"] + lines
    return await send(head.joined(separator: "\r\n") + "\r\n\r\n" + body, to: port)
  }

  /// A socket that is connected to the port; `nil` if nobody listens there.
  static func connected(to port: UInt16) -> Int32? {
    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let isConnected = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe connect(client, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else {
      _ = close(client)
      return nil
    }
    return client
  }

  private static func exchange(_ bytes: [UInt8], _ port: UInt16, _ patience: Int32) -> Answer {
    guard let client = connected(to: port) else { return Answer(text: "", isClosed: true) }
    defer { _ = close(client) }
    var sent = 0
    while sent < bytes.count {
      let rest = Array(bytes[sent...])
      let count = unsafe Glibc.send(client, rest, rest.count, Int32(MSG_NOSIGNAL))
      if count <= 0 { break }
      sent += count
    }
    var received: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let capacity = buffer.count
    while true {
      var entry = pollfd(fd: client, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&entry, 1, patience) > 0 else {
        return Answer(text: String(decoding: received, as: UTF8.self), isClosed: false)
      }
      let count = unsafe recv(client, &buffer, capacity, 0)
      guard count > 0 else { return Answer(text: String(decoding: received, as: UTF8.self), isClosed: true) }
      received += buffer[..<count]
    }
  }
}

/// Waits for something that another thread is about to do.
///
/// - Returns: whether it happened.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
  for _ in 0..<2000 {
    if try await condition() { return true }
    try await Task.sleep(for: .milliseconds(5))
  }
  return false
}

/// A client that sends something and then neither reads nor writes.
final class SilentClient: Sendable {
  private let client: Int32

  struct NotConnected: Error {}

  init(port: UInt16, sending text: String) throws {
    guard let client = RawClient.connected(to: port) else { throw NotConnected() }
    self.client = client
    let bytes = Array(text.utf8)
    if !bytes.isEmpty {
      guard unsafe Glibc.send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
        throw NotConnected()
      }
    }
  }

  func close() {
    _ = Glibc.close(client)
  }
}
