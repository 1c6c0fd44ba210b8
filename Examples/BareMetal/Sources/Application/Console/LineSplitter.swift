/// Tells commands that somebody types from the frames of a host on the same serial line.
///
/// A frame has a zero at both ends and none inside; text has none. The session is given everything, and finds its frames
/// whatever is between them; the console only what is outside.
struct LineSplitter {
  private var isInFrame = false
  private var count = 0

  /// Takes a byte.
  ///
  /// - Returns: whether it is for the console.
  mutating func take(_ byte: UInt8) -> Bool {
    guard byte == 0 else {
      count &+= 1
      return !isInFrame
    }
    // Two zeros one behind the other are the end of one frame and the start of the next.
    isInFrame = !isInFrame || count == 0
    count = 0
    return false
  }
}
