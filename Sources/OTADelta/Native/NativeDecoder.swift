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
    /// Bytes of the body are missing, which are those of the image.
    case stored
    /// The image is complete, and is the promised one.
    case end
    /// An error was thrown.
    case failed
  }

  private let imageSize: UInt32
  private let sourceSize: UInt32
  private let memoryLimit: UInt64
  private var memory: DecoderMemory?

  private var phase = Phase.header
  private var failure = DeltaError.abandoned
  private var field = InlineArray<64, UInt8>(repeating: 0)
  private var fieldCount = 0
  /// What the patch says about itself, when its first bytes have arrived.
  public private(set) var header: NativeHeader?
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
    memory = nil
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
    memoryLimit = UInt64(memory.byteCount)
    self.memory = consume memory
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
    var position = 0
    while phase == .header {
      guard position < bytes.count else { return }
      field[fieldCount] = bytes[position]
      fieldCount += 1
      position += 1
      let parsed: (header: NativeHeader, count: Int)?
      do throws(DeltaError) { parsed = try parseHeader() } catch { throw .delta(error) }
      if let parsed { try begin(parsed.header, media: &media) }
    }
    if phase == .stored, position < bytes.count {
      let count = Int(min(UInt64(bytes.count - position), UInt64(bodyLeft)))
      let part = bytes.extracting(position..<position + count)
      do throws(Media.SinkFailure) { try write(part, media: &media) } catch { throw .sink(error) }
      position += count
      bodyLeft -= UInt32(count)
      if bodyLeft == 0 {
        do throws(DeltaError) { try end() } catch { throw .delta(error) }
      }
    }
    while phase == .body {
      let count = min(UInt64(bytes.count - position), UInt64(bodyLeft))
      let part = bytes.extracting(position..<position + Int(count))
      let taken = try decode(part, media: &media)
      position += taken
      bodyLeft -= UInt32(taken)
      if phase == .body, taken == 0 { break }
    }
    guard phase == .end ? position == bytes.count : bodyLeft > 0 else { throw .delta(.trailingData) }
  }

  private func parseHeader() throws(DeltaError) -> (header: NativeHeader, count: Int)? {
    let parsed = try NativeHeader.parse(field.span.extracting(0..<fieldCount))
    guard parsed != nil || fieldCount < NativeHeader.maximumSize else { throw .corruptStream }
    return parsed
  }

  /// Checks everything that can be checked before the first byte is written, and takes the memory.
  private mutating func begin<Media: PatchMedia & ~Copyable>(
    _ header: NativeHeader, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    guard header.newSize == imageSize else { throw .delta(.imageSizeMismatch) }
    guard header.oldSize == sourceSize else { throw .delta(.sourceMismatch) }
    guard header.coder != .inPlace, header.coder != .streams else { throw .delta(.unsupportedCompression) }
    if header.coder == .stored {
      try checkSource(header, media: &media)
      self.header = header
      bodyLeft = header.bodySize
      phase = .stored
      if bodyLeft == 0 {
        do throws(DeltaError) { try end() } catch { throw .delta(error) }
      }
      return
    }
    let layout = NativeLayout(header)
    guard layout.byteCount <= memoryLimit else { throw .delta(.memoryExceeded) }
    try checkSource(header, media: &media)
    #if hasFeature(Embedded)
    guard var memory = memory.take() else { throw .delta(.memoryExceeded) }
    #else
    var memory = memory.take() ?? DecoderMemory(allocating: Int(truncatingIfNeeded: layout.byteCount))
    #endif
    body = BodyDecoder(header: header, layout: layout, memory: &memory)
    self.memory = consume memory
    self.header = header
    bodyLeft = header.bodySize
    phase = .body
    _ = try decode(Span(), media: &media)
  }

  private mutating func checkSource<Media: PatchMedia & ~Copyable>(
    _ header: NativeHeader, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    var hash = SHA256()
    var buffer = InlineArray<512, UInt8>(repeating: 0)
    var offset: UInt32 = 0
    while offset < header.oldSize {
      let count = Int(min(512, header.oldSize - offset))
      do throws(Media.SourceFailure) {
        var bytes = buffer.mutableSpan
        var part = bytes._mutatingExtracting(0..<count)
        try media.readSource(into: &part, at: offset)
      } catch {
        throw .source(error)
      }
      hash.update(buffer.span.extracting(0..<count))
      offset += UInt32(count)
    }
    let digest = hash.finalize()
    for index in 0..<NativeHeader.digestSize where digest.bytes[index] != header.oldDigest[index] {
      throw .delta(.sourceMismatch)
    }
  }

  /// Decodes as far as the bytes reach.
  ///
  /// - Returns: how many were taken.
  private mutating func decode<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) -> Int {
    guard var body = body.take() else { preconditionFailure("no body is being decoded") }
    let taken = body.fill(bytes)
    let isAtEnd = UInt64(taken) == UInt64(bodyLeft)
    while true {
      let demand: BodyDecoder.Demand
      do throws(DeltaError) { demand = try body.run(isAtEnd: isAtEnd) } catch { throw .delta(error) }
      switch demand {
      case .input:
        self.body = consume body
        return taken
      case .source(let offset, let count):
        do throws(Media.SourceFailure) {
          try body.loadWindow(offset: offset, count: count, media: &media)
        } catch {
          throw .source(error)
        }
      case .output(let count):
        do throws(Media.SinkFailure) {
          try write(body.outputBytes, count: count, media: &media)
        } catch {
          throw .sink(error)
        }
        body.written()
      case .segment:
        preconditionFailure("patches in place have another decoder")
      case .end:
        do throws(DeltaError) { try end() } catch { throw .delta(error) }
        return taken
      }
    }
  }

  private mutating func write<Media: PatchMedia & ~Copyable>(
    _ cells: Cells<UInt8>, count: Int, media: inout Media
  ) throws(Media.SinkFailure) {
    try write(cells.span(0..<count), media: &media)
  }

  private mutating func write<Media: PatchMedia & ~Copyable>(
    _ bytes: Span<UInt8>, media: inout Media
  ) throws(Media.SinkFailure) {
    hash.update(bytes)
    try media.writeImage(bytes)
    outputCount += UInt32(bytes.count)
  }

  private mutating func end() throws(DeltaError) {
    guard let header else { preconditionFailure("no body is being decoded") }
    let digest = hash.finalize()
    for index in 0..<NativeHeader.digestSize where digest.bytes[index] != header.newDigest[index] {
      throw .outputMismatch
    }
    phase = .end
  }
}

extension BodyDecoder {
  /// Reads what was demanded into the window.
  mutating func loadWindow<Media: PatchMedia & ~Copyable>(
    offset: UInt32, count: UInt32, media: inout Media
  ) throws(Media.SourceFailure) {
    var part = windowBytes.mutableSpan(0..<Int(truncatingIfNeeded: count))
    try media.readSource(into: &part, at: offset)
    loaded(offset: offset, count: count)
  }
}
