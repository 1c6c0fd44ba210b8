public import OTACore
public import OTACrypto
public import OTADelta

/// Applies a native patch with the coder `streams` while it arrives.
///
/// For hosts: as quick as memory and the hash function are, where ``NativeDecoder`` of small patches is not. What is
/// checked, and when, is the same: sizes, memory and the digest of the old image before a byte is written, the digest
/// of the new image when the last one was. Covers, runs and differences are checked whole before the first write.
///
/// - Note: Source: Docs/DeltaFormat.md, "Streams".
public struct NativeStreamsDecoder<Hash: HashFunction & ~Copyable>: ~Copyable, PayloadDecoder {
  private enum Phase: UInt8 {
    /// Bytes of the header are missing.
    case header
    /// Bytes of the table of streams are missing.
    case table
    /// Bytes of the streams in front of the extra bytes are missing.
    case streams
    /// Bytes of the last stream are missing.
    case image
    /// The image is complete, and is the promised one.
    case end
    /// An error was thrown.
    case failed
  }

  private let imageSize: UInt32
  private let sourceSize: UInt32
  private let memoryLimit: UInt64

  private var phase = Phase.header
  private var failure = DeltaError.abandoned
  /// The bytes of what stands in front of the streams, as far as they have arrived.
  private var field: [UInt8] = []
  /// What the patch says about itself, when its first bytes have arrived.
  public private(set) var header: NativeHeader?
  private var table: StreamTable?
  private var unpacker: StreamUnpacker?
  /// The streams that were begun, in front of the extra bytes.
  private var unpacked: [[UInt8]] = []
  /// How many bytes of the last of them are there.
  private var unpackedCount = 0
  private var builder = StreamImage()
  private var hash: Hash? = Hash()

  /// How many bytes of the new image were written to the sink.
  public private(set) var outputCount: UInt32 = 0
  /// The whole digest of the new image, once it is complete and the promised one.
  public private(set) var imageDigest: Digest?

  /// Starts before the first byte of a payload; memory is allocated when the patch says how much.
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
  }

  /// Takes the next bytes of the payload and writes all the image bytes that follow from them.
  ///
  /// - Parameters:
  ///   - bytes: any number of bytes; every division gives the same image or the same error.
  ///   - media: the old image, and where the new one goes, at most 64 KiB at a time.
  /// - Throws: ``PatchError/delta(_:)`` with any ``DeltaError`` of the format,
  ///   ``DeltaError/unsupportedCompression`` for a native patch with another coder, ``PatchError/source(_:)`` or
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
      // Nothing of it is of use any more.
      unpacker = nil
      unpacked = []
      builder = StreamImage()
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
    while phase == .header || phase == .table {
      guard position < bytes.count else { return }
      field.append(bytes[position])
      position += 1
      let isComplete: Bool
      do throws(DeltaError) { isComplete = try parseField() } catch { throw .delta(error) }
      if isComplete { try begin(media: &media) }
    }
    while phase == .streams || phase == .image {
      let before = phase
      let taken: Int
      if phase == .streams {
        do throws(DeltaError) {
          taken = try unpackStream(bytes.extracting(position..<bytes.count))
        } catch {
          throw .delta(error)
        }
      } else {
        taken = try makeImage(bytes.extracting(position..<bytes.count), media: &media)
      }
      position += taken
      guard taken == 0, phase == before else { continue }
      // Every step that is possible was made; with bytes left over, a stream is stuck.
      guard position == bytes.count else { throw .delta(.corruptStream) }
      break
    }
    guard phase != .end || position == bytes.count else { throw .delta(.trailingData) }
  }

  /// Reads what stands in front of the streams.
  ///
  /// - Returns: whether it is complete.
  private mutating func parseField() throws(DeltaError) -> Bool {
    if let header {
      guard let parsed = try StreamTable.parse(field.span, header: header) else { return false }
      table = parsed.table
      field = []
      return true
    }
    guard let parsed = try NativeHeader.parse(field.span) else {
      guard field.count < NativeHeader.maximumSize else { throw .corruptStream }
      return false
    }
    guard parsed.header.coder == .streams else { throw .unsupportedCompression }
    guard parsed.header.newSize == imageSize else { throw .imageSizeMismatch }
    guard parsed.header.oldSize == sourceSize else { throw .sourceMismatch }
    header = parsed.header
    field = []
    phase = .table
    // A body without a byte has no table.
    guard parsed.header.bodySize > 0 else { throw .corruptStream }
    return false
  }

  /// Checks everything that can be checked before the first stream.
  private mutating func begin<Media: PatchMedia & ~Copyable>(
    media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    guard let header, let table else { preconditionFailure("the table was parsed") }
    guard table.memoryRequirement(header: header) <= memoryLimit else { throw .delta(.memoryExceeded) }
    try checkSource(header, media: &media)
    phase = .streams
    do throws(DeltaError) { try beginStream() } catch { throw .delta(error) }
  }

  /// Begins the next stream, or the image with the last one.
  private mutating func beginStream() throws(DeltaError) {
    guard let header, let table else { preconditionFailure("the table was parsed") }
    let stream = table.all[unpacked.count]
    unpacker = try StreamUnpacker(stream)
    guard unpacked.count == 3 else {
      unpacked.append([UInt8](repeating: 0, count: Int(stream.rawSize)))
      unpackedCount = 0
      return
    }
    builder = try StreamImage(
      header: header, extraSize: stream.rawSize, covers: unpacked[0], runs: unpacked[1],
      differences: unpacked[2])
    unpacked = []
    phase = .image
  }

  /// Unpacks a part of a stream, and begins the next one behind its end.
  ///
  /// - Returns: how many bytes were taken.
  private mutating func unpackStream(_ input: Span<UInt8>) throws(DeltaError) -> Int {
    var consumed = 0
    while phase == .streams {
      var step = (consumed: 0, produced: 0)
      let last = unpacked.count - 1
      var stream: [UInt8] = []
      swap(&stream, &unpacked[last])
      do {
        defer { swap(&stream, &unpacked[last]) }
        // Room for a byte that must not come, behind the last one.
        var none = InlineArray<1, UInt8>(repeating: 0)
        var room = none.mutableSpan
        let rest = input.extracting(consumed..<input.count)
        if unpackedCount < stream.count {
          var all = stream.mutableSpan
          var free = all._mutatingExtracting(unpackedCount..<all.count)
          step = try unpack(rest, into: &free)
        } else {
          step = try unpack(rest, into: &room)
        }
      }
      consumed += step.consumed
      unpackedCount += step.produced
      if unpacker?.isComplete ?? false {
        try beginStream()
      } else if step.consumed + step.produced == 0 {
        break
      }
    }
    return consumed
  }

  private mutating func unpack(
    _ input: Span<UInt8>, into room: inout MutableSpan<UInt8>
  ) throws(DeltaError) -> (consumed: Int, produced: Int) {
    guard let step = try unpacker?.unpack(input, into: &room) else {
      preconditionFailure("a stream is being unpacked")
    }
    return step
  }

  /// Makes the image as far as the extra bytes reach.
  ///
  /// - Returns: how many bytes were taken.
  private mutating func makeImage<Media: PatchMedia & ~Copyable>(
    _ input: Span<UInt8>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) -> Int {
    var builder = StreamImage()
    swap(&builder, &self.builder)
    defer { swap(&builder, &self.builder) }
    var consumed = 0
    while true {
      while true {
        let count = try builder.next(media: &media)
        guard count > 0 else { break }
        let piece = builder.piece.span.extracting(0..<count)
        hash?.update(piece)
        do throws(Media.SinkFailure) { try media.writeImage(piece) } catch { throw .sink(error) }
        outputCount += UInt32(count)
      }
      guard unpacker?.isComplete != true else { break }
      var room = builder.takeRoom()
      var free = room.mutableSpan
      let step: (consumed: Int, produced: Int)
      do throws(DeltaError) {
        step = try unpack(input.extracting(consumed..<input.count), into: &free)
      } catch {
        throw .delta(error)
      }
      builder.put(room, count: step.produced)
      consumed += step.consumed
      if step.consumed + step.produced == 0, unpacker?.isComplete != true { return consumed }
    }
    do throws(DeltaError) { try end() } catch { throw .delta(error) }
    return consumed
  }

  private func checkSource<Media: PatchMedia & ~Copyable>(
    _ header: NativeHeader, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    var hash = Hash()
    var buffer = [UInt8](repeating: 0, count: Int(min(UInt32(StreamTable.bufferSize), header.oldSize)))
    var offset: UInt32 = 0
    while offset < header.oldSize {
      let count = Int(min(UInt32(buffer.count), header.oldSize - offset))
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

  private mutating func end() throws(DeltaError) {
    guard let header, let hash = hash.take() else { preconditionFailure("an image ends once") }
    unpacker = nil
    let digest = hash.finalize()
    for index in 0..<NativeHeader.digestSize where digest.bytes[index] != header.newDigest[index] {
      throw .outputMismatch
    }
    imageDigest = digest
    phase = .end
  }
}
