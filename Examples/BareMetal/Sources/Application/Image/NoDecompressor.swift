import OTADelta

/// The board takes whole images only: every compressed stream is refused by name.
///
/// A product that takes patches puts its inflater here.
struct NoDecompressor: ~Copyable, Decompressor {
  static var memoryRequirement: UInt32 { 0 }

  init() throws(DeltaError) {}

  mutating func decompress(
    _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(DeltaError) -> DecompressionProgress {
    throw .unsupportedCompression
  }
}
