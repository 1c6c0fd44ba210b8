import Glibc

/// Writing whole files so that nobody ever sees half of one.
package enum OutputFile {
  /// What happens to a file that is there already.
  package enum Existing: Sendable {
    /// It is replaced, in one step.
    case replace
    /// It is an error.
    case refuse
  }

  /// Writes a file: ``stage(_:for:mode:existing:)``, then ``StagedFile/commit()``.
  ///
  /// - Parameters:
  ///   - bytes: all of its contents.
  ///   - path: where.
  ///   - mode: the permissions of a new file; the process's `umask` applies.
  ///   - existing: what happens to a file that is there.
  /// - Throws: status ``ExitStatus/inputOutput``; then the old file, if any, is as it was and no other is left over.
  package static func write(
    _ bytes: Span<UInt8>, to path: String, mode: UInt32 = 0o644, existing: Existing = .replace
  ) throws(CommandFailure) {
    try stage(bytes, for: path, mode: mode, existing: existing).commit()
  }

  /// Writes a temporary file beside the place where it shall be, and makes its contents durable.
  ///
  /// A symbolic link is followed. What is there and is no regular file (a pipe, `/dev/stdout`) is written to at once.
  ///
  /// - Parameters:
  ///   - bytes: all of its contents.
  ///   - path: where it shall be.
  ///   - mode: the permissions of a new file; the process's `umask` applies.
  ///   - existing: what happens to a file that is there.
  /// - Returns: the file; it is removed when it is not committed.
  /// - Throws: status ``ExitStatus/inputOutput``; then no file is left over.
  package static func stage(
    _ bytes: Span<UInt8>, for path: String, mode: UInt32 = 0o644, existing: Existing = .replace
  ) throws(CommandFailure) -> StagedFile {
    guard let file = try begin(path, mode: mode, existing: existing) else {
      var target = path
      var status = stat()
      if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK { target = try resolve(path).0 }
      try writeDirectly(bytes, to: target, name: path)
      return StagedFile(name: path, target: target, temporary: nil, existing: existing)
    }
    try? file.sink.write(bytes)
    return try file.finish()
  }

  /// Begins a temporary file beside the place where it shall be, to be written piece by piece.
  ///
  /// A symbolic link is followed.
  ///
  /// - Parameters:
  ///   - path: where it shall be.
  ///   - mode: the permissions of a new file; the process's `umask` applies.
  ///   - existing: what happens to a file that is there.
  /// - Returns: the file; nil if something is there that is no regular file (a pipe, `/dev/stdout`), and is written at
  ///   once by ``write(_:to:mode:existing:)`` when all bytes are there.
  /// - Throws: status ``ExitStatus/inputOutput``; then no file is left over.
  static func begin(
    _ path: String, mode: UInt32 = 0o644, existing: Existing = .replace
  ) throws(CommandFailure) -> GrowingFile? {
    var status = stat()
    var target = path
    if unsafe lstat(path, &status) == 0 {
      if status.st_mode & S_IFMT == S_IFLNK { (target, status) = try resolve(path) }
      guard status.st_mode & S_IFMT != S_IFDIR else { throw systemFailure(path, EISDIR, doing: .writing) }
      guard status.st_mode & S_IFMT == S_IFREG else { return nil }
      if case .refuse = existing { throw systemFailure(path, EEXIST, doing: .writing) }
    } else if errno != ENOENT {
      throw systemFailure(path, errno, doing: .writing)
    }
    let (descriptor, temporary) = try createTemporary(beside: target, name: path, mode: mode)
    let sink = FileSink(name: path, descriptor: descriptor)
    // Removes the temporary file when anything fails.
    return GrowingFile(
      sink: sink, staged: StagedFile(name: path, target: target, temporary: temporary, existing: existing))
  }

  private static func resolve(_ path: String) throws(CommandFailure) -> (String, stat) {
    guard let resolved = unsafe realpath(path, nil) else { throw systemFailure(path, errno, doing: .writing) }
    defer { unsafe free(resolved) }
    var status = stat()
    guard unsafe stat(resolved, &status) == 0 else { throw systemFailure(path, errno, doing: .writing) }
    return (unsafe String(cString: resolved), status)
  }

  private static func writeDirectly(
    _ bytes: Span<UInt8>, to target: String, name: String
  ) throws(CommandFailure) {
    let descriptor = unsafe open(target, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw systemFailure(name, errno, doing: .writing) }
    defer { close(descriptor) }
    try writeAll(bytes, to: descriptor, name: name)
  }

  private static func createTemporary(
    beside target: String, name: String, mode: UInt32
  ) throws(CommandFailure) -> (descriptor: Int32, path: String) {
    while true {
      let path = "\(target).\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
      let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
      if descriptor >= 0 { return (descriptor, path) }
      guard errno == EEXIST else { throw systemFailure(name, errno, doing: .writing) }
    }
  }

  private static func writeAll(
    _ bytes: Span<UInt8>, to descriptor: Int32, name: String
  ) throws(CommandFailure) {
    do throws(OutputError) {
      try DescriptorSink(descriptor).write(bytes)
    } catch {
      switch error {
      case .closed: throw systemFailure(name, EPIPE, doing: .writing)
      case .system(let number): throw systemFailure(name, number, doing: .writing)
      }
    }
  }
}
