import Glibc

/// Folders that commands write to.
package enum Folder {
  /// Makes a folder, unless it is there; the folder above it must exist.
  ///
  /// - Parameter path: the folder.
  /// - Throws: status ``ExitStatus/inputOutput`` if it cannot be made, or is something else.
  package static func make(_ path: String) throws(CommandFailure) {
    guard unsafe mkdir(path, 0o755) != 0 else { return }
    guard errno == EEXIST else { throw systemFailure(path, errno, doing: .writing) }
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw systemFailure(path, errno, doing: .writing) }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw systemFailure(path, ENOTDIR, doing: .writing) }
  }
}
