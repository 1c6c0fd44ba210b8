import Glibc
import Synchronization

/// Where one stream of text goes.
public protocol OutputSink: Sendable {
  /// Whether a person looks at it.
  var isTerminal: Bool { get }

  /// The columns of the terminal, if it has a known number.
  var columns: Int? { get }

  /// Writes all bytes.
  ///
  /// - Throws: an error if not all were written.
  func write(_ bytes: [UInt8]) throws(OutputError)
}

/// Why a stream took no more bytes.
public enum OutputError: Error, Equatable, Sendable {
  /// The reader has closed it (`EPIPE`).
  case closed
  /// The system refused, with this `errno`.
  case system(Int32)
}

/// An open file descriptor, which stays the caller's.
public struct DescriptorSink: OutputSink {
  private let descriptor: Int32

  /// Whether the descriptor is a terminal.
  public let isTerminal: Bool

  /// Takes a descriptor that stays open as long as the sink is used.
  public init(_ descriptor: Int32) {
    self.descriptor = descriptor
    self.isTerminal = isatty(descriptor) == 1
  }

  /// What the terminal says of its width now.
  public var columns: Int? {
    guard isTerminal else { return nil }
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// Writes all bytes.
  ///
  /// - Throws: as ``write(_:)-(Span<UInt8>)`` does.
  public func write(_ bytes: [UInt8]) throws(OutputError) {
    try write(bytes.span)
  }

  /// Writes all bytes, in as many system calls as it takes.
  ///
  /// - Throws: ``OutputError/closed`` for a closed pipe (the process must ignore `SIGPIPE`), or
  ///   ``OutputError/system(_:)``; a part may have been written.
  public func write(_ bytes: Span<UInt8>) throws(OutputError) {
    var start = 0
    while start < bytes.count {
      let part = bytes.extracting(start..<bytes.count)
      let count = unsafe part.withUnsafeBufferPointer { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
      }
      if count >= 0 {
        start += count
      } else if errno == EPIPE {
        throw .closed
      } else if errno == EAGAIN {
        // A non-blocking pipe that is full, left so by another process: wait for the reader.
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&request, 1, -1)
      } else if errno != EINTR {
        throw .system(errno)
      }
    }
  }
}

/// Text that is kept in memory, for tests and for programs that embed the commands.
public final class BufferSink: OutputSink {
  private let buffer = Mutex<[UInt8]>([])

  /// What the sink says of itself.
  public let isTerminal: Bool

  /// What the sink says of its width.
  public let columns: Int?

  /// Makes an empty buffer.
  public init(isTerminal: Bool = false, columns: Int? = nil) {
    self.isTerminal = isTerminal
    self.columns = columns
  }

  /// Keeps the bytes; never throws.
  public func write(_ bytes: [UInt8]) {
    buffer.withLock { $0 += bytes }
  }

  /// Everything that was written, as text; bytes that are not UTF-8 are replaced.
  public var text: String {
    buffer.withLock { String(decoding: $0, as: UTF8.self) }
  }
}
