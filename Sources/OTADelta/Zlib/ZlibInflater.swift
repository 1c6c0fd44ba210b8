import CZlib
public import OTADelta

/// Inflates zlib streams (RFC 1950) with the system's zlib; a preset dictionary is refused.
///
/// The largest window that the format knows, 32 KiB, is the bound of the memory.
@safe public struct ZlibInflater: ~Copyable, Decompressor {
  /// What zlib takes at most: a window of 32 KiB and less than 11 KiB of state.
  ///
  /// - Note: Source: zlib's zconf.h, "Memory requirements"; a test holds it against the allocations of the library.
  public static var memoryRequirement: UInt32 { 44 << 10 }

  // zlib keeps a pointer from its state back to the stream, so the stream must not move with this value.
  // Safe outside: made in init, freed in deinit, never handed out.
  private let stream: UnsafeMutablePointer<z_stream>
  private var isAtEnd = false
  /// An error that came together with output, for the next call.
  private var pendingError: DeltaError?

  /// Starts before the first byte of a stream.
  ///
  /// - Throws: ``DeltaError/memoryExceeded`` if there is no memory.
  public init() throws(DeltaError) {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // inflateInit2 is a macro over this function.
    let status = unsafe inflateInit2_(
      stream, MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      unsafe stream.deallocate()
      throw .memoryExceeded
    }
    unsafe self.stream = stream
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Takes some input and makes some output.
  ///
  /// - Parameters:
  ///   - input: the next bytes of the stream.
  ///   - output: filled from its start; not empty.
  /// - Returns: how far it came.
  /// - Throws: ``DeltaError/unsupportedCompression`` if the first two bytes are not those of a zlib stream or a
  ///   preset dictionary is wanted, ``DeltaError/corruptStream`` if the stream or its checksum is wrong,
  ///   ``DeltaError/memoryExceeded`` if there is no memory for the window.
  public mutating func decompress(
    _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(DeltaError) -> DecompressionProgress {
    precondition(!output.isEmpty, "no room for output")
    if let pendingError { throw pendingError }
    guard !isAtEnd else { return DecompressionProgress(consumed: 0, produced: 0, isAtEnd: true) }
    // More than 4 GiB at once do not fit zlib's counters; the caller pushes the rest again.
    let room = UInt32(clamping: output.count)
    let offered = UInt32(clamping: input.count)
    let status: Int32
    let consumed: Int
    let produced: Int
    (status, consumed, produced) = unsafe input.withUnsafeBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { destination in
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        unsafe stream.pointee.avail_in = offered
        unsafe stream.pointee.next_out = destination.baseAddress
        unsafe stream.pointee.avail_out = room
        let status = unsafe inflate(stream, Z_NO_FLUSH)
        let result = unsafe (
          status, Int(offered - stream.pointee.avail_in), Int(room - stream.pointee.avail_out)
        )
        // The pointers must not outlive the spans.
        unsafe stream.pointee.next_in = nil
        unsafe stream.pointee.avail_in = 0
        unsafe stream.pointee.next_out = nil
        unsafe stream.pointee.avail_out = 0
        return result
      }
    }
    switch status {
    case Z_OK, Z_BUF_ERROR:
      // Z_BUF_ERROR is no error: there was nothing to do with what was given.
      break
    case Z_STREAM_END:
      isAtEnd = true
    case Z_NEED_DICT:
      pendingError = .unsupportedCompression
    case Z_MEM_ERROR:
      pendingError = .memoryExceeded
    default:
      pendingError =
        unsafe stream.pointee.total_out == 0 && stream.pointee.total_in <= 2
        ? .unsupportedCompression : .corruptStream
    }
    if produced == 0, let pendingError { throw pendingError }
    return DecompressionProgress(consumed: consumed, produced: produced, isAtEnd: isAtEnd)
  }
}
