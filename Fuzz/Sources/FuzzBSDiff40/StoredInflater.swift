import OTADelta

/// A stream that is not compressed: runs of a length from 1 to 255 and so many bytes, then a length of 0.
///
/// No checksum stands between the fuzzer and what comes behind the decompressor.
struct StoredInflater: ~Copyable, Decompressor {
  static var memoryRequirement: UInt32 { 0 }

  private var runLeft = 0
  private var isAtEnd = false

  init() throws(DeltaError) {}

  mutating func decompress(
    _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(DeltaError) -> DecompressionProgress {
    var consumed = 0
    var produced = 0
    while !isAtEnd, consumed < input.count, produced < output.count {
      let byte = input[consumed]
      consumed += 1
      if runLeft == 0 {
        runLeft = Int(byte)
        isAtEnd = byte == 0
      } else {
        output[produced] = byte
        produced += 1
        runLeft -= 1
      }
    }
    return DecompressionProgress(consumed: consumed, produced: produced, isAtEnd: isAtEnd)
  }
}
