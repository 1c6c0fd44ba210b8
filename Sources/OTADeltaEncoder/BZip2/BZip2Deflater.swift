import CBZip2

/// Compresses one stream with libbz2; the same input in any pieces gives the same output.
@safe struct BZip2Deflater: ~Copyable {
  // Safe outside: made in init, freed in deinit, never handed out.
  private let stream: UnsafeMutablePointer<bz_stream>
  private var scratch = [CChar](repeating: 0, count: 32 << 10)

  /// What was compressed until now.
  private(set) var output: [UInt8]

  /// Starts a stream with blocks of up to 900,000 bytes.
  ///
  /// - Parameter output: bytes to append to.
  /// - Throws: ``DeltaEncoderError/outOfMemory``.
  init(appendingTo output: [UInt8] = []) throws(DeltaEncoderError) {
    self.output = output
    let stream = UnsafeMutablePointer<bz_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: bz_stream())
    // The largest blocks, no messages, the usual patience with repetitive data.
    let status = unsafe BZ2_bzCompressInit(stream, 9, 0, 0)
    guard status == BZ_OK else {
      unsafe stream.deallocate()
      throw .outOfMemory
    }
    unsafe self.stream = stream
  }

  deinit {
    unsafe BZ2_bzCompressEnd(stream)
    unsafe stream.deallocate()
  }

  /// Compresses bytes.
  mutating func write(_ bytes: Span<UInt8>) {
    var position = 0
    while position < bytes.count {
      // libbz2 counts in 32 bits.
      let piece = bytes.extracting(position..<position + min(bytes.count - position, 1 << 30))
      position += run(piece, action: BZ_RUN).consumed
    }
  }

  /// Ends the stream and returns everything.
  consuming func finish() -> [UInt8] {
    while !run(Span(), action: BZ_FINISH).isAtEnd {}
    return output
  }

  private mutating func run(_ bytes: Span<UInt8>, action: Int32) -> (consumed: Int, isAtEnd: Bool) {
    let stream = unsafe self.stream
    let (status, consumed, produced) = unsafe bytes.withUnsafeBytes { source in
      unsafe scratch.withUnsafeMutableBufferPointer { destination in
        // libbz2 takes its input as characters that it does not change.
        unsafe stream.pointee.next_in = UnsafeMutableRawPointer(mutating: source.baseAddress)?
          .assumingMemoryBound(to: CChar.self)
        unsafe stream.pointee.avail_in = UInt32(source.count)
        unsafe stream.pointee.next_out = destination.baseAddress
        unsafe stream.pointee.avail_out = UInt32(destination.count)
        let status = unsafe BZ2_bzCompress(stream, action)
        return unsafe (
          status, source.count - Int(stream.pointee.avail_in),
          destination.count - Int(stream.pointee.avail_out)
        )
      }
    }
    // Every other status means a broken state, and the state is ours alone.
    precondition(status >= BZ_OK, "libbz2's state is broken")
    for index in 0..<produced { output.append(UInt8(bitPattern: scratch[index])) }
    return (consumed, status == BZ_STREAM_END)
  }
}
