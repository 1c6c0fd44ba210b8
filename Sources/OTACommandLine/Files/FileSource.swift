import Glibc
import OTADelta

/// An old image in a regular file, read where it is needed instead of whole.
final class FileSource: ImageSource {
  /// Why a read was refused.
  struct Failure: Error {
    /// The `errno`; `EIO` if the file ends early.
    var number: Int32
  }

  /// How many bytes are read at once for short reads, which mostly follow each other.
  private static let blockSize = 32 << 10
  /// Reads of so many bytes are no short ones.
  private static let longRead = 16 << 10

  /// How many bytes the file has.
  let size: Int
  private let descriptor: Int32
  private var block: [UInt8] = []
  private var blockStart = 0
  /// The last failure, which a decoder does not hand on.
  private(set) var failure: Failure?

  /// Opens a file; nil if there is no regular one: then ``InputFile/read(_:limit:)`` reads it, or says why not.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - limit: the most bytes that are accepted.
  /// - Throws: as ``InputFile/read(_:limit:)`` does.
  convenience init?(_ path: String, limit: Int) throws(CommandFailure) {
    var status = stat()
    // Looked at before it is opened: whoever writes to a pipe must not lose his reader.
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw systemFailure(path, errno, doing: .reading) }
    guard unsafe fstat(descriptor, &status) == 0 else {
      close(descriptor)
      throw systemFailure(path, errno, doing: .reading)
    }
    guard status.st_size <= limit else {
      close(descriptor)
      throw InputFile.tooLarge(path, limit: limit)
    }
    self.init(descriptor: descriptor, size: status.st_size)
  }

  private init(descriptor: Int32, size: Int) {
    self.descriptor = descriptor
    self.size = size
  }

  deinit {
    close(descriptor)
  }

  /// Reads bytes.
  ///
  /// - Throws: ``Failure`` if the system refuses, or the file has become shorter.
  func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(Failure) {
    guard destination.count < FileSource.longRead else {
      return try readAll(&destination, at: Int(offset))
    }
    var start = Int(offset) - blockStart
    if start < 0 || start + destination.count > block.count {
      blockStart = Int(offset)
      start = 0
      let count = max(destination.count, min(FileSource.blockSize, size - blockStart))
      if block.count != count { block = [UInt8](repeating: 0, count: count) }
      do throws(Failure) {
        var room = block.mutableSpan
        try readAll(&room, at: blockStart)
      } catch {
        block = []
        throw error
      }
    }
    unsafe block.withUnsafeBufferPointer { source in
      unsafe destination.withUnsafeMutableBufferPointer { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        unsafe to.update(from: from + start, count: target.count)
      }
    }
  }

  private func readAll(_ destination: inout MutableSpan<UInt8>, at offset: Int) throws(Failure) {
    let wanted = destination.count
    let number = unsafe destination.withUnsafeMutableBufferPointer { buffer in
      var done = 0
      while done < wanted {
        let got = unsafe pread(
          descriptor, buffer.baseAddress.map { unsafe $0 + done }, wanted - done, offset + done)
        if got < 0, errno == EINTR { continue }
        guard got > 0 else { return got < 0 ? errno : EIO }
        done += got
      }
      return 0
    }
    guard number == 0 else {
      failure = Failure(number: number)
      throw Failure(number: number)
    }
  }
}
