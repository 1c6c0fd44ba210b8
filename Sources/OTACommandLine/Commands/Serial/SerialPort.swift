import Glibc

/// A line to a device: a terminal in raw mode, a pseudo-terminal, or a Unix socket such as the one of an emulator.
///
/// Closed when the value goes; a terminal has its old settings again then.
struct SerialPort: ~Copyable {
  /// The speeds that a terminal can have, in bits a second.
  static let speeds = [9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600]

  private let descriptor: Int32
  private let path: String
  private let previous: termios?

  private init(_ descriptor: Int32, path: String, previous: termios?) {
    self.descriptor = descriptor
    self.path = path
    self.previous = previous
  }

  /// Opens a line.
  ///
  /// - Parameters:
  ///   - path: a terminal, or a Unix socket that somebody listens on.
  ///   - speed: one of ``speeds``; of no effect for a socket.
  /// - Returns: the line.
  /// - Throws: status ``ExitStatus/inputOutput``.
  static func open(_ path: String, speed: Int) throws(CommandFailure) -> SerialPort {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw systemFailure(path, errno, doing: .reading) }
    if status.st_mode & S_IFMT == S_IFSOCK {
      return SerialPort(try connect(path), path: path, previous: nil)
    }
    let opened = unsafe Glibc.open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    guard opened >= 0 else { throw systemFailure(path, errno, doing: .reading) }
    var settings = termios()
    guard unsafe tcgetattr(opened, &settings) == 0 else {
      let number = errno
      close(opened)
      guard number == ENOTTY else { throw systemFailure(path, number, doing: .reading) }
      throw CommandFailure(
        path, why: "neither a terminal nor a socket", remedy: "name a serial port such as /dev/ttyUSB0",
        status: .inputOutput)
    }
    let previous = settings
    unsafe cfmakeraw(&settings)
    settings.c_cflag |= tcflag_t(CLOCAL | CREAD)
    let code = code(of: speed)
    guard unsafe cfsetispeed(&settings, code) == 0, unsafe cfsetospeed(&settings, code) == 0,
      unsafe tcsetattr(opened, TCSANOW, &settings) == 0
    else {
      let number = errno
      close(opened)
      throw systemFailure(path, number, doing: .writing)
    }
    return SerialPort(opened, path: path, previous: previous)
  }

  deinit {
    if var previous { unsafe _ = tcsetattr(descriptor, TCSANOW, &previous) }
    close(descriptor)
  }

  /// Waits for bytes.
  ///
  /// - Parameter milliseconds: how long.
  /// - Returns: what came; nothing if the time is out.
  /// - Throws: status ``ExitStatus/inputOutput``, also if the other end is gone.
  func read(within milliseconds: Int) throws(CommandFailure) -> [UInt8] {
    guard try wait(for: Int16(POLLIN), milliseconds) else { return [] }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
    if count < 0, errno == EINTR || errno == EAGAIN { return [] }
    guard count > 0 else {
      if count < 0, errno != EIO { throw systemFailure(path, errno, doing: .reading) }
      throw CommandFailure(
        path, why: "the other end of the line is closed",
        remedy: "check that the device is connected and runs",
        status: .inputOutput)
    }
    return Array(buffer[..<count])
  }

  /// Sends bytes, all of them.
  ///
  /// - Throws: status ``ExitStatus/inputOutput``, also if nothing could be sent for ten seconds.
  func write(_ bytes: [UInt8]) throws(CommandFailure) {
    var sent = 0
    while sent < bytes.count {
      guard try wait(for: Int16(POLLOUT), 10_000) else {
        throw systemFailure(path, ETIMEDOUT, doing: .writing)
      }
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + sent }, buffer.count - sent)
      }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { throw systemFailure(path, errno, doing: .writing) }
      sent += count
    }
  }

  private func wait(for events: Int16, _ milliseconds: Int) throws(CommandFailure) -> Bool {
    var request = pollfd(fd: descriptor, events: events, revents: 0)
    let count = unsafe poll(&request, 1, Int32(clamping: milliseconds))
    if count < 0, errno != EINTR { throw systemFailure(path, errno, doing: .reading) }
    return count > 0
  }

  private static func connect(_ path: String) throws(CommandFailure) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw systemFailure(path, ENAMETOOLONG, doing: .reading)
    }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
      for index in bytes.indices { unsafe field[index] = bytes[index] }
    }
    let opened = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard opened >= 0 else { throw systemFailure(path, errno, doing: .reading) }
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(opened, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      let number = errno
      close(opened)
      throw systemFailure(path, number, doing: .reading)
    }
    return opened
  }

  private static func code(of speed: Int) -> speed_t {
    switch speed {
    case 9600: speed_t(B9600)
    case 19_200: speed_t(B19200)
    case 38_400: speed_t(B38400)
    case 57_600: speed_t(B57600)
    case 230_400: speed_t(B230400)
    case 460_800: speed_t(B460800)
    case 921_600: speed_t(B921600)
    default: speed_t(B115200)
    }
  }
}
