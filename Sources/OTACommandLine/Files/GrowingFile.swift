import Glibc
import OTACore
import OTACryptoOpenSSL
import OTADelta

/// A new file that is written piece by piece, and gets its name when it is complete; removed when it never is.
struct GrowingFile: ~Copyable {
  /// Takes the bytes.
  let sink: FileSink
  private let staged: StagedFile

  init(sink: FileSink, staged: consuming StagedFile) {
    self.sink = sink
    self.staged = staged
  }

  /// Makes the contents durable, and gives the file its name.
  ///
  /// - Throws: status ``ExitStatus/inputOutput``; then the file is removed, as ``StagedFile/commit()`` says.
  consuming func commit() throws(CommandFailure) {
    try finish().commit()
  }

  /// Makes the contents durable.
  ///
  /// - Returns: the file; it is removed when it is not committed.
  /// - Throws: status ``ExitStatus/inputOutput``; then the file is removed.
  consuming func finish() throws(CommandFailure) -> StagedFile {
    try sink.synchronize()
    return staged
  }
}

/// Writes an image to an open file.
final class FileSink: ImageSink {
  private let name: String
  private let descriptor: Int32
  /// How many bytes were written.
  private(set) var count = 0
  /// The last failure, which a decoder does not hand on.
  private(set) var failure: OutputError?

  /// Takes a descriptor, to be closed in the end.
  init(name: String, descriptor: Int32) {
    self.name = name
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }

  /// Writes all bytes.
  func write(_ bytes: Span<UInt8>) throws(OutputError) {
    do throws(OutputError) {
      try DescriptorSink(descriptor).write(bytes)
    } catch {
      failure = error
      throw error
    }
    count += bytes.count
  }

  /// Says why a write failed, if one did.
  func check() throws(CommandFailure) {
    switch failure {
    case .closed: throw systemFailure(name, EPIPE, doing: .writing)
    case .system(let number): throw systemFailure(name, number, doing: .writing)
    case nil: break
    }
  }

  fileprivate func synchronize() throws(CommandFailure) {
    try check()
    guard fsync(descriptor) == 0 else { throw systemFailure(name, errno, doing: .writing) }
  }
}

/// Computes the digest of an image that goes by.
final class DigestSink: ImageSink {
  private var hash = OpenSSLSHA256()

  /// Takes bytes.
  func write(_ bytes: Span<UInt8>) {
    hash.update(bytes)
  }

  /// The digest of all bytes until now.
  var digest: Digest { OpenSSLSHA256(copying: hash).finalize() }
}
