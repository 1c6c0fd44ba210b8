/// Finds frames in a stream of bytes, and removes their stuffing, one byte after the other.
///
/// Whatever comes, it is in step again at the next delimiter: it never waits for bytes that a broken frame promised, keeps
/// nothing beyond the buffer, and needs no clock.
public struct FrameCollector: Sendable {
  /// What a byte has completed.
  public enum Event: Equatable, Sendable {
    /// Nothing yet.
    case none
    /// As many bytes between two delimiters, with their stuffing removed; they may still be no frame.
    case bytes(Int)
    /// Bytes between two delimiters whose stuffing is broken, because some are missing.
    case broken
    /// More bytes between two delimiters than the buffer takes; they were dropped.
    case oversized
  }

  private var count = 0
  /// How many bytes the present group still has.
  private var left: UInt8 = 0
  private var isAtStart = true
  private var isOversized = false
  /// Whether a zero stands at the border of the next group.
  private var endsInZero = false

  /// Starts before the first byte of a stream.
  public init() {}

  /// Whether bytes have come since the last delimiter.
  public var isInFrame: Bool { !isAtStart }

  /// Takes the next byte.
  ///
  /// - Parameters:
  ///   - byte: from the line.
  ///   - buffer: the same one until the frame is complete.
  /// - Returns: what it has completed.
  public mutating func take(_ byte: UInt8, into buffer: inout MutableSpan<UInt8>) -> Event {
    guard byte != SerialFrame.delimiter else {
      let event: Event =
        if isAtStart { .none } else if isOversized { .oversized } else if left > 0 { .broken } else {
          .bytes(count)
        }
      self = FrameCollector()
      return event
    }
    if left > 0 {
      append(byte, to: &buffer)
      left -= 1
      return .none
    }
    if endsInZero { append(0, to: &buffer) }
    isAtStart = false
    left = byte - 1
    endsInZero = byte != 0xff
    return .none
  }

  private mutating func append(_ byte: UInt8, to buffer: inout MutableSpan<UInt8>) {
    guard count < buffer.count else {
      isOversized = true
      return
    }
    buffer[count] = byte
    count += 1
  }
}
