import Glibc

/// The few calls of the operating system that keeping whole files takes.
///
/// Foundation's writers are not used: they do not flush to the disk, and hide which error it was.
enum FileSystem {
  /// Makes a folder, unless it is there.
  static func makeDirectory(_ path: String) throws(StoreError) {
    if unsafe mkdir(path, 0o755) != 0 {
      let status = errno
      guard status == EEXIST, isDirectory(path) else {
        throw status == EEXIST ? .cannotOpen(path: path) : error(status, path)
      }
    }
  }

  /// The names in a folder.
  static func names(in path: String) throws(StoreError) -> [String] {
    guard let directory = unsafe opendir(path) else { throw error(errno, path) }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let capacity = unsafe MemoryLayout.size(ofValue: entry.pointee.d_name)
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: capacity) { unsafe String(cString: $0) }
      }
      names.append(name)
    }
    return names
  }

  /// Removes a file; it is no error if there is none.
  static func remove(_ path: String) throws(StoreError) {
    if unsafe unlink(path) != 0, errno != ENOENT { throw error(errno, path) }
  }

  /// The length of a regular file; `nil` if there is none.
  static func size(of path: String) -> UInt64? {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return UInt64(exactly: status.st_size)
  }

  /// Writes a file so that it is there whole or not at all, also after a loss of power.
  ///
  /// - Parameters:
  ///   - bytes: what to write.
  ///   - path: the name of the whole file.
  ///   - temporary: the name until it is whole, in the same folder; nothing has it yet.
  ///   - directory: the folder.
  /// - Throws: ``StoreError``; the temporary file is removed.
  static func write(
    _ bytes: [UInt8], to path: String, by temporary: String, in directory: String
  ) throws(StoreError) {
    do throws(StoreError) {
      let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      guard file >= 0 else { throw error(errno, path) }
      do throws(StoreError) {
        try writeAll(bytes, to: file, path)
        guard fsync(file) == 0 else { throw error(errno, path) }
      } catch {
        _ = close(file)
        throw error
      }
      // Network file systems report a full disk as late as here.
      guard close(file) == 0 else { throw error(errno, path) }
      guard unsafe rename(temporary, path) == 0 else { throw error(errno, path) }
      try flushDirectory(directory)
    } catch {
      _ = unsafe unlink(temporary)
      throw error
    }
  }

  private static func writeAll(_ bytes: [UInt8], to file: Int32, _ path: String) throws(StoreError) {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(
          file, UnsafeRawBufferPointer(rebasing: buffer[written...]).baseAddress, buffer.count - written)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw error(errno, path)
      }
      written += count
    }
  }

  /// Makes a rename last over a loss of power.
  private static func flushDirectory(_ path: String) throws(StoreError) {
    let directory = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw error(errno, path) }
    defer { _ = close(directory) }
    // Some file systems cannot flush a folder, and say so; there is nothing more to be done on them.
    guard fsync(directory) == 0 || errno == EINVAL else { throw error(errno, path) }
  }

  private static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func error(_ status: Int32, _ path: String) -> StoreError {
    switch status {
    case ENOSPC, EDQUOT, EFBIG: .storageFull(path: path)
    case EROFS, EACCES, EPERM: .readOnly(path: path)
    case ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG: .cannotOpen(path: path)
    default: .failed(path: path, status: status)
    }
  }
}
