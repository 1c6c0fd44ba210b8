import CLZMA
public import OTADelta

/// What a raw LZMA stream does not say itself: the five numbers that other formats keep in a header.
///
/// - Note: Source: the LZMA SDK's specification, "lzma-specification.txt", and liblzma's `lzma/lzma12.h`.
public struct LZMAParameters: Equatable, Sendable {
  /// The smallest dictionary, in bytes.
  public static var minimumDictionarySize: UInt32 { 4 << 10 }

  /// The largest dictionary, in bytes: what liblzma's encoder takes.
  public static var maximumDictionarySize: UInt32 { 3 << 29 }

  /// How many upper bits of the byte before choose the model of a literal; `lc` elsewhere.
  public let literalContextBits: UInt8
  /// How many lower bits of the position choose the model of a literal; `lp` elsewhere.
  public let literalPositionBits: UInt8
  /// How many lower bits of the position choose the other models; `pb` elsewhere.
  public let positionBits: UInt8
  /// How far back a match reaches at most, in bytes.
  public let dictionarySize: UInt32

  /// Checks and takes the numbers, which may come from outside.
  ///
  /// - Parameters:
  ///   - literalContextBits: with `literalPositionBits` at most 4.
  ///   - literalPositionBits: with `literalContextBits` at most 4.
  ///   - positionBits: at most 4.
  ///   - dictionarySize: from ``minimumDictionarySize`` to ``maximumDictionarySize``.
  /// - Throws: ``DeltaError/unsupportedCompression`` if one of them is not allowed.
  public init(
    literalContextBits: UInt8 = 3, literalPositionBits: UInt8 = 0, positionBits: UInt8 = 2,
    dictionarySize: UInt32
  ) throws(DeltaError) {
    guard literalContextBits <= 4, literalPositionBits <= 4 - literalContextBits, positionBits <= 4,
      dictionarySize >= LZMAParameters.minimumDictionarySize,
      dictionarySize <= LZMAParameters.maximumDictionarySize
    else { throw .unsupportedCompression }
    self.literalContextBits = literalContextBits
    self.literalPositionBits = literalPositionBits
    self.positionBits = positionBits
    self.dictionarySize = dictionarySize
  }

  /// The most memory that a decompressor with these parameters takes, in bytes, as liblzma counts it.
  public var decoderMemory: UInt64 {
    unsafe withFilters(of: rawFilter) { unsafe lzma_raw_decoder_memusage($0) }
  }

  /// The raw LZMA1 without an end marker: its size is known (`LZMA_FILTER_LZMA1EXT`, of liblzma 5.4.0 and later).
  private var rawFilter: UInt64 { 0x4000_0000_0000_0002 }

  /// Calls liblzma with the chain of filters that these parameters are.
  func withDecoderFilters<Result>(
    uncompressedSize: UInt64, _ body: (UnsafePointer<lzma_filter>) -> Result
  ) -> Result {
    unsafe withFilters(of: rawFilter, uncompressedSize: uncompressedSize, body)
  }

  private func withFilters<Result>(
    of identifier: UInt64, uncompressedSize: UInt64 = .max, _ body: (UnsafePointer<lzma_filter>) -> Result
  ) -> Result {
    var options = unsafe lzma_options_lzma()
    unsafe options.dict_size = dictionarySize
    unsafe options.lc = UInt32(literalContextBits)
    unsafe options.lp = UInt32(literalPositionBits)
    unsafe options.pb = UInt32(positionBits)
    unsafe options.ext_size_low = UInt32(truncatingIfNeeded: uncompressedSize)
    unsafe options.ext_size_high = UInt32(truncatingIfNeeded: uncompressedSize >> 32)
    return unsafe withUnsafeMutablePointer(to: &options) { options in
      let end = unsafe lzma_filter(id: .max, options: nil)
      let filters = unsafe [lzma_filter(id: identifier, options: options), end]
      return unsafe filters.withUnsafeBufferPointer { filters in
        guard let first = filters.baseAddress else { preconditionFailure("two elements have an address") }
        return unsafe body(first)
      }
    }
  }
}
