import CLZMA
import CZlib
import CZstd

extension StreamFormat {
  /// Decompresses a stream at the start of some bytes.
  ///
  /// - Parameters:
  ///   - bytes: begin with the stream; a zlib, xz or zstd stream is all of them.
  ///   - limit: the content may be this large, in bytes.
  /// - Returns: the content and the length of the stream; `nil` if it does not decode, is too large, or if memory is
  ///   missing. xz may take 4 MiB for its dictionary.
  func decompress(_ bytes: Span<UInt8>, limit: Int) -> (content: [UInt8], streamSize: Int)? {
    switch self {
    case .deflate:
      return StreamFormat.inflateAll(bytes, windowBits: -MAX_WBITS, limit: limit)
    case .zlib:
      guard let result = StreamFormat.inflateAll(bytes, windowBits: MAX_WBITS, limit: limit),
        result.streamSize == bytes.count
      else { return nil }
      return result
    case .xz: return StreamFormat.xzDecompress(bytes, limit: limit)
    case .zstd: return StreamFormat.zstdDecompress(bytes, limit: limit)
    }
  }

  private static func inflateAll(
    _ bytes: Span<UInt8>, windowBits: Int32, limit: Int
  ) -> (content: [UInt8], streamSize: Int)? {
    guard bytes.count <= Int(UInt32.max) else { return nil }
    var stream = unsafe z_stream()
    guard
      unsafe inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return nil }
    defer { unsafe inflateEnd(&stream) }
    var content: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 64 << 10)
    let status = unsafe bytes.withUnsafeBufferPointer { source in
      unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
      unsafe stream.avail_in = UInt32(source.count)
      var status = Z_OK
      while status == Z_OK, content.count <= limit {
        let made = unsafe room.withUnsafeMutableBufferPointer { destination in
          unsafe stream.next_out = destination.baseAddress
          unsafe stream.avail_out = UInt32(destination.count)
          status = unsafe inflate(&stream, Z_NO_FLUSH)
          return unsafe destination.count - Int(stream.avail_out)
        }
        content.append(contentsOf: room[0..<made])
      }
      return status
    }
    guard status == Z_STREAM_END, content.count <= limit else { return nil }
    return unsafe (content, Int(stream.total_in))
  }

  private static func xzDecompress(
    _ bytes: Span<UInt8>, limit: Int
  ) -> (content: [UInt8], streamSize: Int)? {
    var content = [UInt8](repeating: 0, count: limit)
    var consumed = 0
    var produced = 0
    // The dictionaries of squashfs are no larger than its blocks, of which the largest are 1 MiB.
    var memoryLimit: UInt64 = 4 << 20
    let status = unsafe bytes.withUnsafeBufferPointer { source in
      unsafe content.withUnsafeMutableBufferPointer { destination in
        unsafe lzma_stream_buffer_decode(
          &memoryLimit, 0, nil, source.baseAddress, &consumed, source.count, destination.baseAddress,
          &produced,
          destination.count)
      }
    }
    guard status == LZMA_OK, consumed == bytes.count else { return nil }
    content.removeLast(limit - produced)
    return (content, consumed)
  }

  private static func zstdDecompress(
    _ bytes: Span<UInt8>, limit: Int
  ) -> (content: [UInt8], streamSize: Int)? {
    var content = [UInt8](repeating: 0, count: limit)
    let status = unsafe bytes.withUnsafeBufferPointer { source in
      guard unsafe ZSTD_findFrameCompressedSize(source.baseAddress, source.count) == source.count else {
        return Int.max
      }
      return unsafe content.withUnsafeMutableBufferPointer { destination in
        unsafe ZSTD_decompress(destination.baseAddress, destination.count, source.baseAddress, source.count)
      }
    }
    guard status <= limit, ZSTD_isError(status) == 0 else { return nil }
    content.removeLast(limit - status)
    return (content, bytes.count)
  }
}
