import CLZMA
public import OTADeltaLZMA

/// Makes raw LZMA streams without an end marker, with liblzma at its highest effort.
///
/// Deterministic: the same content and parameters give the same bytes, as long as liblzma does. Memory: about
/// eleven times the size of the dictionary, and the stream.
public enum RawLZMAEncoder {
  /// The dictionary for a content: the next power of two, or one and a half of one, that holds it.
  ///
  /// - Parameter contentSize: in bytes.
  /// - Returns: at least ``LZMAParameters/minimumDictionarySize``, at most ``LZMAParameters/maximumDictionarySize``.
  public static func dictionarySize(for contentSize: Int) -> UInt32 {
    var size = LZMAParameters.minimumDictionarySize
    while size < LZMAParameters.maximumDictionarySize, Int(size) < contentSize {
      // 2^n, 3 * 2^(n-1), 2^(n+1): the sizes that a header of the LZMA family can name.
      size = size & (size - 1) == 0 ? size / 2 * 3 : size / 3 * 4
    }
    return size
  }

  /// Compresses a content.
  ///
  /// - Parameters:
  ///   - content: any number of bytes.
  ///   - parameters: those that the decompressor will be given.
  /// - Returns: the stream.
  /// - Throws: ``DeltaEncoderError/outOfMemory``.
  public static func compress(
    _ content: Span<UInt8>, parameters: LZMAParameters
  ) throws(DeltaEncoderError) -> [UInt8] {
    var options = unsafe lzma_options_lzma()
    // LZMA_PRESET_EXTREME is a macro.
    guard unsafe lzma_lzma_preset(&options, 9 | 1 << 31) == 0 else {
      preconditionFailure("liblzma has no preset 9e")
    }
    unsafe options.dict_size = parameters.dictionarySize
    unsafe options.lc = UInt32(parameters.literalContextBits)
    unsafe options.lp = UInt32(parameters.literalPositionBits)
    unsafe options.pb = UInt32(parameters.positionBits)
    // Neither flag nor size matter to the encoder but for this: no end marker.
    unsafe options.ext_flags = 0
    var result = [UInt8](repeating: 0, count: bound(of: content.count))
    var count = 0
    let status = unsafe content.withUnsafeBufferPointer { source in
      unsafe result.withUnsafeMutableBufferPointer { destination in
        unsafe withUnsafeMutablePointer(to: &options) { options in
          // LZMA_FILTER_LZMA1EXT and LZMA_VLI_UNKNOWN are macros.
          let end = unsafe lzma_filter(id: .max, options: nil)
          let filters = unsafe [lzma_filter(id: 0x4000_0000_0000_0002, options: options), end]
          return unsafe lzma_raw_buffer_encode(
            filters, nil, source.baseAddress, source.count, destination.baseAddress, &count, destination.count
          )
        }
      }
    }
    // The room is enough for every content, and the parameters were checked when they were made.
    guard status == LZMA_OK else { throw .outOfMemory }
    result.removeLast(result.count - count)
    return result
  }

  /// More than LZMA can make of that many bytes: a literal of a random byte costs little more than the byte.
  private static func bound(of count: Int) -> Int { count + count / 8 + 128 }
}
