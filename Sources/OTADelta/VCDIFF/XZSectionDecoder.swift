import CLZMA
import OTADelta

/// One of the three streams of xz that xdelta3 divides among the windows: each section of a kind goes on where the one
/// before it stopped, and the stream is never ended.
///
/// - Note: Source: xdelta3 3.0.11, xdelta3-lzma.h: liblzma's stream encoder, flushed after each section.
@safe struct XZSectionDecoder: ~Copyable {
  // liblzma keeps pointers within its state only, but the state must be ended where it was begun.
  // Safe outside: made in init, freed in deinit, never handed out.
  private let stream: UnsafeMutablePointer<lzma_stream>

  /// Starts before the first byte of a stream.
  ///
  /// - Throws: ``DeltaError/memoryExceeded`` if there is no memory.
  init() throws(DeltaError) {
    let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
    // LZMA_STREAM_INIT is a macro that says the same.
    unsafe stream.initialize(to: lzma_stream())
    // The limit is set before each section.
    guard unsafe lzma_stream_decoder(stream, 1, 0) == LZMA_OK else {
      unsafe stream.deallocate()
      throw .memoryExceeded
    }
    unsafe self.stream = stream
  }

  deinit {
    unsafe lzma_end(stream)
    unsafe stream.deallocate()
  }

  /// How many bytes liblzma takes for this stream, by its own count.
  var memoryUse: Int { Int(clamping: unsafe lzma_memusage(stream)) }

  /// Decompresses a section.
  ///
  /// - Parameters:
  ///   - input: all bytes of the section.
  ///   - output: filled whole; not empty.
  ///   - memoryLimit: what ``memoryUse`` may be at most.
  /// - Throws: ``DeltaError/corruptStream`` if the section does not decode, or is not used up when the output is full;
  ///   ``DeltaError/memoryExceeded``.
  mutating func decompress(
    _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>, memoryLimit: Int
  ) throws(DeltaError) {
    guard memoryLimit > 0, unsafe lzma_memlimit_set(stream, UInt64(memoryLimit)) == LZMA_OK else {
      throw .memoryExceeded
    }
    let stream = unsafe self.stream
    let (status, isComplete) = unsafe input.withUnsafeBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { destination in
        unsafe stream.pointee.next_in = source.baseAddress
        unsafe stream.pointee.avail_in = source.count
        unsafe stream.pointee.next_out = destination.baseAddress
        unsafe stream.pointee.avail_out = destination.count
        var status = LZMA_OK
        // It ends: liblzma says LZMA_BUF_ERROR when it makes no progress twice.
        while status == LZMA_OK, unsafe stream.pointee.avail_out > 0 {
          status = unsafe lzma_code(stream, LZMA_RUN)
        }
        let result = unsafe (status, stream.pointee.avail_out == 0 && stream.pointee.avail_in == 0)
        // The pointers must not outlive the spans.
        unsafe stream.pointee.next_in = nil
        unsafe stream.pointee.avail_in = 0
        unsafe stream.pointee.next_out = nil
        unsafe stream.pointee.avail_out = 0
        return result
      }
    }
    switch status {
    case LZMA_OK, LZMA_STREAM_END:
      guard isComplete else { throw .corruptStream }
    case LZMA_MEMLIMIT_ERROR, LZMA_MEM_ERROR:
      throw .memoryExceeded
    default:
      throw .corruptStream
    }
  }
}
