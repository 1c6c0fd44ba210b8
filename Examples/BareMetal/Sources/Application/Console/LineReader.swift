/// Collects the bytes of a line; a line that is too long is dropped whole.
struct LineReader {
  private var bytes = InlineArray<64, UInt8>(repeating: 0)
  private var count = 0
  private var isOverlong = false

  /// Takes a byte; `true` when a line is complete, which ``line`` then holds until the next byte.
  mutating func take(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x0a, 0x0d:
      defer { isOverlong = false }
      if isOverlong { count = 0 }
      return count > 0
    case 0x08, 0x7f:
      if count > 0 { count -= 1 }
    default:
      if count < bytes.count {
        bytes[count] = byte
        count += 1
      } else {
        isOverlong = true
      }
    }
    return false
  }

  /// The line, without its end.
  var line: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { bytes.span.extracting(0..<count) }
  }

  mutating func reset() { count = 0 }
}
