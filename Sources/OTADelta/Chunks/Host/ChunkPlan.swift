#if !hasFeature(Embedded)
public import OTACore

/// Where each part of a new image comes from: the old image, or the network.
public struct ChunkPlan: Equatable, Sendable {
  /// A part of the new image; parts are in order and without gap.
  public enum Part: Equatable, Sendable {
    /// Copies from an offset of the old image.
    case copy(offset: UInt32, count: UInt32)
    /// Fetches from an offset of the new image.
    case fetch(offset: UInt32, count: UInt32)
  }

  /// All of the new image.
  public private(set) var parts: [Part] = []

  /// The ranges of the new image to ask for, in order; those that touch are one.
  public var ranges: [Range<UInt32>] {
    parts.compactMap { part in
      switch part {
      case .copy: nil
      case .fetch(let offset, let count): offset..<offset + count
      }
    }
  }

  /// How many bytes must be fetched.
  public var fetchCount: UInt32 { ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) } }

  /// Cuts the old image as the index says, and looks for its chunks.
  ///
  /// A chunk is copied if its digest and size are those of one of the old image. What is copied and what is fetched
  /// is authenticated by the digest of the whole new image in the end, as always. Memory: 72 bytes a chunk of
  /// the old image, and the largest chunk.
  ///
  /// - Parameters:
  ///   - index: that of the new image.
  ///   - source: the old image.
  ///   - sourceSize: how many bytes it has.
  ///   - sha256: the hash function SHA-256.
  /// - Throws: the failure of the source.
  public init<Source: ImageSource & ~Copyable>(
    _ index: borrowing ChunkIndex, source: inout Source, sourceSize: UInt32, sha256: (Span<UInt8>) -> Digest
  ) throws(Source.Failure) {
    let known = try ChunkPlan.chunks(
      of: &source, size: sourceSize, parameters: index.parameters, sha256: sha256)
    var position: UInt32 = 0
    for number in 0..<index.count {
      let entry = index.entry(at: number)
      if let place = known[entry.digest], place.size == entry.size {
        addCopy(from: place.offset, count: entry.size)
      } else {
        addFetch(from: position, count: entry.size)
      }
      // All sizes together are a 32-bit number, the index has checked that.
      position += entry.size
    }
  }

  private static func chunks<Source: ImageSource & ~Copyable>(
    of source: inout Source, size: UInt32, parameters: ChunkParameters, sha256: (Span<UInt8>) -> Digest
  ) throws(Source.Failure) -> [Digest: (offset: UInt32, size: UInt32)] {
    var known: [Digest: (offset: UInt32, size: UInt32)] = [:]
    var chunker = Chunker(parameters)
    var chunk: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    var offset: UInt32 = 0
    var chunkStart: UInt32 = 0
    func endChunk() {
      let digest = sha256(chunk.span)
      // The first of equal chunks: a device reads forward more often.
      if known[digest] == nil { known[digest] = (chunkStart, UInt32(chunk.count)) }
      chunkStart += UInt32(chunk.count)
      chunk.removeAll(keepingCapacity: true)
    }
    while offset < size {
      let count = Int(min(UInt32(buffer.count), size - offset))
      var all = buffer.mutableSpan
      var part = all._mutatingExtracting(0..<count)
      try source.read(into: &part, at: offset)
      offset += UInt32(count)
      var position = 0
      while position < count {
        let (taken, isEnd) = chunker.take(buffer.span.extracting(position..<count))
        chunk += buffer[position..<position + taken]
        position += taken
        if isEnd { endChunk() }
      }
    }
    if !chunk.isEmpty { endChunk() }
    return known
  }

  private mutating func addCopy(from offset: UInt32, count: UInt32) {
    if case .copy(let start, let before) = parts.last, start + before == offset {
      parts[parts.count - 1] = .copy(offset: start, count: before + count)
    } else {
      parts.append(.copy(offset: offset, count: count))
    }
  }

  private mutating func addFetch(from offset: UInt32, count: UInt32) {
    if case .fetch(let start, let before) = parts.last {
      parts[parts.count - 1] = .fetch(offset: start, count: before + count)
    } else {
      parts.append(.fetch(offset: offset, count: count))
    }
  }
}
#endif
