#if !hasFeature(Embedded)
/// One of the compressed streams of a patch: what has arrived of it and was not needed yet, and its decompressor.
struct PatchStream<Inflater: Decompressor & ~Copyable>: ~Copyable {
  private var inflater: Inflater
  private var queue = ByteQueue()
  /// How many compressed bytes have not arrived yet; nothing if that is not known before the stream ends.
  private var missing: UInt64? = 0
  /// Whether the compressed stream has ended, its checksum included.
  private(set) var isAtEnd = false

  /// The most memory that an instance takes beside itself and the bytes that wait, in bytes.
  static var memoryRequirement: UInt64 { UInt64(Inflater.memoryRequirement) + UInt64(ByteQueue.overhead) }

  /// Starts before the first byte of the stream.
  ///
  /// - Throws: ``DeltaError/memoryExceeded`` if there is no memory.
  init() throws(DeltaError) {
    inflater = try Inflater()
  }

  /// Says how long the compressed stream is, before its first byte arrives; nothing if it says so itself.
  mutating func begin(size: UInt64?) {
    missing = size
  }

  /// Takes those bytes that belong to the stream.
  ///
  /// - Returns: how many of the first bytes do.
  mutating func take(_ bytes: Span<UInt8>) -> Int {
    var count = bytes.count
    if let missing {
      count = missing < UInt64(count) ? Int(missing) : count
      self.missing = missing - UInt64(count)
    }
    queue.append(bytes.extracting(0..<count))
    return count
  }

  /// Decompresses until there is something.
  ///
  /// - Parameters:
  ///   - wanted: how many bytes at most, and at least 1.
  ///   - buffer: filled from its start; has room for so many.
  /// - Returns: how many bytes are filled. 0 means that more must arrive, or that the stream has ended.
  /// - Throws: what the decompressor throws; ``DeltaError/truncated`` if all of the stream is there and has no end.
  mutating func inflate(upTo wanted: Int, into buffer: inout [UInt8]) throws(DeltaError) -> Int {
    var room = buffer.mutableSpan
    var output = room._mutatingExtracting(0..<wanted)
    while !isAtEnd {
      let block = queue.front
      let input = block.span.extracting(queue.position..<block.count)
      let progress = try inflater.decompress(input, into: &output)
      precondition(
        progress.produced >= 0 && progress.produced <= wanted && progress.consumed >= 0
          && progress.consumed <= input.count, "the decompressor breaks its contract")
      queue.removeFirst(progress.consumed)
      isAtEnd = progress.isAtEnd
      if progress.produced > 0 { return progress.produced }
      if isAtEnd { return 0 }
      if queue.isEmpty {
        guard missing != 0 else { throw .truncated }
        return 0
      }
      // A decompressor that neither takes nor gives would hang here.
      guard progress.consumed > 0 else { throw .corruptStream }
    }
    return 0
  }

  /// Sees whether the stream ends here, and its compressed bytes with it.
  ///
  /// - Parameter buffer: has a byte of room, to find out.
  /// - Returns: whether it does; `false` if more must arrive.
  /// - Throws: ``DeltaError/trailingData`` if there is a byte more, decompressed or compressed; what
  ///   ``inflate(upTo:into:)`` throws.
  mutating func end(probing buffer: inout [UInt8]) throws(DeltaError) -> Bool {
    guard try inflate(upTo: 1, into: &buffer) == 0 else { throw .trailingData }
    guard isAtEnd else { return false }
    guard queue.isEmpty, (missing ?? 0) == 0 else { throw .trailingData }
    return true
  }
}
#endif
