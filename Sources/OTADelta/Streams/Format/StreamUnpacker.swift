import OTADelta
import OTADeltaLZMA
import OTADeltaZstd

/// Unpacks one stream of a patch, whatever its method, and holds it to both of its sizes.
///
/// A call that has produced bytes returns them, and leaves an error to the next call: where the patch is cut makes no
/// difference.
struct StreamUnpacker: ~Copyable {
  private var lzma: RawLZMADecompressor?
  private var zstd: ZstdDecompressor?
  private var packedLeft: UInt32
  private var rawLeft: UInt32
  private var isAtEnd: Bool

  /// Takes the memory that the header declares.
  ///
  /// - Throws: ``DeltaError/memoryExceeded`` if there is none.
  init(_ header: StreamHeader) throws(DeltaError) {
    packedLeft = header.packedSize
    rawLeft = header.rawSize
    isAtEnd = header.method == .stored
    switch header.method {
    case .stored:
      break
    case .lzma:
      let parameters = try LZMAParameters(
        literalContextBits: 3, literalPositionBits: 0, positionBits: 0,
        dictionarySize: 1 << UInt32(header.windowBits))
      lzma = try RawLZMADecompressor(
        parameters: parameters, uncompressedSize: UInt64(header.rawSize),
        memoryLimit: header.decompressorMemory)
    case .zstd:
      zstd = try ZstdDecompressor(maximumWindowSize: 1 << UInt64(header.windowBits))
    }
  }

  /// Whether all its bytes are unpacked, and nothing is left over.
  var isComplete: Bool { isAtEnd && rawLeft == 0 && packedLeft == 0 }

  /// Takes some input and makes some output.
  ///
  /// - Parameters:
  ///   - input: the next bytes of the patch; those behind the stream are not taken.
  ///   - output: filled from its start; not empty.
  /// - Returns: how far it came; neither consumed nor produced means that more input is needed, or that it is complete.
  /// - Throws: ``DeltaError/corruptStream`` if the stream does not decode, or not to its declared size,
  ///   ``DeltaError/trailingData`` if it ends before its declared end, or what the decompressor throws.
  mutating func unpack(
    _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(DeltaError) -> (consumed: Int, produced: Int) {
    let offered = input.extracting(0..<Int(min(UInt64(input.count), UInt64(packedLeft))))
    guard lzma != nil || zstd != nil else {
      let count = min(offered.count, output.count)
      copy(offered.extracting(0..<count), to: &output)
      packedLeft -= UInt32(count)
      rawLeft -= UInt32(count)
      return (count, count)
    }
    guard !isAtEnd else {
      guard rawLeft == 0 else { throw .corruptStream }
      guard packedLeft == 0 else { throw .trailingData }
      return (0, 0)
    }
    let progress: DecompressionProgress
    if rawLeft == 0 {
      // The end of the stream may want to be read; a byte more must not come.
      var none = InlineArray<1, UInt8>(repeating: 0)
      var room = none.mutableSpan
      progress = try decompress(offered, into: &room)
      guard progress.produced == 0 else { throw .corruptStream }
    } else {
      var room = output._mutatingExtracting(0..<Int(min(UInt64(output.count), UInt64(rawLeft))))
      progress = try decompress(offered, into: &room)
    }
    packedLeft -= UInt32(progress.consumed)
    rawLeft -= UInt32(progress.produced)
    isAtEnd = progress.isAtEnd
    guard isAtEnd || packedLeft > 0 || progress.consumed + progress.produced > 0 else {
      throw .corruptStream
    }
    return (progress.consumed, progress.produced)
  }

  private mutating func decompress(
    _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(DeltaError) -> DecompressionProgress {
    if let progress = try lzma?.decompress(input, into: &output) { return progress }
    guard let progress = try zstd?.decompress(input, into: &output) else {
      preconditionFailure("a stored stream has no decompressor")
    }
    return progress
  }
}

/// Copies bytes to the start of others, which have room for them.
func copy(_ bytes: Span<UInt8>, to target: inout MutableSpan<UInt8>) {
  unsafe bytes.withUnsafeBufferPointer { source in
    unsafe target.withUnsafeMutableBufferPointer { room in
      guard let from = source.baseAddress, let to = room.baseAddress else { return }
      precondition(source.count <= room.count, "no room for a copy")
      unsafe to.update(from: from, count: source.count)
    }
  }
}
