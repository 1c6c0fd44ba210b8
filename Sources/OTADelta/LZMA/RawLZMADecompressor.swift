import CLZMA
public import OTADelta

/// Decompresses one raw LZMA stream without an end marker, whose size is known, with liblzma.
///
/// Keeps the contract of ``Decompressor``, but is started with the parameters that a raw stream does not carry.
@safe public struct RawLZMADecompressor: ~Copyable {
  // On the heap as in ZlibInflater: what a C library was given once stays where it is.
  // Safe outside: made in init, freed in deinit, never handed out.
  private let stream: UnsafeMutablePointer<lzma_stream>
  private var isAtEnd = false
  /// An error that came together with output, for the next call.
  private var pendingError: DeltaError?

  /// Starts before the first byte of a stream; the limit is checked before memory is taken.
  ///
  /// - Parameters:
  ///   - parameters: those that the stream was made with.
  ///   - uncompressedSize: how many bytes come out; never one more does.
  ///   - memoryLimit: ``LZMAParameters/decoderMemory`` may be this much, in bytes.
  /// - Throws: ``DeltaError/memoryExceeded`` if the limit is too small or there is no memory.
  public init(
    parameters: LZMAParameters, uncompressedSize: UInt64, memoryLimit: UInt64
  ) throws(DeltaError) {
    guard parameters.decoderMemory <= memoryLimit else { throw .memoryExceeded }
    // The largest number means "unknown" to liblzma.
    guard uncompressedSize < .max else { throw .memoryExceeded }
    let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: lzma_stream())
    let status = unsafe parameters.withDecoderFilters(uncompressedSize: uncompressedSize) {
      unsafe lzma_raw_decoder(stream, $0)
    }
    guard status == LZMA_OK else {
      unsafe lzma_end(stream)
      unsafe stream.deallocate()
      // The parameters were checked when they were made; only memory can be missing.
      throw .memoryExceeded
    }
    unsafe self.stream = stream
  }

  deinit {
    unsafe lzma_end(stream)
    unsafe stream.deallocate()
  }

  /// Takes some input and makes some output.
  ///
  /// - Parameters:
  ///   - input: the next bytes of the stream.
  ///   - output: filled from its start; not empty.
  /// - Returns: how far it came; nothing behind the end of the stream is consumed.
  /// - Throws: ``DeltaError/corruptStream`` if the stream does not decode or does not end where its size says,
  ///   ``DeltaError/memoryExceeded`` if there is no memory; then the instance is of no more use.
  public mutating func decompress(
    _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(DeltaError) -> DecompressionProgress {
    precondition(!output.isEmpty, "no room for output")
    if let pendingError { throw pendingError }
    guard !isAtEnd else { return DecompressionProgress(consumed: 0, produced: 0, isAtEnd: true) }
    let offered = input.count
    let room = output.count
    let status: lzma_ret
    let consumed: Int
    let produced: Int
    (status, consumed, produced) = unsafe input.withUnsafeBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { destination in
        unsafe stream.pointee.next_in = source.baseAddress
        unsafe stream.pointee.avail_in = offered
        unsafe stream.pointee.next_out = destination.baseAddress
        unsafe stream.pointee.avail_out = room
        let status = unsafe lzma_code(stream, LZMA_RUN)
        let result = unsafe (status, offered - stream.pointee.avail_in, room - stream.pointee.avail_out)
        // The pointers must not outlive the spans.
        unsafe stream.pointee.next_in = nil
        unsafe stream.pointee.avail_in = 0
        unsafe stream.pointee.next_out = nil
        unsafe stream.pointee.avail_out = 0
        return result
      }
    }
    switch status {
    case LZMA_OK, LZMA_BUF_ERROR:
      // LZMA_BUF_ERROR is no error: there was nothing to do with what was given.
      break
    case LZMA_STREAM_END:
      isAtEnd = true
    case LZMA_MEM_ERROR, LZMA_MEMLIMIT_ERROR:
      pendingError = .memoryExceeded
    default:
      pendingError = .corruptStream
    }
    if produced == 0, let pendingError { throw pendingError }
    return DecompressionProgress(consumed: consumed, produced: produced, isAtEnd: isAtEnd)
  }
}
