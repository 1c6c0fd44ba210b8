import Glibc
import OTACore

/// Reading whole files that someone else made.
package enum InputFile {
  /// Reads a file, or standard input for `-`.
  ///
  /// - Parameters:
  ///   - path: the file; pipes are read to their end.
  ///   - limit: the most bytes that are accepted.
  /// - Returns: all its bytes.
  /// - Throws: status ``ExitStatus/inputOutput`` if it is missing, a folder or unreadable, ``ExitStatus/failed`` if it
  ///   is larger than `limit`. An empty file is no error.
  package static func read(_ path: String, limit: Int) throws(CommandFailure) -> [UInt8] {
    if path == "-" { return try readAll(0, name: "standard input", limit: limit) }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw systemFailure(path, errno, doing: .reading) }
    defer { close(descriptor) }
    return try readAll(descriptor, name: path, limit: limit)
  }

  private static func readAll(
    _ descriptor: Int32, name: String, limit: Int
  ) throws(CommandFailure) -> [UInt8] {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw systemFailure(name, errno, doing: .reading) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw systemFailure(name, EISDIR, doing: .reading) }
    // The size is a hint for the first allocation; what is read decides.
    guard status.st_size <= limit else { throw tooLarge(name, limit: limit) }
    // One byte more than the size, to find the end without growing.
    var room = min(Int(clamping: status.st_size), limit) + 1
    var bytes: [UInt8] = []
    while true {
      var failure: Int32?
      let part = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        // Full only where the file is longer than it said.
        while count < room {
          let got = unsafe Glibc.read(descriptor, buffer.baseAddress.map { unsafe $0 + count }, room - count)
          if got < 0, errno == EINTR { continue }
          if got < 0 { failure = errno }
          guard got > 0 else { return }
          count += got
        }
      }
      if let failure { throw systemFailure(name, failure, doing: .reading) }
      guard bytes.count + part.count <= limit else { throw tooLarge(name, limit: limit) }
      if bytes.isEmpty { bytes = part } else { bytes += part }
      guard part.count == room else { return bytes }
      room = 1 << 16
    }
  }

  static func tooLarge(_ name: String, limit: Int) -> CommandFailure {
    CommandFailure(
      name, why: "larger than the \(limit) bytes that are accepted here",
      remedy: "check that it is the right file",
      code: .limitExceeded)
  }
}
