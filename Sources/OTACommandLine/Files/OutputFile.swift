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

  /// Writes a file: a temporary one beside it, then `fsync`, then rename.
  ///
  /// A symbolic link is followed. What is there and is no regular file (a pipe, `/dev/stdout`) is written to directly.
  ///
  /// - Parameters:
  ///   - bytes: all of its contents.
  ///   - path: where.
  ///   - mode: the permissions of a new file; the process's `umask` applies.
  ///   - existing: what happens to a file that is there.
  /// - Throws: status ``ExitStatus/inputOutput``; then the old file, if any, is as it was and no other is left over.
  package static func write(
    _ bytes: [UInt8], to path: String, mode: UInt32 = 0o644, existing: Existing = .replace
  ) throws(CommandFailure) {
    var status = stat()
    var target = path
    if unsafe lstat(path, &status) == 0 {
      if status.st_mode & S_IFMT == S_IFLNK { (target, status) = try resolve(path) }
      guard status.st_mode & S_IFMT != S_IFDIR else { throw systemFailure(path, EISDIR, doing: .writing) }
      guard status.st_mode & S_IFMT == S_IFREG else {
        return try writeDirectly(bytes, to: target, name: path)
      }
      if case .refuse = existing { throw systemFailure(path, EEXIST, doing: .writing) }
    } else if errno != ENOENT {
      throw systemFailure(path, errno, doing: .writing)
    }
    try writeAside(bytes, target: target, name: path, mode: mode, existing: existing)
  }

  private static func resolve(_ path: String) throws(CommandFailure) -> (String, stat) {
    guard let resolved = unsafe realpath(path, nil) else { throw systemFailure(path, errno, doing: .writing) }
    defer { unsafe free(resolved) }
    var status = stat()
    guard unsafe stat(resolved, &status) == 0 else { throw systemFailure(path, errno, doing: .writing) }
    return (unsafe String(cString: resolved), status)
  }

  private static func writeDirectly(
    _ bytes: [UInt8], to target: String, name: String
  ) throws(CommandFailure) {
    let descriptor = unsafe open(target, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw systemFailure(name, errno, doing: .writing) }
    defer { close(descriptor) }
    try writeAll(bytes, to: descriptor, name: name)
  }

  private static func writeAside(
    _ bytes: [UInt8], target: String, name: String, mode: UInt32, existing: Existing
  ) throws(CommandFailure) {
    let (descriptor, temporary) = try createTemporary(beside: target, name: name, mode: mode)
    do throws(CommandFailure) {
      defer { close(descriptor) }
      try writeAll(bytes, to: descriptor, name: name)
      guard fsync(descriptor) == 0 else { throw systemFailure(name, errno, doing: .writing) }
    } catch {
      _ = unsafe unlink(temporary)
      throw error
    }
    guard give(temporary, theName: target, existing: existing) else {
      let number = errno
      _ = unsafe unlink(temporary)
      throw systemFailure(name, number, doing: .writing)
    }
    try synchronizeFolder(of: target, name: name)
  }

  /// Renames the finished file; `errno` says why not.
  private static func give(_ temporary: String, theName target: String, existing: Existing) -> Bool {
    if case .refuse = existing {
      // A link never replaces anything, whoever made a file of this name in the meantime.
      if unsafe link(temporary, target) == 0 { return unsafe unlink(temporary) == 0 }
      // File systems without links have only the look from before.
      guard errno == EPERM || errno == EOPNOTSUPP else { return false }
    }
    return unsafe rename(temporary, target) == 0
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
    _ bytes: [UInt8], to descriptor: Int32, name: String
  ) throws(CommandFailure) {
    do {
      try DescriptorSink(descriptor).write(bytes)
    } catch {
      switch error {
      case .closed: throw systemFailure(name, EPIPE, doing: .writing)
      case .system(let number): throw systemFailure(name, number, doing: .writing)
      }
    }
  }

  /// Makes the new name last over a loss of power.
  private static func synchronizeFolder(of target: String, name: String) throws(CommandFailure) {
    let folder =
      target.lastIndex(of: "/").map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A folder that may be written but not read has its entry made durable by the system in its own time.
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Some file systems cannot do this for folders (EINVAL), which is no failure of the write.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw systemFailure(name, errno, doing: .writing) }
  }
}
