import CBZip2
public import OTADelta

/// Decompresses bzip2 streams with libbz2, of any block size up to 900,000 bytes.
@safe public struct BZip2Inflater: ~Copyable, Decompressor {
  /// What libbz2 takes at most: four bytes for each of 900,000 of a block, and less than 64 KiB of state.
  ///
  /// - Note: Source: bzlib_private.h, `DState`; a test holds it against the allocations of the library.
  public static var memoryRequirement: UInt32 { 3_600_000 + (64 << 10) }

  // libbz2 keeps a pointer from its state back to the stream, so the stream must not move with this value.
  // Safe outside: made in init, freed in deinit, never handed out.
  private let stream: UnsafeMutablePointer<bz_stream>
  private var isAtEnd = false
  /// An error that came together with output, for the next call.
  private var pendingError: DeltaError?

  /// Starts before the first byte of a stream.
  ///
  /// - Throws: ``DeltaError/memoryExceeded`` if there is no memory.
  public init() throws(DeltaError) {
    let stream = UnsafeMutablePointer<bz_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: bz_stream())
    // No messages, and the faster of the two ways.
    let status = unsafe BZ2_bzDecompressInit(stream, 0, 0)
    guard status == BZ_OK else {
      unsafe stream.deallocate()
      throw .memoryExceeded
    }
    unsafe self.stream = stream
  }

  deinit {
    unsafe BZ2_bzDecompressEnd(stream)
    unsafe stream.deallocate()
  }

  /// Takes some input and makes some output.
  ///
  /// - Parameters:
  ///   - input: the next bytes of the stream.
  ///   - output: filled from its start; not empty.
  /// - Returns: how far it came.
  /// - Throws: ``DeltaError/unsupportedCompression`` if the first four bytes are not those of a bzip2 stream,
  ///   ``DeltaError/corruptStream`` if the stream or one of its checksums is wrong, ``DeltaError/memoryExceeded``
  ///   if there is no memory for a block.
  public mutating func decompress(
    _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(DeltaError) -> DecompressionProgress {
    precondition(!output.isEmpty, "no room for output")
    if let pendingError { throw pendingError }
    guard !isAtEnd else { return DecompressionProgress(consumed: 0, produced: 0, isAtEnd: true) }
    // More than 4 GiB at once do not fit libbz2's counters; the caller pushes the rest again.
    let room = UInt32(clamping: output.count)
    let offered = UInt32(clamping: input.count)
    let status: Int32
    let consumed: Int
    let produced: Int
    (status, consumed, produced) = unsafe input.withUnsafeBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { destination in
        unsafe stream.pointee.next_in = Self.characters(source.baseAddress)
        unsafe stream.pointee.avail_in = offered
        unsafe stream.pointee.next_out = destination.baseAddress.map {
          unsafe UnsafeMutableRawPointer($0).assumingMemoryBound(to: CChar.self)
        }
        unsafe stream.pointee.avail_out = room
        let status = unsafe BZ2_bzDecompress(stream)
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
    case BZ_OK:
      break
    case BZ_STREAM_END:
      isAtEnd = true
    case BZ_DATA_ERROR_MAGIC:
      pendingError = .unsupportedCompression
    case BZ_MEM_ERROR:
      pendingError = .memoryExceeded
    default:
      pendingError = .corruptStream
    }
    if produced == 0, let pendingError { throw pendingError }
    return DecompressionProgress(consumed: consumed, produced: produced, isAtEnd: isAtEnd)
  }

  /// libbz2 takes its input as characters that it does not change.
  private static func characters(_ start: UnsafePointer<UInt8>?) -> UnsafeMutablePointer<CChar>? {
    guard let start = unsafe start else { return nil }
    return unsafe UnsafeMutablePointer(
      mutating: UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))
  }
}
