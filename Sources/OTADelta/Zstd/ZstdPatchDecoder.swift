public import OTACore
public import OTADelta

/// Applies patches as `zstd --patch-from` writes them, while they arrive.
///
/// A patch is one frame of Zstandard that refers to the old image as if it stood before the new one. The old image is
/// read once and whole, when the header of the frame has been held against what the caller expects; so memory is that
/// of the old image and of the window, and the caller's limit holds for both together before either is taken. Never
/// more than the expected size is written.
///
/// The format has no digest of the old image: that of the manifest is compared before the first byte of the patch.
///
/// - Note: Source: Docs/ZstdPatch.md.
public struct ZstdPatchDecoder: ~Copyable, PayloadDecoder {
  /// How many bytes are decompressed and written at once, at most.
  static var chunkSize: Int { 128 << 10 }

  private let imageSize: UInt32
  private let sourceSize: UInt32
  private let memoryLimit: UInt32

  private var headerBytes = InlineArray<18, UInt8>(repeating: 0)
  private var headerCount = 0
  private var decompressor: ZstdDecompressor?
  private var buffer: [UInt8] = []
  private var isAtEnd = false
  private var failure: DeltaError?

  /// How many bytes of the new image were written to the sink.
  public private(set) var outputCount: UInt32 = 0

  /// The most memory that an instance takes, in bytes.
  ///
  /// - Parameters:
  ///   - sourceSize: of the old image.
  ///   - windowSize: as the header of the frame has it.
  /// - Returns: the old image, the window, and 704 KiB.
  public static func memoryRequirement(sourceSize: UInt32, windowSize: UInt64) -> UInt64 {
    let fixed = UInt64(sourceSize) + UInt64(chunkSize) + UInt64(MemoryLayout<ZstdPatchDecoder>.size)
    let (sum, overflow) = ZstdDecompressor.memoryRequirement(windowSize: windowSize)
      .addingReportingOverflow(fixed)
    return overflow ? .max : sum
  }

  /// Starts before the first byte of a patch.
  ///
  /// - Parameters:
  ///   - imageSize: how many bytes the new image must have.
  ///   - sourceSize: how many bytes the old image has.
  ///   - limits: ``Limits/imageSize`` applies at once, ``Limits/decoderMemory`` as far as it is known: the window comes
  ///     with the header of the frame.
  /// - Throws: ``DeltaError/imageTooLarge`` or ``DeltaError/memoryExceeded``.
  public init(imageSize: UInt32, sourceSize: UInt32, limits: Limits) throws(DeltaError) {
    guard imageSize <= limits.imageSize, sourceSize <= limits.imageSize else { throw .imageTooLarge }
    let least = ZstdPatchDecoder.memoryRequirement(sourceSize: sourceSize, windowSize: 0)
    guard least <= UInt64(limits.decoderMemory) else { throw .memoryExceeded }
    self.imageSize = imageSize
    self.sourceSize = sourceSize
    self.memoryLimit = limits.decoderMemory
  }

  /// Takes the next bytes of the patch and writes all the image bytes that follow from them.
  ///
  /// - Parameters:
  ///   - bytes: any number of bytes; every division gives the same image or the same error.
  ///   - media: the old image, read whole before the first write, and where the new one goes, at most 128 KiB at a
  ///     time.
  /// - Throws: ``PatchError/delta(_:)`` with ``DeltaError/unsupportedFormat`` if this is no frame,
  ///   ``DeltaError/unsupportedCompression`` if it names a dictionary, ``DeltaError/imageSizeMismatch`` if it declares
  ///   another size, or declares none and makes less, ``DeltaError/outputOverflow`` if it declares none and makes more,
  ///   ``DeltaError/memoryExceeded``, ``DeltaError/corruptStream`` or ``DeltaError/trailingData``;
  ///   ``PatchError/source(_:)`` or ``PatchError/sink(_:)``. What was written before stays written.
  public mutating func push<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    if let failure { throw .delta(failure) }
    do throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
      try consume(bytes, media: &media)
    } catch {
      failure = .abandoned
      if case .delta(let error) = error { failure = error }
      // Nothing of it is of use any more.
      decompressor = nil
      buffer = []
      throw error
    }
  }

  /// Ends the patch; returns only if the whole image was written and the frame is complete.
  ///
  /// - Throws: ``DeltaError/truncated``, or what an earlier call threw.
  public mutating func finish() throws(DeltaError) {
    if let failure { throw failure }
    guard isAtEnd else {
      failure = .truncated
      throw .truncated
    }
  }

  private mutating func consume<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    var position = 0
    while decompressor == nil, !isAtEnd {
      guard position < bytes.count else { return }
      let header: ZstdFrameHeader?
      do throws(DeltaError) { header = try takeHeader(bytes[position]) } catch { throw .delta(error) }
      position += 1
      if let header { try start(header, media: &media) }
    }
    while !isAtEnd {
      // Behind the last byte of the image there is room for one more, which must not come.
      let wanted = Int(min(UInt32(ZstdPatchDecoder.chunkSize), max(imageSize - outputCount, 1)))
      let progress: DecompressionProgress
      do throws(DeltaError) {
        progress = try decompress(bytes.extracting(position..<bytes.count), wanted: wanted)
      } catch {
        throw .delta(error)
      }
      position += progress.consumed
      if progress.produced > 0 {
        guard outputCount < imageSize else { throw .delta(.outputOverflow) }
        do throws(Media.SinkFailure) {
          try media.writeImage(buffer.span.extracting(0..<progress.produced))
        } catch {
          throw .sink(error)
        }
        outputCount += UInt32(progress.produced)
      }
      if progress.isAtEnd {
        guard outputCount == imageSize else { throw .delta(.imageSizeMismatch) }
        isAtEnd = true
        decompressor = nil
        buffer = []
      } else if progress.produced == 0, position == bytes.count {
        return
      }
    }
    guard position == bytes.count else { throw .delta(.trailingData) }
  }

  private mutating func decompress(
    _ input: Span<UInt8>, wanted: Int
  ) throws(DeltaError) -> DecompressionProgress {
    // Taken out for the call: the span of a property would keep the decompressor from being changed.
    var room: [UInt8] = []
    swap(&room, &buffer)
    defer { swap(&room, &buffer) }
    var all = room.mutableSpan
    var output = all._mutatingExtracting(0..<wanted)
    guard let progress = try decompressor?.decompress(input, into: &output) else {
      preconditionFailure("not decompressing")
    }
    return progress
  }

  /// Takes a byte of the header, and checks it once it is complete.
  private mutating func takeHeader(_ byte: UInt8) throws(DeltaError) -> ZstdFrameHeader? {
    headerBytes[headerCount] = byte
    headerCount += 1
    let header: ZstdFrameHeader?
    do throws(DeltaError) {
      header = try ZstdFrameHeader(headerBytes.span.extracting(0..<headerCount))
    } catch {
      throw headerCount <= 4 ? .unsupportedFormat : error
    }
    guard let header else { return nil }
    guard header.dictionaryIdentifier == 0 else { throw .unsupportedCompression }
    if let size = header.contentSize {
      guard size == UInt64(imageSize) else { throw .imageSizeMismatch }
    }
    let memory = ZstdPatchDecoder.memoryRequirement(
      sourceSize: sourceSize, windowSize: header.windowSize)
    guard memory <= UInt64(memoryLimit) else { throw .memoryExceeded }
    return header
  }

  /// Reads the old image and starts the decompressor with it and with the header.
  private mutating func start<Media: PatchMedia & ~Copyable>(
    _ header: ZstdFrameHeader, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    let prefix = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: Int(sourceSize))
    unsafe prefix.initialize(repeating: 0)
    do throws(Media.SourceFailure) {
      try unsafe readSource(into: prefix, media: &media)
    } catch {
      unsafe prefix.deallocate()
      throw .source(error)
    }
    do throws(DeltaError) {
      var decompressor = try unsafe ZstdDecompressor(
        maximumWindowSize: header.windowSize, adopting: prefix)
      var room = [UInt8](repeating: 0, count: ZstdPatchDecoder.chunkSize)
      var output = room.mutableSpan
      // The header makes no byte.
      _ = try decompressor.decompress(headerBytes.span.extracting(0..<headerCount), into: &output)
      buffer = room
      self.decompressor = consume decompressor
    } catch {
      throw .delta(error)
    }
  }

  private func readSource<Media: PatchMedia & ~Copyable>(
    into prefix: UnsafeMutableBufferPointer<UInt8>, media: inout Media
  ) throws(Media.SourceFailure) {
    var all = unsafe MutableSpan(_unsafeElements: prefix)
    var position = 0
    while position < all.count {
      let end = min(all.count, position + ZstdPatchDecoder.chunkSize)
      var part = all._mutatingExtracting(position..<end)
      try media.readSource(into: &part, at: UInt32(position))
      position = end
    }
  }
}
