import CZlib
public import OTACore
public import OTADelta

/// Applies a patch of the format VCDIFF while it arrives: what RFC 3284 describes with its default code table, and what
/// `xdelta3 -e` makes of it, its `lzma` included.
///
/// A window is collected, decoded into memory, held against its checksum if it has one, and only then written. Memory is
/// bounded by ``Limits/decoderMemory``, which every size in the patch is held against before memory is taken; time by
/// the payload and the new image, because every instruction makes a byte.
///
/// - Note: Source: Docs/VCDIFF.md.
public struct VCDIFFDecoder: ~Copyable, PayloadDecoder {
  private enum Phase: UInt8 {
    /// Bytes of the header of the file or of a window are missing.
    case header
    /// Bytes of the sections of a window are missing.
    case sections
    /// An error was thrown.
    case failed
  }

  /// The most bytes that are written at once.
  static var chunkSize: Int { 64 << 10 }

  private let imageSize: Int
  private let sourceSize: Int
  /// How much memory buffers and decompressors may take together.
  private let memory: Int

  private var phase = Phase.header
  private var failure = DeltaError.abandoned
  private var parser = VCDIFFHeaderParser()
  private var sections = VCDIFFBuffer()
  private var sectionsCount = 0
  private var unpacker = VCDIFFUnpacker()
  private var cache: VCDIFFSourceCache
  /// The window, and before it the image up to here if that is kept.
  private var output = VCDIFFBuffer()
  /// Whether ``output`` holds the image from its first byte on, for windows that copy from it.
  private var keepsImage: Bool

  /// How many bytes of the new image were written to the sink.
  public private(set) var outputCount: UInt32 = 0

  /// The memory that an instance takes besides the windows of the patch, in bytes.
  public static var baseMemory: UInt32 { 80 << 10 }

  /// Starts before the first byte of a payload.
  ///
  /// - Parameters:
  ///   - imageSize: how many bytes the new image must have; the format does not say it in one place.
  ///   - sourceSize: how many bytes the old image has.
  ///   - limits: ``Limits/imageSize`` and ``Limits/decoderMemory`` apply; the latter also to each window, when its
  ///     header has arrived.
  /// - Throws: ``DeltaError/imageTooLarge``, or ``DeltaError/memoryExceeded`` below ``baseMemory``.
  public init(imageSize: UInt32, sourceSize: UInt32, limits: Limits) throws(DeltaError) {
    guard imageSize <= limits.imageSize, sourceSize <= limits.imageSize else { throw .imageTooLarge }
    guard VCDIFFDecoder.baseMemory <= limits.decoderMemory else { throw .memoryExceeded }
    self.imageSize = Int(imageSize)
    self.sourceSize = Int(sourceSize)
    self.memory = Int(limits.decoderMemory - VCDIFFDecoder.baseMemory)
    self.keepsImage = true
    self.cache = VCDIFFSourceCache(sourceSize: Int(sourceSize))
  }

  /// Takes the next bytes of the payload and writes all the image bytes that follow from them.
  ///
  /// - Parameters:
  ///   - bytes: any number of bytes; every division gives the same image or the same error.
  ///   - media: the old image, and where the new one goes: whole windows, at most 64 KiB at a time.
  /// - Throws: ``PatchError/delta(_:)`` with any ``DeltaError`` of the format, ``PatchError/source(_:)`` or
  ///   ``PatchError/sink(_:)``; what was written before stays written.
  public mutating func push<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    guard phase != .failed else { throw .delta(failure) }
    do throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
      try consume(bytes, media: &media)
    } catch {
      phase = .failed
      if case .delta(let error) = error { failure = error }
      throw error
    }
  }

  /// Ends the payload; returns only if the whole image was written and no window was begun behind it.
  ///
  /// - Throws: ``DeltaError/truncated``, or what an earlier call threw.
  public mutating func finish() throws(DeltaError) {
    guard phase != .failed else { throw failure }
    guard phase == .header, parser.isBetweenWindows, outputCount == imageSize else {
      phase = .failed
      failure = .truncated
      throw .truncated
    }
  }

  private mutating func consume<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    var position = 0
    while position < bytes.count {
      if phase == .header {
        do throws(DeltaError) {
          if try parser.take(bytes[position]) { try beginWindow(parser.window) }
        } catch {
          throw .delta(error)
        }
        position += 1
      } else {
        let count = min(parser.window.sections.sum - sectionsCount, bytes.count - position)
        sections.write(bytes.extracting(position..<position + count), at: sectionsCount)
        sectionsCount += count
        position += count
      }
      if phase == .sections, sectionsCount == parser.window.sections.sum {
        try decode(parser.window, media: &media)
        phase = .header
      }
    }
  }

  /// Holds a window against the images and the limits, and takes the memory for it.
  private mutating func beginWindow(_ window: VCDIFFWindowHeader) throws(DeltaError) {
    guard window.targetSize <= imageSize - Int(outputCount) else { throw .outputOverflow }
    let isTarget = window.indicator & VCDIFFFormat.Window.target != 0
    let range = isTarget ? Int(outputCount) : sourceSize
    guard window.segmentSize <= range, window.segmentPosition <= range - window.segmentSize else {
      throw .sourceOutOfRange
    }
    // Sections that are not packed hold at most what the instructions can ask for.
    guard window.deltaIndicator != 0 || window.sections.arePlausible(for: window.targetSize) else {
      throw .corruptStream
    }
    let memory = self.memory - unpacker.memoryUse
    // Beside decompressors, whose need is not known yet, the image is not kept.
    let kept = parser.hasSecondaryCompression ? nil : imageSize
    if keepsImage, kept.map({ $0 > memory || window.sections.sum > memory - $0 }) ?? true {
      keepsImage = false
      output = VCDIFFBuffer()
    }
    guard keepsImage || !isTarget else { throw .memoryExceeded }
    let wanted = keepsImage ? imageSize : window.targetSize
    guard window.sections.sum <= memory, wanted <= memory - window.sections.sum else { throw .memoryExceeded }
    // What earlier windows have left is given back before the sum would pass the limit.
    let reserved = max(output.capacity, wanted) + max(sections.capacity, window.sections.sum)
    if reserved > memory - unpacker.bytes.capacity {
      unpacker.releaseBytes()
      sections = VCDIFFBuffer()
      if !keepsImage { output = VCDIFFBuffer() }
    }
    if sections.capacity < window.sections.sum { sections = VCDIFFBuffer(capacity: window.sections.sum) }
    if output.capacity < wanted { output = VCDIFFBuffer(capacity: wanted) }
    sectionsCount = 0
    phase = .sections
  }

  private mutating func decode<Media: PatchMedia & ~Copyable>(
    _ window: VCDIFFWindowHeader, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    let start = keepsImage ? Int(outputCount) : 0
    let end = start + window.targetSize
    if window.deltaIndicator == 0 {
      try VCDIFFInterpreter.run(
        window, start: start, output: &output, sections: sections, sizes: window.sections, cache: &cache,
        media: &media)
    } else {
      let sizes: VCDIFFSectionSizes
      do throws(DeltaError) {
        sizes = try unpacker.unpack(sections, window, memory: memory - sections.capacity - output.capacity)
      } catch {
        throw .delta(error)
      }
      try VCDIFFInterpreter.run(
        window, start: start, output: &output, sections: unpacker.bytes, sizes: sizes, cache: &cache,
        media: &media)
    }
    if let checksum = window.checksum, checksum != VCDIFFDecoder.adler32(of: output.span(start..<end)) {
      throw .delta(.outputMismatch)
    }
    var position = start
    while position < end {
      let count = min(VCDIFFDecoder.chunkSize, end - position)
      do throws(Media.SinkFailure) {
        try media.writeImage(output.span(position..<position + count))
      } catch {
        throw .sink(error)
      }
      position += count
      outputCount += UInt32(count)
    }
  }

  /// The Adler-32 of bytes (RFC 1950, section 8.2), by zlib.
  private static func adler32(of bytes: Span<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      UInt32(truncatingIfNeeded: unsafe adler32_z(1, buffer.baseAddress, buffer.count))
    }
  }
}
