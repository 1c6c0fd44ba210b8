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
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(status.st_size))
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe chunk.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw systemFailure(name, errno, doing: .reading)
      }
      guard count > 0 else { return bytes }
      guard bytes.count + count <= limit else { throw tooLarge(name, limit: limit) }
      bytes += chunk[..<count]
    }
  }

  private static func tooLarge(_ name: String, limit: Int) -> CommandFailure {
    CommandFailure(
      name, why: "larger than the \(limit) bytes that are accepted here",
      remedy: "check that it is the right file",
      code: .limitExceeded)
  }
}
