import CZstd
public import OTADelta

/// Decompresses one frame of Zstandard with libzstd, in memory that the window bounds.
///
/// A frame with a window over the limit is refused by its header, before memory is taken for it. A frame that names a
/// dictionary is refused, and so are skippable frames.
@safe public struct ZstdDecompressor: ~Copyable, Decompressor {
  /// The window that ``init()`` accepts, in bytes: what every decoder is asked to support.
  ///
  /// - Note: Source: RFC 8878, section 3.1.1.1.2.
  public static var defaultWindowSize: UInt64 { 8 << 20 }

  /// The most memory with the window of ``init()``, in bytes.
  public static var memoryRequirement: UInt32 { UInt32(memoryRequirement(windowSize: defaultWindowSize)) }

  /// The most memory that an instance takes, in bytes.
  ///
  /// - Parameter windowSize: the largest window that is accepted.
  /// - Returns: the window, and 576 KiB for two blocks and the tables; a test holds it against what libzstd says of
  ///   itself. The prefix is not in it.
  public static func memoryRequirement(windowSize: UInt64) -> UInt64 {
    let (sum, overflow) = windowSize.addingReportingOverflow(576 << 10)
    return overflow ? .max : sum
  }

  // Safe outside: made in init, freed in deinit, never handed out.
  private let context: OpaquePointer
  /// What the context refers to, and so must not move: copied to the heap once.
  private let prefix: UnsafeMutableBufferPointer<UInt8>
  private let maximumWindowSize: UInt64
  private var headerBytes = InlineArray<18, UInt8>(repeating: 0)
  private var headerCount = 0
  private var framing: ZstdFraming?
  /// How many bytes the frame makes, if it says so.
  private var contentLeft: UInt64?
  /// Whether the library may hold output that had no room.
  private var mayHoldOutput = false
  /// The last byte of the frame, if the library wants to see it again when all output had room.
  private var hostage: UInt8?
  private var isAtEnd = false
  private var failure: DeltaError?

  /// The header of the frame, once it has arrived.
  public private(set) var header: ZstdFrameHeader?

  /// Starts before the first byte of a frame, with a window of at most ``defaultWindowSize`` and no prefix.
  ///
  /// - Throws: ``DeltaError/memoryExceeded`` if there is no memory.
  public init() throws(DeltaError) {
    try self.init(maximumWindowSize: ZstdDecompressor.defaultWindowSize)
  }

  /// Starts before the first byte of a frame.
  ///
  /// - Parameters:
  ///   - maximumWindowSize: a frame with a larger window is refused, in bytes.
  ///   - prefix: what the frame may refer to as if it stood before its content; that which it was compressed with;
  ///     copied.
  /// - Throws: ``DeltaError/memoryExceeded`` if there is no memory.
  public init(maximumWindowSize: UInt64, prefix: Span<UInt8> = Span()) throws(DeltaError) {
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: prefix.count)
    unsafe prefix.withUnsafeBufferPointer { _ = unsafe buffer.initialize(from: $0) }
    try unsafe self.init(maximumWindowSize: maximumWindowSize, adopting: buffer)
  }

  /// Starts with a prefix that is in memory already.
  ///
  /// The prefix is owned by the instance from here on, also if this throws.
  init(
    maximumWindowSize: UInt64, adopting prefix: UnsafeMutableBufferPointer<UInt8>
  ) throws(DeltaError) {
    guard let context = unsafe ZSTD_createDCtx() else {
      unsafe prefix.deallocate()
      throw .memoryExceeded
    }
    if !prefix.isEmpty,
      unsafe ZSTD_isError(ZSTD_DCtx_refPrefix(context, prefix.baseAddress, prefix.count)) != 0
    {
      unsafe ZSTD_freeDCtx(context)
      unsafe prefix.deallocate()
      throw .memoryExceeded
    }
    unsafe self.context = context
    unsafe self.prefix = prefix
    self.maximumWindowSize = maximumWindowSize
  }

  deinit {
    unsafe ZSTD_freeDCtx(context)
    unsafe prefix.deallocate()
  }

  /// The memory that libzstd has taken, in bytes.
  var allocatedMemory: Int { unsafe ZSTD_sizeof_DCtx(context) }

  /// Takes some input and makes some output.
  ///
  /// - Parameters:
  ///   - input: the next bytes of the frame.
  ///   - output: filled from its start; not empty.
  /// - Returns: how far it came; nothing behind the end of the frame is consumed.
  /// - Throws: ``DeltaError/unsupportedCompression`` if this is no frame or it names a dictionary,
  ///   ``DeltaError/memoryExceeded`` if the window is too large or there is no memory,
  ///   ``DeltaError/corruptStream`` if a block, the declared size or the checksum is wrong; then the instance is of no
  ///   more use.
  public mutating func decompress(
    _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(DeltaError) -> DecompressionProgress {
    precondition(!output.isEmpty, "no room for output")
    if let failure { throw failure }
    var consumed = 0
    var produced = 0
    do throws(DeltaError) {
      while header == nil {
        guard consumed < input.count else { return progress(consumed, produced) }
        try takeHeader(input[consumed])
        consumed += 1
      }
      while !isAtEnd, produced < output.count {
        if mayHoldOutput {
          let made = try flush(into: &output, from: produced)
          mayHoldOutput = made == output.count - produced
          produced += made
          continue
        }
        guard let largest = framing?.largestPiece, largest > 0 else { throw .corruptStream }
        let count = min(largest, input.count - consumed)
        guard count > 0 else { break }
        let piece = input.extracting(consumed..<consumed + count)
        let made = try run(piece, into: &output, from: produced)
        // Refused by its header: how much of it the library gives out before it notices depends on how it is cut.
        if let size = framing?.take(piece), let left = contentLeft, size > left { throw .corruptStream }
        mayHoldOutput = made == output.count - produced
        consumed += count
        produced += made
      }
    } catch {
      failure = error
      // What came before the error is the caller's; the error waits for the next call.
      guard produced > 0 else { throw error }
    }
    return progress(consumed, produced)
  }

  private func progress(_ consumed: Int, _ produced: Int) -> DecompressionProgress {
    DecompressionProgress(consumed: consumed, produced: produced, isAtEnd: isAtEnd)
  }

  private mutating func takeHeader(_ byte: UInt8) throws(DeltaError) {
    headerBytes[headerCount] = byte
    headerCount += 1
    let bytes = headerBytes.span.extracting(0..<headerCount)
    guard let header = try ZstdFrameHeader(bytes) else { return }
    guard header.dictionaryIdentifier == 0 else { throw .unsupportedCompression }
    guard header.windowSize <= maximumWindowSize else { throw .memoryExceeded }
    // The library's own limit is a power of two; it knows 2^10 to 2^31.
    let logarithm = header.windowSize > 1024 ? 64 - (header.windowSize - 1).leadingZeroBitCount : 10
    guard logarithm <= 31,
      unsafe ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(logarithm))) == 0
    else { throw .memoryExceeded }
    self.header = header
    framing = ZstdFraming(hasChecksum: header.hasChecksum)
    contentLeft = header.contentSize
    // The header alone, and room for a byte that cannot come yet: with the whole frame at hand the library would
    // take another way, on which an error swallows the output before it.
    var none: UInt8 = 0
    var output = unsafe ZSTD_outBuffer()
    let status = unsafe bytes.withUnsafeBufferPointer { source in
      unsafe withUnsafeMutablePointer(to: &none) { destination in
        unsafe output.dst = UnsafeMutableRawPointer(destination)
        unsafe output.size = 1
        var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
        return unsafe ZSTD_decompressStream(context, &output, &input)
      }
    }
    try check(status)
  }

  /// Asks for output that had no room.
  private mutating func flush(
    into output: inout MutableSpan<UInt8>, from start: Int
  ) throws(DeltaError) -> Int {
    guard let hostage else { return try run(Span(), into: &output, from: start) }
    let byte: InlineArray<1, UInt8> = [hostage]
    return try run(byte.span, into: &output, from: start)
  }

  /// Gives a part of the frame to the library, all of it.
  ///
  /// - Returns: how many bytes it made.
  private mutating func run(
    _ piece: Span<UInt8>, into output: inout MutableSpan<UInt8>, from start: Int
  ) throws(DeltaError) -> Int {
    let (status, consumed, made) = unsafe piece.withUnsafeBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { destination in
        var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
        var output = unsafe ZSTD_outBuffer(
          dst: destination.baseAddress, size: destination.count, pos: start)
        let status = unsafe ZSTD_decompressStream(context, &output, &input)
        return unsafe (status, input.pos, output.pos - start)
      }
    }
    try check(status)
    if consumed < piece.count {
      // The frame is complete, but not all of it had room: the library gives the last byte back until it has.
      guard consumed == piece.count - 1 else { throw .corruptStream }
      hostage = piece[consumed]
    }
    if let left = contentLeft {
      guard UInt64(made) <= left else { throw .corruptStream }
      contentLeft = left - UInt64(made)
    }
    isAtEnd = status == 0
    return made
  }

  private func check(_ status: Int) throws(DeltaError) {
    guard ZSTD_isError(status) != 0 else { return }
    switch ZSTD_getErrorCode(status) {
    case ZSTD_error_memory_allocation, ZSTD_error_frameParameter_windowTooLarge: throw .memoryExceeded
    case ZSTD_error_prefix_unknown, ZSTD_error_version_unsupported, ZSTD_error_frameParameter_unsupported,
      ZSTD_error_dictionary_wrong:
      throw .unsupportedCompression
    default: throw .corruptStream
    }
  }
}
