public import OTACore
import OTACrypto

/// Applies a native patch while it arrives.
///
/// The header comes first: sizes, memory and the digest of the old image are checked before a byte is written, and the
/// digest of the new image when the last one was. Both digests are the first eight bytes of a SHA-256: they find the
/// wrong image and damage, not an attack, against which the digests in the signed manifest stand.
///
/// Nothing is kept for after a power cut: decoding gives the same bytes again, so a patch is replayed from its first
/// byte and the sink drops what is in flash already.
///
/// - Note: Source: Docs/DeltaFormat.md.
public struct NativeDecoder: ~Copyable, PayloadDecoder {
  private enum Phase: UInt8 {
    /// Bytes of the header are missing.
    case header
    /// Bytes of the body are missing.
    case body
    /// Bytes of the body are missing, which are those of the image; or none is, and the digest is to be compared.
    case stored
    /// The image is complete, and is the promised one.
    case end
    /// An error was thrown.
    case failed
  }

  private let imageSize: UInt32
  private let sourceSize: UInt32
  private let memoryLimit: UInt64
  private var memory: DecoderMemory
  #if !hasFeature(Embedded)
  private let allocatesMemory: Bool
  #endif

  private var phase = Phase.header
  private var failure = DeltaError.abandoned
  private var field = InlineArray<64, UInt8>(repeating: 0)
  private var fieldCount = 0
  /// What the patch says about itself, when its first bytes have arrived.
  public var header: NativeHeader? { hasHeader ? headerFields : nil }
  private var hasHeader = false
  private var headerFields = NativeHeader()
  private var body: BodyDecoder?
  private var bodyLeft: UInt32 = 0
  private var hash = SHA256()

  /// How many bytes of the new image were written to the sink.
  public private(set) var outputCount: UInt32 = 0

  #if !hasFeature(Embedded)
  /// Starts before the first byte of a payload; memory is allocated when the header says how much.
  ///
  /// - Parameters:
  ///   - imageSize: how many bytes the new image must have.
  ///   - sourceSize: how many bytes the old image has.
  ///   - limits: ``Limits/imageSize`` and ``Limits/decoderMemory`` apply.
  /// - Throws: ``DeltaError/imageTooLarge``.
  public init(imageSize: UInt32, sourceSize: UInt32, limits: Limits) throws(DeltaError) {
    guard imageSize <= limits.imageSize, sourceSize <= limits.imageSize else { throw .imageTooLarge }
    self.imageSize = imageSize
    self.sourceSize = sourceSize
    memoryLimit = UInt64(limits.decoderMemory)
    memory = DecoderMemory(allocating: 0)
    allocatesMemory = true
  }
  #endif

  /// Starts before the first byte of a payload, with memory that is there: the decoder allocates nothing.
  ///
  /// - Parameters:
  ///   - imageSize: how many bytes the new image must have.
  ///   - sourceSize: how many bytes the old image has.
  ///   - memory: all that the decoder may use besides its own value; a patch that needs more is refused.
  public init(imageSize: UInt32, sourceSize: UInt32, memory: consuming DecoderMemory) {
    self.imageSize = imageSize
    self.sourceSize = sourceSize
    memoryLimit = UInt64(truncatingIfNeeded: memory.byteCount)
    self.memory = consume memory
    #if !hasFeature(Embedded)
    allocatesMemory = false
    #endif
  }

  /// The working memory that a patch needs, in bytes: a function of its header.
  public static func memoryRequirement(of header: NativeHeader) -> UInt64 {
    switch header.coder {
    case .adaptive, .inPlace: NativeLayout(header).byteCount
    case .stored, .streams: 0
    }
  }

  /// Takes the next bytes of the payload and writes all the image bytes that follow from them.
  ///
  /// - Parameters:
  ///   - bytes: any number of bytes; every division gives the same image or the same error.
  ///   - media: the old image, and where the new one goes.
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

  /// Ends the payload; returns only if the whole image was written and is the promised one.
  ///
  /// - Throws: ``DeltaError/truncated``, or what an earlier call threw.
  public mutating func finish() throws(DeltaError) {
    guard phase != .failed else { throw failure }
    guard phase == .end else {
      phase = .failed
      failure = .truncated
      throw .truncated
    }
  }

  private mutating func consume<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    var rest = bytes
    if phase == .header {
      let isComplete: Bool
      do throws(DeltaError) { isComplete = try readHeader(&rest) } catch { throw .delta(error) }
      guard isComplete else { return }
      try checkSource(&media)
      do throws(DeltaError) { try begin() } catch { throw .delta(error) }
    }
    while phase == .body {
      let taken = try decode(rest, media: &media)
      rest = rest.extracting(droppingFirst: taken)
      if taken == 0 { break }
    }
    if phase == .stored {
      let part = rest.extracting(
        first: Int(truncatingIfNeeded: min(UInt(bodyLeft), UInt(bitPattern: rest.count))))
      do throws(Media.SinkFailure) { try write(part, media: &media) } catch { throw .sink(error) }
      rest = rest.extracting(droppingFirst: part.count)
      bodyLeft &-= UInt32(truncatingIfNeeded: part.count)
    }
    do throws(DeltaError) { try endIfComplete(rest.count) } catch { throw .delta(error) }
  }

  /// Takes bytes of the header, and checks what can be checked without the old image.
  ///
  /// - Returns: whether it is complete.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  private mutating func readHeader(_ bytes: inout Span<UInt8>) throws(DeltaError) -> Bool {
    while !bytes.isEmpty {
      field[fieldCount] = bytes[0]
      fieldCount += 1
      bytes = bytes.extracting(droppingFirst: 1)
      guard try headerFields.read(field.span.extracting(first: fieldCount)) > 0 else {
        guard fieldCount < NativeHeader.maximumSize else { throw .corruptStream }
        continue
      }
      guard headerFields.newSize == imageSize else { throw .imageSizeMismatch }
      guard headerFields.oldSize == sourceSize else { throw .sourceMismatch }
      guard headerFields.coder != .inPlace, headerFields.coder != .streams else {
        throw .unsupportedCompression
      }
      guard NativeDecoder.memoryRequirement(of: headerFields) <= memoryLimit else { throw .memoryExceeded }
      hasHeader = true
      bodyLeft = headerFields.bodySize
      return true
    }
    return false
  }

  private mutating func checkSource<Media: PatchMedia & ~Copyable>(
    _ media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    var buffer = InlineArray<256, UInt8>(repeating: 0)
    var offset: UInt32 = 0
    while offset < sourceSize {
      let count = min(256, sourceSize &- offset)
      do throws(Media.SourceFailure) {
        var bytes = buffer.mutableSpan
        var part = bytes._mutatingExtracting(first: Int(count))
        try media.readSource(into: &part, at: offset)
      } catch {
        throw .source(error)
      }
      hash.update(buffer.span.extracting(first: Int(count)))
      offset &+= count
    }
  }

  /// Checks the digest of the old image, and takes the memory.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  private mutating func begin() throws(DeltaError) {
    guard isDigest(headerFields.oldDigest) else { throw .sourceMismatch }
    phase = .stored
    guard headerFields.coder != .stored else { return }
    let layout = NativeLayout(headerFields)
    #if !hasFeature(Embedded)
    if allocatesMemory { memory = DecoderMemory(allocating: Int(truncatingIfNeeded: layout.byteCount)) }
    #endif
    body = BodyDecoder(header: headerFields, layout: layout, memory: &memory)
    phase = .body
  }

  /// Whether a digest begins like that of all bytes since the last one.
  private mutating func isDigest(_ expected: InlineArray<8, UInt8>) -> Bool {
    let digest = hash.finalize()
    hash = SHA256()
    for index in 0..<NativeHeader.digestSize where digest.bytes[index] != expected[index] { return false }
    return true
  }

  /// Decodes as far as the bytes reach.
  ///
  /// - Returns: how many were taken.
  private mutating func decode<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) -> Int {
    let part = bytes.extracting(
      first: Int(truncatingIfNeeded: min(UInt(bodyLeft), UInt(bitPattern: bytes.count))))
    let isLast = UInt(bitPattern: part.count) == UInt(bodyLeft)
    guard let step = try body?.decode(part, isLast: isLast, media: &media, hash: &hash, written: &outputCount)
    else { return 0 }
    bodyLeft &-= UInt32(truncatingIfNeeded: step.taken)
    if step.isComplete { phase = .stored }
    return step.taken
  }

  private mutating func write<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(Media.SinkFailure) {
    hash.update(bytes)
    try media.writeImage(bytes)
    outputCount &+= UInt32(truncatingIfNeeded: bytes.count)
  }

  /// Holds a complete image against its digest; there must be no byte of the patch left.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  private mutating func endIfComplete(_ left: Int) throws(DeltaError) {
    if phase == .stored, bodyLeft == 0 {
      guard isDigest(headerFields.newDigest) else { throw .outputMismatch }
      phase = .end
    }
    guard left == 0 || bodyLeft > 0 else { throw .trailingData }
  }
}

extension BodyDecoder {
  /// Decodes as far as bytes reach.
  ///
  /// - Parameters:
  ///   - bytes: the next bytes of the body.
  ///   - isLast: whether none follow.
  ///   - media: the old image, and where the new one goes.
  ///   - hash: takes what is written.
  ///   - written: counts it.
  /// - Returns: how many bytes there was room for, and whether the image is complete.
  /// - Throws: as ``NativeDecoder/push(_:media:)``.
  fileprivate mutating func decode<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, isLast: Bool, media: inout Media, hash: inout SHA256, written: inout UInt32
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) -> (taken: Int, isComplete: Bool) {
    let taken = fill(bytes)
    while true {
      let demand: Demand
      do throws(DeltaError) { demand = try run(isAtEnd: isLast && taken == bytes.count) } catch {
        throw .delta(error)
      }
      switch demand {
      case .source(let offset, let count):
        do throws(Media.SourceFailure) {
          try loadWindow(offset: offset, count: count, media: &media)
        } catch {
          throw .source(error)
        }
      case .output(let count):
        let output = outputBytes.span(0..<count)
        hash.update(output)
        do throws(Media.SinkFailure) { try media.writeImage(output) } catch { throw .sink(error) }
        self.written()
        written &+= UInt32(truncatingIfNeeded: count)
      case .input, .segment:
        return (taken, false)
      case .end:
        return (taken, true)
      }
    }
  }

  /// Reads what was demanded into the window.
  mutating func loadWindow<Media: PatchMedia & ~Copyable>(
    offset: UInt32, count: UInt32, media: inout Media
  ) throws(Media.SourceFailure) {
    var part = windowBytes.mutableSpan(0..<Int(truncatingIfNeeded: count))
    try media.readSource(into: &part, at: offset)
    loaded(offset: offset, count: count)
  }
}
