import OTACore

/// Makes the segments of a new image from a patch that is applied in place.
///
/// Each call makes one segment, whatever was made before: nothing is kept from one to the next, so a device that lost its
/// power goes on with the segment that it was at. Who calls moves the old image, keeps count of the segments, and holds
/// both images against their digests; the `OTAInPlace` library does.
///
/// - Note: Source: Docs/DeltaFormat.md, "In place".
public struct InPlaceDecoder: ~Copyable {
  /// What the patch says about itself.
  public let header: InPlaceHeader
  private var memory: DecoderMemory?
  private let memorySize: UInt64

  /// Takes what all segments need.
  ///
  /// - Parameters:
  ///   - header: of the patch.
  ///   - memory: all that the decoder may use besides its own value; a patch that needs more is refused.
  public init(header: InPlaceHeader, memory: consuming DecoderMemory) {
    self.header = header
    memorySize = UInt64(memory.byteCount)
    self.memory = consume memory
  }

  /// Gives the memory back.
  ///
  /// - Returns: all of it, for another decoder.
  public consuming func closed() -> DecoderMemory {
    guard let memory = memory.take() else { preconditionFailure("the memory is never given away") }
    return memory
  }

  /// Makes a segment.
  ///
  /// - Parameters:
  ///   - index: below ``InPlaceHeader/segmentCount``; another one is the caller's mistake and traps.
  ///   - media: the patch; the old image, of which nothing below ``InPlaceHeader/floor(ofSegment:)`` is read, by offsets
  ///     of the image wherever it was moved to; and where the bytes of the segment go, from its first to its last.
  /// - Throws: ``PatchError/delta(_:)`` with ``DeltaError/memoryExceeded``, before anything is read, or any other
  ///   ``DeltaError`` of the native format; ``PatchError/source(_:)`` if the patch
  ///   or the old image cannot be read, ``PatchError/sink(_:)``. The same segment can be made again.
  public mutating func decode<Media: InPlaceMedia & ~Copyable>(
    segment index: UInt32, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    guard header.memoryRequirement <= memorySize else { throw .delta(.memoryExceeded) }
    let stream = try streamRange(ofSegment: index, media: &media)
    guard var memory = memory.take() else { preconditionFailure("the memory is never given away") }
    memory.reset()
    var body = BodyDecoder(header: header.native, layout: NativeLayout(header.native), memory: &memory)
    self.memory = consume memory
    var position = stream.tables.lowerBound
    var end = stream.tables.upperBound
    position += try fill(&body, position..<end, media: &media)
    while true {
      let demand: BodyDecoder.Demand
      do throws(DeltaError) { demand = try body.run(isAtEnd: position == end) } catch { throw .delta(error) }
      switch demand {
      case .input:
        position += try fill(&body, position..<end, media: &media)
      case .source(let offset, let count):
        do throws(Media.SourceFailure) {
          try body.loadWindow(offset: offset, count: count, media: &media)
        } catch {
          throw .source(error)
        }
      case .output(let count):
        do throws(Media.SinkFailure) {
          try media.writeImage(body.outputBytes.span(0..<count))
        } catch {
          throw .sink(error)
        }
        body.written()
      case .segment:
        position = stream.segment.lowerBound
        end = stream.segment.upperBound
        body.restart(at: header.body(ofSegment: index))
        position += try fill(&body, position..<end, media: &media)
      case .end:
        guard position == end else { throw .delta(.trailingData) }
        return
      }
    }
  }

  /// Queues bytes of the patch.
  ///
  /// - Returns: how many there was room for.
  private func fill<Media: InPlaceMedia & ~Copyable>(
    _ body: inout BodyDecoder, _ range: Range<UInt32>, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) -> UInt32 {
    var buffer = InlineArray<64, UInt8>(repeating: 0)
    var taken: UInt32 = 0
    while true {
      let count = min(64, UInt32(range.count) - taken)
      guard count > 0 else { return taken }
      do throws(Media.SourceFailure) {
        var bytes = buffer.mutableSpan
        var part = bytes._mutatingExtracting(0..<Int(count))
        try media.readPatch(into: &part, at: range.lowerBound + taken)
      } catch {
        throw .source(error)
      }
      let filled = body.fill(buffer.span.extracting(0..<Int(count)))
      taken += UInt32(filled)
      guard filled == Int(count) else { return taken }
    }
  }

  /// Where the streams are that make a segment.
  private func streamRange<Media: InPlaceMedia & ~Copyable>(
    ofSegment index: UInt32, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) -> (
    tables: Range<UInt32>, segment: Range<UInt32>
  ) {
    precondition(index < header.segmentCount, "no such segment")
    var position = header.listOffset
    var total: UInt64 = 0
    var start: UInt64 = 0
    var size: UInt32 = 0
    for segment in 0..<header.segmentCount {
      let length = try number(at: &position, media: &media)
      if segment == index {
        start = total
        size = length
      }
      total += UInt64(length)
    }
    // The list and the streams make up the patch exactly; so nothing above can be beyond its end.
    guard UInt64(position) + UInt64(header.tablesSize) + total == UInt64(header.patchSize) else {
      throw .delta(.corruptStream)
    }
    let tablesEnd = position + header.tablesSize
    let first = tablesEnd + UInt32(start)
    return (position..<tablesEnd, first..<first + size)
  }

  /// Reads a number of the list of sizes.
  private func number<Media: InPlaceMedia & ~Copyable>(
    at position: inout UInt32, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) -> UInt32 {
    var buffer = InlineArray<5, UInt8>(repeating: 0)
    let count = Int(min(5, header.patchSize - position))
    do throws(Media.SourceFailure) {
      var bytes = buffer.mutableSpan
      var part = bytes._mutatingExtracting(0..<count)
      try media.readPatch(into: &part, at: position)
    } catch {
      throw .source(error)
    }
    do throws(DeltaError) {
      var length = 0
      guard let number = try NativeHeader.number(buffer.span.extracting(0..<count), &length) else {
        throw .truncated
      }
      position += UInt32(length)
      return number
    } catch {
      throw .delta(error)
    }
  }
}
