import OTADelta
import Testing

/// What came of a compressed stream.
struct Decompressed: Equatable, CustomStringConvertible {
  var output: [UInt8] = []
  var consumed = 0
  var isAtEnd = false
  var error: DeltaError?

  // A failed expectation prints its values; a megabyte of numbers helps nobody.
  var description: String {
    "\(output.count) bytes out of \(consumed), at end: \(isAtEnd), error: \(error.map { "\($0)" } ?? "none")"
  }
}

/// Gives a stream to a decompressor in pieces, and checks that each call gets on.
///
/// A call gets at most `inputSize` bytes, and room for `outputSize`.
func decompressAll(
  _ stream: [UInt8], inputSize: Int, outputSize: Int,
  _ decompress: (Span<UInt8>, inout MutableSpan<UInt8>) throws(DeltaError) -> DecompressionProgress
) -> Decompressed {
  var result = Decompressed()
  var buffer = [UInt8](repeating: 0, count: outputSize)
  while true {
    let end = min(stream.count, result.consumed + inputSize)
    let input = Array(stream[result.consumed..<end])
    var span = buffer.mutableSpan
    do throws(DeltaError) {
      let progress = try decompress(input.span, &span)
      result.output += buffer[0..<progress.produced]
      result.consumed += progress.consumed
      result.isAtEnd = progress.isAtEnd
      if progress.isAtEnd { return result }
      if progress.produced == 0 {
        if result.consumed == stream.count { return result }
        #expect(progress.consumed > 0, "a call without progress")
        if progress.consumed == 0 { return result }
      }
    } catch {
      result.error = error
      return result
    }
  }
}

/// Sizes of input and output for calls: tiny ones, odd ones, everything at once.
let callSizes: [(input: Int, output: Int)] = [
  (1, 1), (1, 4096), (3, 7), (64, 5), (1000, 333), (1 << 20, 64), (1 << 20, 1 << 20),
]
