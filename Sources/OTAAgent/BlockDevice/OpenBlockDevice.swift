import Glibc
package import OTAPartition

/// An open block device or regular file; closed at its end.
///
/// The only code of the agent that calls C.
package struct OpenBlockDevice: ~Copyable, Sendable {
  private let descriptor: Int32
  let path: String
  /// How many bytes it has.
  let size: UInt64
  package let blockSize: UInt32
  /// What the operating system had against the last operation that failed.
  private(set) var failure: BlockDeviceError?

  /// `_IO(0x12, 104)` of `linux/fs.h`: the bytes of a logical block.
  private static var getBlockSize: UInt {
    #if arch(powerpc) || arch(powerpc64) || arch(powerpc64le)
    0x2000_1268
    #else
    0x1268
    #endif
  }

  /// Opens a device for this process alone.
  ///
  /// A block device is opened with `O_EXCL`, which Linux refuses while it is mounted or otherwise claimed; a file is
  /// locked with `flock`.
  package init(opening path: String) throws(BlockDeviceError) {
    // What it is decides how it is opened; a pipe would wait.
    var named = stat()
    guard unsafe stat(path, &named) == 0 else { throw BlockDeviceError(errno: errno, path: path) }
    let kind = named.st_mode & S_IFMT
    guard kind == S_IFREG || kind == S_IFBLK else { throw .notADevice(path: path) }
    let exclusive = kind == S_IFBLK ? O_EXCL : 0
    let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC | exclusive)
    guard descriptor >= 0 else { throw BlockDeviceError(errno: errno, path: path) }
    do throws(BlockDeviceError) {
      (size, blockSize) = try OpenBlockDevice.claim(descriptor, kind: kind, path: path)
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
    self.path = path
  }

  deinit {
    close(descriptor)
  }

  /// Makes sure that this is what was named, and that nobody else has it.
  ///
  /// - Returns: its size and that of its logical blocks.
  private static func claim(
    _ descriptor: Int32, kind: mode_t, path: String
  ) throws(BlockDeviceError) -> (size: UInt64, blockSize: UInt32) {
    var opened = stat()
    guard unsafe fstat(descriptor, &opened) == 0 else { throw BlockDeviceError(errno: errno, path: path) }
    guard opened.st_mode & S_IFMT == kind else { throw .notADevice(path: path) }
    if kind == S_IFREG, flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      throw BlockDeviceError(errno: errno, path: path)
    }
    // As BLKGETSIZE64 says it, on files and devices alike.
    let end = lseek(descriptor, 0, SEEK_END)
    guard end >= 0 else { throw BlockDeviceError(errno: errno, path: path) }
    return (UInt64(end), kind == S_IFBLK ? try blockSize(of: descriptor, path: path) : 512)
  }

  private static func blockSize(of descriptor: Int32, path: String) throws(BlockDeviceError) -> UInt32 {
    var size: CInt = 0
    guard unsafe ioctl(descriptor, getBlockSize, &size) == 0 else {
      throw BlockDeviceError(errno: errno, path: path)
    }
    guard let size = UInt32(exactly: size), size > 0 else { throw .system(path: path, errno: EINVAL) }
    return size
  }

  private mutating func fail(_ error: BlockDeviceError) -> FlashError {
    failure = error
    return .deviceFailure
  }
}

extension OpenBlockDevice: BlockStore {
  package mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt64) throws(FlashError)
  {
    var done = 0
    while done < destination.count {
      let start = done
      let count = unsafe destination.withUnsafeMutableBytes { buffer in
        unsafe pread(
          descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).baseAddress,
          buffer.count - start, Int(offset) + start)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw fail(BlockDeviceError(errno: errno, path: path)) }
      // Shorter than it was when it was opened.
      let end = offset + UInt64(done)
      guard count > 0 else { throw fail(.tooSmall(path: path, needed: size, found: end)) }
      done += count
    }
  }

  package mutating func write(_ blocks: Span<UInt8>, at offset: UInt64) throws(FlashError) {
    var done = 0
    while done < blocks.count {
      let start = done
      let count = unsafe blocks.withUnsafeBytes { buffer in
        unsafe pwrite(
          descriptor, UnsafeRawBufferPointer(rebasing: buffer[start...]).baseAddress, buffer.count - start,
          Int(offset) + start)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw fail(BlockDeviceError(errno: count < 0 ? errno : EIO, path: path)) }
      done += count
    }
  }

  package mutating func flush(_ range: Range<UInt64>) throws(FlashError) {
    var result: Int32
    repeat { result = fdatasync(descriptor) } while result != 0 && errno == EINTR
    guard result == 0 else { throw fail(BlockDeviceError(errno: errno, path: path)) }
    // A hint: the next reading comes from the disk, and not from memory that the disk may not agree with.
    _ = posix_fadvise(
      descriptor, off_t(range.lowerBound), off_t(range.upperBound - range.lowerBound), POSIX_FADV_DONTNEED)
  }
}
