import CheckStartup

/// Reads the vectors, from the first one to the last.
struct Vectors {
  private var position = 0

  /// A number of four bytes.
  mutating func number() -> UInt32 {
    var value: UInt32 = 0
    let bytes = bytes(4)
    for index in 0..<4 { value |= UInt32(bytes[index]) << UInt32(8 * index) }
    return value
  }

  /// So many bytes, where they are, and past what fills them up.
  @_lifetime(immortal)
  mutating func bytes(_ count: Int) -> Span<UInt8> {
    let start = unsafe ota_vectors_start().advanced(by: position)
    position += (count + 3) & ~3
    return unsafe _overrideLifetime(Span(_unsafeStart: start, count: count), borrowing: ())
  }
}
