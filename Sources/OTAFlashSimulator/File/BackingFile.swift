import Glibc

/// An open file of fixed length; closed at its end.
///
/// The only code of this target that calls C.
struct BackingFile: ~Copyable {
  private let descriptor: Int32
  let path: String

  /// Makes a file of this length and takes its room on the file system at once, so that a full disk shows now and not
  /// in the middle of an update.
  init(creating path: String, size: UInt64) throws(FileFlashError) {
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileFlashError(errno: errno, path: path) }
    let result = posix_fallocate(descriptor, 0, Int(clamping: size))
    guard result == 0 else {
      close(descriptor)
      unsafe unlink(path)
      throw FileFlashError(errno: result, path: path)
    }
    self.descriptor = descriptor
    self.path = path
  }

  /// Opens a file that must have this length.
  init(opening path: String, size: UInt64) throws(FileFlashError) {
    let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFlashError(errno: errno, path: path) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let number = errno
      close(descriptor)
      throw FileFlashError(errno: number, path: path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .notAFile(path: path)
    }
    guard UInt64(clamping: status.st_size) == size else {
      close(descriptor)
      throw .wrongSize(path: path, expected: size, found: UInt64(clamping: status.st_size))
    }
    self.descriptor = descriptor
    self.path = path
  }

  deinit {
    close(descriptor)
  }

  /// Reads the whole file.
  func read(size: Int) throws(FileFlashError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: size)
    var done = 0
    while done < size {
      let offset = done
      let count = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe pread(
          descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[offset...]).baseAddress, size - offset,
          offset)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileFlashError(errno: errno, path: path) }
      guard count > 0 else {
        throw .wrongSize(path: path, expected: UInt64(size), found: UInt64(done))
      }
      done += count
    }
    return bytes
  }

  /// Writes bytes at an offset; they are with the operating system when this returns, and outlive the process.
  func write(_ bytes: [UInt8], at offset: UInt64) throws(FileFlashError) {
    var done = 0
    while done < bytes.count {
      let start = done
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe pwrite(
          descriptor, UnsafeRawBufferPointer(rebasing: buffer[start...]).baseAddress, buffer.count - start,
          Int(offset) + start)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileFlashError(errno: errno, path: path) }
      done += count
    }
  }
}
