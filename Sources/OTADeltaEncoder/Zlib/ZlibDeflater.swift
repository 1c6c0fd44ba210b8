import CZlib

/// Deflates one stream with zlib at its highest level; the same input in any pieces gives the same output.
@safe struct ZlibDeflater: ~Copyable {
  // Safe outside: made in init, freed in deinit, never handed out.
  private let stream: UnsafeMutablePointer<z_stream>
  private var scratch = [UInt8](repeating: 0, count: 32 << 10)

  /// What was compressed until now.
  private(set) var output: [UInt8]

  /// Starts a stream.
  ///
  /// - Parameter output: bytes to append to.
  /// - Throws: ``DeltaEncoderError/outOfMemory``.
  init(appendingTo output: [UInt8] = []) throws(DeltaEncoderError) {
    self.output = output
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // deflateInit2 is a macro over this function. 9 is the highest memory level: it changes nothing for the decoder.
    let status = unsafe deflateInit2_(
      stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      unsafe stream.deallocate()
      throw .outOfMemory
    }
    unsafe self.stream = stream
  }

  deinit {
    unsafe deflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Compresses bytes.
  mutating func write(_ bytes: Span<UInt8>) {
    run(bytes, flush: Z_NO_FLUSH)
  }

  /// Ends the stream and returns everything.
  consuming func finish() -> [UInt8] {
    run(Span(), flush: Z_FINISH)
    return output
  }

  private mutating func run(_ bytes: Span<UInt8>, flush: Int32) {
    var position = 0
    var isDone = false
    while !isDone {
      // zlib counts in 32 bits.
      let count = min(bytes.count - position, 1 << 30)
      let isLastPiece = position + count == bytes.count
      let piece = bytes.extracting(position..<position + count)
      let stream = unsafe self.stream
      let (consumed, produced) = unsafe piece.withUnsafeBufferPointer { source in
        unsafe scratch.withUnsafeMutableBufferPointer { destination in
          unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
          unsafe stream.pointee.avail_in = UInt32(count)
          unsafe stream.pointee.next_out = destination.baseAddress
          unsafe stream.pointee.avail_out = UInt32(destination.count)
          // Every status but a broken state means progress, and the state is ours alone.
          let status = unsafe deflate(stream, isLastPiece ? flush : Z_NO_FLUSH)
          precondition(status != Z_STREAM_ERROR, "zlib's state is broken")
          return unsafe (
            count - Int(stream.pointee.avail_in), destination.count - Int(stream.pointee.avail_out)
          )
        }
      }
      position += consumed
      output.append(contentsOf: scratch[0..<produced])
      isDone = position == bytes.count && produced < scratch.count
    }
  }
}
