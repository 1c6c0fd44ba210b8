import Glibc

/// A file that gets its name when it is complete: whatever happens, who looks for the name finds the old file or the new.
struct NewFile: ~Copyable {
  private let folder: LockedFolder
  private let name: String
  private let temporary: String
  private let descriptor: Int32

  /// Begins a file beside the place where it shall be.
  ///
  /// What an interrupted write left behind is written over: nobody else writes to the folder.
  init(_ name: String, in folder: LockedFolder) throws(TUFError) {
    self.folder = folder
    self.name = name
    temporary = "." + name + ".tmp"
    descriptor = unsafe openat(
      folder.descriptor, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw folder.failure(name) }
  }

  /// Appends bytes.
  func write(_ bytes: [UInt8]) throws(TUFError) {
    var position = 0
    while position < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress?.advanced(by: position), buffer.count - position)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw folder.failure(name)
      }
      position += count
    }
  }

  /// Makes the file durable, then gives it its name, then makes that durable.
  consuming func commit() throws(TUFError) {
    guard fsync(descriptor) == 0 else { throw folder.failure(name) }
    guard unsafe renameat(folder.descriptor, temporary, folder.descriptor, name) == 0 else {
      throw folder.failure(name)
    }
    try folder.synchronize(name)
  }

  deinit {
    close(descriptor)
    // After a commit there is no file of this name any more.
    _ = unsafe unlinkat(folder.descriptor, temporary, 0)
  }
}
