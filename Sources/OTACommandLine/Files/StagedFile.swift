import Glibc

/// A finished file that does not have its name yet; removed when it never gets it.
package struct StagedFile: ~Copyable, Sendable {
  /// The file, as the user named it.
  private let name: String
  /// Where it shall be, behind symbolic links.
  private let target: String
  /// Where it is; `nil` if its bytes went straight to the target.
  private let temporary: String?
  private let existing: OutputFile.Existing

  init(name: String, target: String, temporary: String?, existing: OutputFile.Existing) {
    self.name = name
    self.target = target
    self.temporary = temporary
    self.existing = existing
  }

  /// Gives the file its name, and makes that durable.
  ///
  /// - Throws: status ``ExitStatus/inputOutput``; then the file is removed, and an older one is as it was, unless only
  ///   the folder could not be made durable.
  package consuming func commit() throws(CommandFailure) {
    guard let temporary else { return }
    guard rename(temporary) else { throw systemFailure(name, errno, doing: .writing) }
    try synchronizeFolder()
  }

  deinit {
    // After a commit there is no file of this name any more.
    if let temporary { _ = unsafe unlink(temporary) }
  }

  /// Renames the file; `errno` says why not.
  private func rename(_ temporary: String) -> Bool {
    if case .refuse = existing {
      // A link never replaces anything, whoever made a file of this name in the meantime.
      if unsafe link(temporary, target) == 0 { return true }
      // File systems without links have only the look from before.
      guard errno == EPERM || errno == EOPNOTSUPP else { return false }
    }
    return unsafe Glibc.rename(temporary, target) == 0
  }

  private func synchronizeFolder() throws(CommandFailure) {
    let folder =
      target.lastIndex(of: "/").map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A folder that may be written but not read has its entry made durable by the system in its own time.
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Some file systems cannot do this for folders (EINVAL), which is no failure of the write.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw systemFailure(name, errno, doing: .writing)
    }
  }
}
