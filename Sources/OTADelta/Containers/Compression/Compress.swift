import CLZMA
import CZlib
import CZopfli
import CZstd
import Foundation
public import OTADelta

extension CompressionMethod {
  /// Makes the stream of a content.
  ///
  /// Memory and time are the library's: zlib up to 270 KiB, zstd and xz what the level and the size of the content ask
  /// for, zopfli several hundred bytes a byte of each megabyte of content, and seconds for it.
  ///
  /// - Parameter content: any number of bytes.
  /// - Returns: the stream.
  /// - Throws: ``DeltaError/memoryExceeded`` if there is no memory, ``DeltaError/unsupportedCompression`` if the library
  ///   does not know the method.
  public func compress(_ content: Span<UInt8>) throws(DeltaError) -> [UInt8] {
    switch self {
    case .zlib: return try zlibCompress(content, isWhole: true)
    case .zopfli(let iterations, let splitsBlocks, let maximumBlocks):
      return CompressionMethod.zopfliCompress(
        content, iterations: iterations, splitsBlocks: splitsBlocks, maximumBlocks: maximumBlocks)
    case .xz(let options): return try CompressionMethod.xzCompress(content, options)
    case .zstd(let level): return try CompressionMethod.zstdCompress(content, level: level)
    }
  }

  /// What zlib has made when only so much of the content has arrived: the start of the whole stream.
  ///
  /// - Parameter start: the first bytes of a content.
  /// - Returns: nothing for other methods.
  /// - Throws: as ``compress(_:)``.
  package func compressStart(_ start: Span<UInt8>) throws(DeltaError) -> [UInt8] {
    guard case .zlib = self else { return [] }
    return try zlibCompress(start, isWhole: false)
  }

  private func zlibCompress(_ content: Span<UInt8>, isWhole: Bool) throws(DeltaError) -> [UInt8] {
    guard case .zlib(let level, let memoryLevel, let strategy, let windowBits, let isWrapped) = self else {
      preconditionFailure("another library")
    }
    // zlib counts in 32 bits, and streams are below the limit of a content.
    guard content.count <= Int(UInt32.max) else { throw .memoryExceeded }
    var stream = unsafe z_stream()
    // deflateInit2 is a macro over this function.
    let status = unsafe deflateInit2_(
      &stream, Int32(level), Z_DEFLATED, isWrapped ? Int32(windowBits) : -Int32(windowBits),
      Int32(memoryLevel),
      Int32(strategy), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw status == Z_MEM_ERROR ? .memoryExceeded : .unsupportedCompression }
    defer { unsafe deflateEnd(&stream) }
    var result = unsafe [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(content.count))) + 64)
    let made = unsafe content.withUnsafeBufferPointer { source in
      unsafe result.withUnsafeMutableBufferPointer { destination in
        unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        unsafe stream.avail_in = UInt32(source.count)
        unsafe stream.next_out = destination.baseAddress
        unsafe stream.avail_out = UInt32(clamping: destination.count)
        let status = unsafe deflate(&stream, isWhole ? Z_FINISH : Z_NO_FLUSH)
        guard status == (isWhole ? Z_STREAM_END : Z_OK) else { return -1 }
        return unsafe Int(stream.total_out)
      }
    }
    guard made >= 0 else { throw .memoryExceeded }
    result.removeLast(result.count - made)
    return result
  }

  private static func zopfliCompress(
    _ content: Span<UInt8>, iterations: UInt8, splitsBlocks: Bool, maximumBlocks: UInt8
  ) -> [UInt8] {
    var options = ZopfliOptions()
    unsafe ZopfliInitOptions(&options)
    options.numiterations = Int32(iterations)
    options.blocksplitting = splitsBlocks ? 1 : 0
    options.blocksplittingmax = Int32(maximumBlocks)
    var output: UnsafeMutablePointer<UInt8>?
    var count = 0
    unsafe content.withUnsafeBufferPointer { source in
      unsafe ZopfliCompress(
        &options, ZOPFLI_FORMAT_DEFLATE, source.baseAddress, source.count, &output, &count)
    }
    defer { unsafe free(output) }
    return unsafe Array(UnsafeBufferPointer(start: output, count: count))
  }

  private static func xzCompress(
    _ content: Span<UInt8>, _ options: XZOptions
  ) throws(DeltaError) -> [UInt8] {
    var lzma = unsafe lzma_options_lzma()
    // LZMA_PRESET_EXTREME, LZMA_FILTER_LZMA2 and LZMA_VLI_UNKNOWN are macros.
    let preset = UInt32(options.preset) | (options.isExtreme ? 1 << 31 : 0)
    guard unsafe lzma_lzma_preset(&lzma, preset) == 0 else { throw .unsupportedCompression }
    unsafe lzma.dict_size = options.dictionarySize
    unsafe lzma.lc = options.literalContextBits
    unsafe lzma.lp = options.literalPositionBits
    unsafe lzma.pb = options.positionBits
    var result = [UInt8](repeating: 0, count: lzma_stream_buffer_bound(content.count))
    var count = 0
    let status = unsafe content.withUnsafeBufferPointer { source in
      unsafe result.withUnsafeMutableBufferPointer { destination in
        unsafe withUnsafeMutablePointer(to: &lzma) { lzma in
          var filters = unsafe [lzma_filter(id: 0x21, options: lzma), lzma_filter(id: .max, options: nil)]
          if options.branchFilter != 0 {
            unsafe filters.insert(lzma_filter(id: UInt64(options.branchFilter), options: nil), at: 0)
          }
          return unsafe lzma_stream_buffer_encode(
            &filters, lzma_check(UInt32(options.check)), nil, source.baseAddress, source.count,
            destination.baseAddress, &count, destination.count)
        }
      }
    }
    guard status == LZMA_OK else {
      throw status == LZMA_MEM_ERROR ? .memoryExceeded : .unsupportedCompression
    }
    result.removeLast(result.count - count)
    return result
  }

  private static func zstdCompress(_ content: Span<UInt8>, level: UInt8) throws(DeltaError) -> [UInt8] {
    guard let context = unsafe ZSTD_createCCtx() else { throw .memoryExceeded }
    defer { unsafe ZSTD_freeCCtx(context) }
    var result = [UInt8](repeating: 0, count: ZSTD_compressBound(content.count))
    let status = unsafe content.withUnsafeBufferPointer { source in
      unsafe result.withUnsafeMutableBufferPointer { destination in
        unsafe ZSTD_compressCCtx(
          context, destination.baseAddress, destination.count, source.baseAddress, source.count, Int32(level))
      }
    }
    guard ZSTD_isError(status) == 0 else { throw .memoryExceeded }
    result.removeLast(result.count - status)
    return result
  }
}
