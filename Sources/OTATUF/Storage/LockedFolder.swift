import Glibc

/// A folder that one client has for itself while this object lives.
final class LockedFolder: Sendable {
  let path: String
  let descriptor: Int32

  /// Opens a folder that exists.
  ///
  /// - Throws: ``TUFError/folderInUse(path:)`` if another client has it, ``TUFError/storage(path:number:)``.
  init(_ path: String) throws(TUFError) {
    self.path = path
    descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .storage(path: path, number: errno) }
    guard LockedFolder.lock(descriptor) else {
      let number = errno
      close(descriptor)
      throw number == EWOULDBLOCK ? .folderInUse(path: path) : .storage(path: path, number: number)
    }
  }

  deinit {
    close(descriptor)
  }

  /// Locks a folder; `errno` says why not.
  ///
  /// A lock that was given up is held on by a child of this process between `fork` and `exec`, for a moment: so it is
  /// tried again for a fifth of a second.
  private static func lock(_ descriptor: Int32) -> Bool {
    for _ in 0..<20 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
      guard errno == EWOULDBLOCK else { return false }
      usleep(10_000)
    }
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0
  }

  /// Opens a regular file for reading.
  ///
  /// - Returns: a descriptor that the caller closes, and the size; `nil` if there is no such file.
  func openFile(_ name: String) throws(TUFError) -> (descriptor: Int32, size: Int64)? {
    // Not to wait for the other end of a pipe; regular files do not mind.
    let file = unsafe openat(descriptor, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard file >= 0 else {
      guard errno == ENOENT else { throw failure(name) }
      return nil
    }
    var status = stat()
    guard unsafe fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(file)
      throw .storage(path: path + "/" + name, number: EINVAL)
    }
    return (file, Int64(status.st_size))
  }

  /// Reads a descriptor piece by piece to the end of its file.
  func readPieces(
    of file: Int32, named name: String, receive: ([UInt8]) throws(TUFError) -> Void
  ) throws(TUFError) {
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = unsafe piece.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure(name)
      }
      guard count > 0 else { return }
      try receive(count == piece.count ? piece : Array(piece[..<count]))
    }
  }

  /// Removes a file, if it is there, for good.
  func remove(_ name: String) throws(TUFError) {
    guard unsafe unlinkat(descriptor, name, 0) == 0 else {
      guard errno == ENOENT else { throw failure(name) }
      return
    }
    try synchronize(name)
  }

  /// Makes the names in the folder durable.
  func synchronize(_ name: String) throws(TUFError) {
    // Some file systems cannot do this for folders (EINVAL), which is no failure of the write.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure(name) }
  }

  /// What the last system call says about a file.
  func failure(_ name: String) -> TUFError {
    .storage(path: path + "/" + name, number: errno)
  }
}
