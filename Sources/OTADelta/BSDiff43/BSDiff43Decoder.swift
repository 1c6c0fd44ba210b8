public import OTACore

/// Applies a patch of the format `ENDSLEY/BSDIFF43` while it arrives, with zlib or whatever the decompressor inflates.
///
/// Memory is bounded by ``memoryRequirement``, time by the length of the payload and 28 decompressed bytes for each
/// byte of the new image: only so many triples may be without output. Nothing is written before the header agrees with
/// what the caller expects, and never more than the expected size.
///
/// - Note: Source: Docs/DeltaFormat.md.
public struct BSDiff43Decoder<Inflater: Decompressor & ~Copyable>: ~Copyable, PayloadDecoder {
  private enum Phase: UInt8 {
    /// Bytes of the header are missing.
    case header
    /// Bytes of a control triple are missing.
    case control
    /// Bytes to add to old bytes follow.
    case difference
    /// New bytes follow.
    case extra
    /// The image is complete; the stream must end here.
    case streamEnd
    /// The stream has ended; the payload must end here.
    case payloadEnd
    /// An error was thrown.
    case failed
  }

  /// How many bytes are inflated, read and written at once.
  static var chunkSize: Int { 512 }

  private var inflater: Inflater
  private let imageSize: UInt32
  private let sourceSize: UInt32

  private var phase = Phase.header
  private var failure = DeltaError.abandoned
  /// How many bytes of the header or of the control triple have arrived.
  private var fieldCount = 0
  private var field = InlineArray<24, UInt8>(repeating: 0)
  /// How many bytes of the current run of differences or new bytes are missing.
  private var runLeft: UInt32 = 0
  private var extraCount: UInt32 = 0
  private var sourcePosition: UInt32 = 0
  private var nextSourcePosition: UInt32 = 0
  private var emptyControlsLeft: UInt32
  private var inflated = InlineArray<512, UInt8>(repeating: 0)
  private var old = InlineArray<512, UInt8>(repeating: 0)

  /// How many bytes of the new image were written to the sink.
  public private(set) var outputCount: UInt32 = 0

  /// The most memory that an instance takes, its decompressor included, in bytes.
  public static var memoryRequirement: UInt32 {
    UInt32(MemoryLayout<BSDiff43Decoder<Inflater>>.size) + Inflater.memoryRequirement
  }

  /// Starts before the first byte of a payload; both limits are checked before memory is taken.
  ///
  /// - Parameters:
  ///   - imageSize: how many bytes the new image must have.
  ///   - sourceSize: how many bytes the old image has.
  ///   - limits: ``Limits/imageSize`` and ``Limits/decoderMemory`` apply.
  /// - Throws: ``DeltaError/imageTooLarge`` or ``DeltaError/memoryExceeded``.
  public init(imageSize: UInt32, sourceSize: UInt32, limits: Limits) throws(DeltaError) {
    guard imageSize <= limits.imageSize, sourceSize <= limits.imageSize else { throw .imageTooLarge }
    guard BSDiff43Decoder.memoryRequirement <= limits.decoderMemory else { throw .memoryExceeded }
    self.inflater = try Inflater()
    self.imageSize = imageSize
    self.sourceSize = sourceSize
    emptyControlsLeft = BSDiff43Control.emptyLimit(imageSize: imageSize)
  }

  /// Takes the next bytes of the payload and writes all the image bytes that follow from them.
  ///
  /// - Parameters:
  ///   - bytes: any number of bytes; every division gives the same image or the same error.
  ///   - media: the old image, and where the new one goes, at most 512 bytes at a time.
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

  /// Ends the payload; returns only if the whole image was written and the stream is complete.
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

  private mutating func consume<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    var position = 0
    while phase == .header {
      guard position < bytes.count else { return }
      do throws(DeltaError) { try takeHeader(bytes[position]) } catch { throw .delta(error) }
      position += 1
    }
    while phase != .payloadEnd {
      let progress: DecompressionProgress
      do throws(DeltaError) {
        progress = try inflate(bytes.extracting(position..<bytes.count))
      } catch {
        throw .delta(error)
      }
      position += progress.consumed
      if progress.produced > 0 {
        try process(progress.produced, media: &media)
      }
      if progress.isAtEnd {
        guard phase == .streamEnd else { throw .delta(.truncated) }
        phase = .payloadEnd
      } else if progress.produced == 0 {
        if position == bytes.count { return }
        // A decompressor that neither takes nor gives would hang the device here.
        guard progress.consumed > 0 else { throw .delta(.corruptStream) }
      }
    }
    guard position == bytes.count else { throw .delta(.trailingData) }
  }

  private mutating func takeHeader(_ byte: UInt8) throws(DeltaError) {
    if fieldCount < BSDiff43Format.magicSize {
      guard byte == BSDiff43Format.magicByte(at: fieldCount) else { throw .unsupportedFormat }
    }
    field[fieldCount] = byte
    fieldCount += 1
    guard fieldCount == BSDiff43Format.headerSize else { return }
    let size = try BSDiffInteger(field.span, at: BSDiff43Format.magicSize).length()
    guard size == UInt64(imageSize) else { throw .imageSizeMismatch }
    beginControl()
  }

  /// Inflates at most what the current phase wants, so that a bomb never gets ahead of the checks.
  private mutating func inflate(_ input: Span<UInt8>) throws(DeltaError) -> DecompressionProgress {
    let wanted: Int
    switch phase {
    case .control: wanted = BSDiff43Format.controlSize - fieldCount
    case .difference, .extra: wanted = Int(min(runLeft, UInt32(BSDiff43Decoder.chunkSize)))
    case .streamEnd: wanted = 1
    case .header, .payloadEnd, .failed: preconditionFailure("not inflating")
    }
    var buffer = inflated.mutableSpan
    var output = buffer._mutatingExtracting(0..<wanted)
    let progress = try inflater.decompress(input, into: &output)
    precondition(
      progress.produced >= 0 && progress.produced <= wanted && progress.consumed >= 0
        && progress.consumed <= input.count, "the decompressor breaks its contract")
    return progress
  }

  private mutating func process<Media: PatchMedia & ~Copyable>(
    _ count: Int, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    switch phase {
    case .control:
      for index in 0..<count { field[fieldCount + index] = inflated[index] }
      fieldCount += count
      guard fieldCount == BSDiff43Format.controlSize else { return }
      do throws(DeltaError) { try takeControl() } catch { throw .delta(error) }
    case .difference:
      do throws(Media.SourceFailure) { try addOld(count, media: &media) } catch { throw .source(error) }
      do throws(Media.SinkFailure) { try write(count, media: &media) } catch { throw .sink(error) }
      sourcePosition += UInt32(count)
      if runLeft == 0 { beginExtra() }
    case .extra:
      do throws(Media.SinkFailure) { try write(count, media: &media) } catch { throw .sink(error) }
      if runLeft == 0 { endControl() }
    case .streamEnd:
      throw .delta(.trailingData)
    case .header, .payloadEnd, .failed:
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
    phase = outputCount == imageSize ? .streamEnd : .control
  }

  private mutating func addOld<Media: PatchMedia & ~Copyable>(
    _ count: Int, media: inout Media
  ) throws(Media.SourceFailure) {
    var buffer = old.mutableSpan
    var part = buffer._mutatingExtracting(0..<count)
    try media.readSource(into: &part, at: sourcePosition)
    // The format's difference is modulo 256: wrapping is what is meant.
    for index in 0..<count { inflated[index] = inflated[index] &+ old[index] }
  }

  private mutating func write<Media: PatchMedia & ~Copyable>(
    _ count: Int, media: inout Media
  ) throws(Media.SinkFailure) {
    try media.writeImage(inflated.span.extracting(0..<count))
    outputCount += UInt32(count)
    runLeft -= UInt32(count)
  }
}
