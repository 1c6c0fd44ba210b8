#if !hasFeature(Embedded)
public import OTACore

/// Applies a patch of the format `BSDIFF40` while it arrives, on hosts.
///
/// The format has its control triples, differences and extra bytes in three streams one after the other, so the first
/// two must be kept until the third arrives: the memory depends on the patch, is known from its header, and is held
/// against ``Limits/decoderMemory`` before any of it is taken. The third stream is decompressed as it arrives. The
/// image is written as far as the bytes that are there allow.
///
/// Time is bounded by the length of the payload and 28 decompressed bytes for each byte of the new image. Nothing is
/// written before the header agrees with what the caller expects, and never more than the expected size.
///
/// - Note: Source: Docs/DeltaFormat.md.
public struct BSDiff40Decoder<Inflater: Decompressor & ~Copyable>: ~Copyable, PayloadDecoder {
  private enum Phase: UInt8 {
    /// Bytes of the header are missing.
    case header
    /// Bytes of a control triple are missing.
    case control
    /// Bytes to add to old bytes follow.
    case difference
    /// New bytes follow.
    case extra
    /// The image is complete; this stream must end here, and then the next one.
    case controlEnd, differenceEnd, extraEnd
    /// All streams have ended; the payload must end here.
    case payloadEnd
    /// An error was thrown.
    case failed
  }

  /// How many bytes are inflated, read and written at once.
  static var chunkSize: Int { 16 << 10 }

  private let imageSize: UInt32
  private let sourceSize: UInt32
  private let memoryLimit: UInt32

  private var phase = Phase.header
  private var failure = DeltaError.abandoned
  private var header: [UInt8] = []
  private var controls: PatchStream<Inflater>
  private var differences: PatchStream<Inflater>
  private var extras: PatchStream<Inflater>

  /// How many bytes of the control triple are there.
  private var fieldCount = 0
  private var field = InlineArray<24, UInt8>(repeating: 0)
  /// How many bytes of the current run of differences or new bytes are missing.
  private var runLeft: UInt32 = 0
  private var extraCount: UInt32 = 0
  private var sourcePosition: UInt32 = 0
  private var nextSourcePosition: UInt32 = 0
  private var emptyControlsLeft: UInt32
  private var inflated = [UInt8](repeating: 0, count: BSDiff40Decoder.chunkSize)
  private var old = [UInt8](repeating: 0, count: BSDiff40Decoder.chunkSize)

  /// How many bytes of the new image were written to the sink.
  public private(set) var outputCount: UInt32 = 0

  /// What an instance takes for any patch, its decompressors included, in bytes.
  public static var minimumMemory: UInt32 {
    UInt32(MemoryLayout<BSDiff40Decoder<Inflater>>.size + 2 * chunkSize)
      + UInt32(3 * PatchStream<Inflater>.memoryRequirement)
  }

  /// The most memory that an instance takes for a patch with this header, its decompressors included, in bytes;
  /// `UInt64.max` if it is more than that.
  public static func memoryRequirement(of header: BSDiff40Header) -> UInt64 {
    let (kept, isOver) = header.controlSize.addingReportingOverflow(header.differenceSize)
    let (sum, isTooMuch) = kept.addingReportingOverflow(UInt64(minimumMemory))
    return isOver || isTooMuch ? .max : sum
  }

  /// Starts before the first byte of a payload; both limits are checked before memory is taken.
  ///
  /// - Parameters:
  ///   - imageSize: how many bytes the new image must have.
  ///   - sourceSize: how many bytes the old image has.
  ///   - limits: ``Limits/imageSize`` and ``Limits/decoderMemory`` apply; the latter also to what the header
  ///     asks for, when it is there. The default is too little for bzip2.
  /// - Throws: ``DeltaError/imageTooLarge`` or ``DeltaError/memoryExceeded``.
  public init(imageSize: UInt32, sourceSize: UInt32, limits: Limits) throws(DeltaError) {
    guard imageSize <= limits.imageSize, sourceSize <= limits.imageSize else { throw .imageTooLarge }
    guard BSDiff40Decoder.minimumMemory <= limits.decoderMemory else { throw .memoryExceeded }
    // All three first: the value is made whole or not at all.
    let first = try PatchStream<Inflater>()
    let second = try PatchStream<Inflater>()
    let third = try PatchStream<Inflater>()
    controls = first
    differences = second
    extras = third
    self.imageSize = imageSize
    self.sourceSize = sourceSize
    memoryLimit = limits.decoderMemory
    emptyControlsLeft = BSDiff43Control.emptyLimit(imageSize: imageSize)
  }

  /// Takes the next bytes of the payload and writes all the image bytes that follow from them.
  ///
  /// - Parameters:
  ///   - bytes: any number of bytes; every division gives the same image or the same error.
  ///   - media: the old image, and where the new one goes, at most 16 KiB at a time.
  /// - Throws: ``PatchError/delta(_:)`` with any ``DeltaError`` of the format, ``PatchError/source(_:)`` or
  ///   ``PatchError/sink(_:)``; what was written before stays written.
  public mutating func push<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    guard phase != .failed else { throw .delta(failure) }
    do throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
      // In parts, so that what waits of the extra bytes is never more than a block.
      var position = 0
      while position < bytes.count {
        let end = position + min(bytes.count - position, ByteQueue.blockSize)
        do throws(DeltaError) { try take(bytes.extracting(position..<end)) } catch { throw .delta(error) }
        try proceed(media: &media)
        position = end
      }
    } catch {
      phase = .failed
      if case .delta(let error) = error { failure = error }
      throw error
    }
  }

  /// Ends the payload; returns only if the whole image was written and all streams are complete.
  ///
  /// - Throws: ``DeltaError/truncated``, or what an earlier call threw.
  public mutating func finish() throws(DeltaError) {
    guard phase != .failed else { throw failure }
    guard phase == .payloadEnd else {
      phase = .failed
      failure = .truncated
      throw .truncated
    }
  }

  /// Gives each stream what belongs to it.
  private mutating func take(_ bytes: Span<UInt8>) throws(DeltaError) {
    var position = 0
    while phase == .header {
      guard position < bytes.count else { return }
      try takeHeader(bytes[position])
      position += 1
    }
    guard position < bytes.count else { return }
    guard phase != .payloadEnd else { throw .trailingData }
    position += controls.take(bytes.extracting(position..<bytes.count))
    position += differences.take(bytes.extracting(position..<bytes.count))
    position += extras.take(bytes.extracting(position..<bytes.count))
  }

  private mutating func takeHeader(_ byte: UInt8) throws(DeltaError) {
    header.append(byte)
    let parsed: BSDiff40Header
    do throws(DeltaError) {
      parsed = try BSDiff40Header(header.span)
    } catch .truncated {
      return
    }
    guard parsed.imageSize == UInt64(imageSize) else { throw .imageSizeMismatch }
    guard BSDiff40Decoder.memoryRequirement(of: parsed) <= UInt64(memoryLimit) else { throw .memoryExceeded }
    controls.begin(size: parsed.controlSize)
    differences.begin(size: parsed.differenceSize)
    extras.begin(size: nil)
    beginControl()
  }

  /// Goes on until bytes are missing.
  private mutating func proceed<Media: PatchMedia & ~Copyable>(
    media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    while true {
      let count: Int
      do throws(DeltaError) {
        switch phase {
        case .header, .payloadEnd, .failed: return
        case .control, .difference, .extra: count = try inflate()
        case .controlEnd, .differenceEnd, .extraEnd:
          guard try endStream() else { return }
          continue
        }
      } catch {
        throw .delta(error)
      }
      guard count > 0 else { return }
      try process(count, media: &media)
    }
  }

  /// Inflates at most what the current phase wants, so that a bomb never gets ahead of the checks.
  ///
  /// - Returns: how many bytes came; 0 if more of the payload must arrive.
  private mutating func inflate() throws(DeltaError) -> Int {
    let count: Int
    let isAtEnd: Bool
    switch phase {
    case .control:
      count = try controls.inflate(upTo: BSDiff40Format.controlSize - fieldCount, into: &inflated)
      isAtEnd = controls.isAtEnd
    case .difference:
      count = try differences.inflate(upTo: chunkCount, into: &inflated)
      isAtEnd = differences.isAtEnd
    case .extra:
      count = try extras.inflate(upTo: chunkCount, into: &inflated)
      isAtEnd = extras.isAtEnd
    case .header, .controlEnd, .differenceEnd, .extraEnd, .payloadEnd, .failed:
      preconditionFailure("not inflating")
    }
    guard count > 0 || !isAtEnd else { throw .truncated }
    return count
  }

  /// How much of the current run is inflated at once.
  private var chunkCount: Int { Int(min(runLeft, UInt32(BSDiff40Decoder.chunkSize))) }

  /// Sees that a stream ends where the image is complete, and its bytes in the payload with it.
  ///
  /// - Returns: whether it has; else more of the payload must arrive.
  private mutating func endStream() throws(DeltaError) -> Bool {
    switch phase {
    case .controlEnd:
      guard try controls.end(probing: &inflated) else { return false }
      phase = .differenceEnd
    case .differenceEnd:
      guard try differences.end(probing: &inflated) else { return false }
      phase = .extraEnd
    case .extraEnd:
      guard try extras.end(probing: &inflated) else { return false }
      phase = .payloadEnd
    case .header, .control, .difference, .extra, .payloadEnd, .failed: preconditionFailure("not ending")
    }
    return true
  }

  private mutating func process<Media: PatchMedia & ~Copyable>(
    _ count: Int, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    switch phase {
    case .control:
      for index in 0..<count { field[fieldCount + index] = inflated[index] }
      fieldCount += count
      guard fieldCount == BSDiff40Format.controlSize else { return }
      do throws(DeltaError) { try takeControl() } catch { throw .delta(error) }
    case .difference:
      do throws(Media.SourceFailure) { try addOld(count, media: &media) } catch { throw .source(error) }
      do throws(Media.SinkFailure) { try write(count, media: &media) } catch { throw .sink(error) }
      sourcePosition += UInt32(count)
      if runLeft == 0 { beginExtra() }
    case .extra:
      do throws(Media.SinkFailure) { try write(count, media: &media) } catch { throw .sink(error) }
      if runLeft == 0 { endControl() }
    case .header, .controlEnd, .differenceEnd, .extraEnd, .payloadEnd, .failed:
      preconditionFailure("not inflating")
    }
  }

  private mutating func takeControl() throws(DeltaError) {
    let control = try BSDiff43Control(
      field.span, outputLeft: imageSize - outputCount, sourcePosition: sourcePosition, sourceSize: sourceSize)
    if control.isEmpty {
      guard emptyControlsLeft > 0 else { throw .noProgress }
      emptyControlsLeft -= 1
    }
    nextSourcePosition = control.nextSourcePosition
    extraCount = control.extraCount
    runLeft = control.differenceCount
    phase = .difference
    if runLeft == 0 { beginExtra() }
  }

  private mutating func beginExtra() {
    phase = .extra
    runLeft = extraCount
    if runLeft == 0 { endControl() }
  }

  private mutating func endControl() {
    sourcePosition = nextSourcePosition
    beginControl()
  }

  private mutating func beginControl() {
    fieldCount = 0
    phase = outputCount == imageSize ? .controlEnd : .control
  }

  private mutating func addOld<Media: PatchMedia & ~Copyable>(
    _ count: Int, media: inout Media
  ) throws(Media.SourceFailure) {
    let position = sourcePosition
    var buffer = old.mutableSpan
    var part = buffer._mutatingExtracting(0..<count)
    try media.readSource(into: &part, at: position)
    BSDiff40Decoder.add(old, to: &inflated, count: count)
  }

  /// Adds byte by byte; the format's difference is modulo 256: wrapping is what is meant.
  private static func add(_ old: [UInt8], to inflated: inout [UInt8], count: Int) {
    let old = old.span
    var sums = inflated.mutableSpan
    for index in 0..<count { sums[index] &+= old[index] }
  }

  private mutating func write<Media: PatchMedia & ~Copyable>(
    _ count: Int, media: inout Media
  ) throws(Media.SinkFailure) {
    try media.writeImage(inflated.span.extracting(0..<count))
    outputCount += UInt32(count)
    runLeft -= UInt32(count)
  }
}
#endif
