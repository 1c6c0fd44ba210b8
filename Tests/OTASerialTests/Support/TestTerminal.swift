import Foundation
import Glibc
import Synchronization

/// A board at the far end of a pseudo-terminal, on a thread of its own.
final class TestTerminal: Sendable {
  /// What to open to talk to the board.
  let path: String
  private let device: Int32
  /// Kept open, so that the line is there between two programs.
  private let line: Int32
  private let isStopped = Mutex(false)
  private let isDone = DispatchSemaphore(value: 0)

  /// Opens the pseudo-terminal and starts the board.
  init(_ makeBoard: @escaping @Sendable () throws -> TestBoard) throws {
    device = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY)
    // TIOCSPTLCK and TIOCGPTN: unlock the other end, and its number.
    var (isLocked, number): (Int32, Int32) = (0, -1)
    guard device >= 0, unsafe ioctl(device, 0x4004_5431, &isLocked) == 0,
      unsafe ioctl(device, 0x8004_5430, &number) == 0
    else { throw POSIXError(.ENXIO) }
    path = "/dev/pts/\(number)"
    line = unsafe open(path, O_RDWR | O_NOCTTY)
    Thread.detachNewThread { [self] in
      if let board = try? makeBoard() { serve(board) }
      isDone.signal()
    }
  }

  /// Ends the board, and waits until it has ended.
  func stop() {
    isStopped.withLock { $0 = true }
    isDone.wait()
    close(line)
    close(device)
  }

  private func serve(_ board: TestBoard) {
    send(board.bootText)
    while !isStopped.withLock({ $0 }) {
      var request = pollfd(fd: device, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&request, 1, 20) > 0 else { continue }
      var buffer = [UInt8](repeating: 0, count: 300)
      let count = unsafe read(device, &buffer, buffer.count)
      if count > 0 { send(board.receive(Array(buffer[..<count]))) }
    }
  }

  private func send(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let rest = Array(bytes[sent...])
      let count = unsafe write(device, rest, rest.count)
      guard count > 0 else { return }
      sent += count
    }
  }
}
