import CLZMA

extension CompressionMethod {
  /// The largest content that zopfli is given, in bytes: more would take minutes.
  public static var maximumZopfliSize: UInt32 { 16 << 20 }

  /// The most memory that ``compress(_:)`` takes beside the content, in bytes; the stream is in it.
  ///
  /// - Parameter contentSize: in bytes.
  /// - Returns: for zlib and xz what the libraries say; for zopfli and zstd an upper bound from how they work, see
  ///   Docs/Containers.md.
  public func memoryRequirement(contentSize: UInt32) -> UInt64 {
    let content = UInt64(contentSize)
    // No library makes more of a content than this.
    let stream = content + content / 8 + 1024
    switch self {
    case .zlib(_, let memoryLevel, _, let windowBits, _):
      // zlib's zconf.h, and its own state.
      return stream + 1 << (UInt64(windowBits) + 2) + 1 << (UInt64(memoryLevel) + 9) + 16 << 10
    case .zopfli:
      // Caches and costs of one piece of a million bytes, and the tokens of all.
      return stream + 48 << 20 + 4 * content
    case .xz(let options):
      var lzma = unsafe lzma_options_lzma()
      let preset = UInt32(options.preset) | (options.isExtreme ? 1 << 31 : 0)
      guard unsafe lzma_lzma_preset(&lzma, preset) == 0 else { return .max }
      unsafe lzma.dict_size = options.dictionarySize
      let state = unsafe withUnsafeMutablePointer(to: &lzma) { lzma in
        let filters = unsafe [lzma_filter(id: 0x21, options: lzma), lzma_filter(id: .max, options: nil)]
        return unsafe lzma_raw_encoder_memusage(filters)
      }
      let (sum, overflow) = state.addingReportingOverflow(stream + 64 << 10)
      return overflow ? .max : sum
    case .zstd:
      // The library makes its tables no larger than the content asks for: two of twice its size, of 32 bits each.
      var window: UInt64 = 1024
      while window < content { window *= 2 }
      return stream + 20 * window + 4 << 20
    }
  }

  /// Whether a stream may be made with the method, as far as memory and time are concerned.
  package func isAllowed(contentSize: UInt32, limits: ContainerLimits) -> Bool {
    if case .zopfli = self, contentSize > CompressionMethod.maximumZopfliSize { return false }
    return contentSize <= limits.streamSize
      && memoryRequirement(contentSize: contentSize) <= limits.compressorMemory
  }
}
