#if !hasFeature(Embedded)
import OTACore

/// The host's end of the line: makes frames of requests, and finds answers among whatever else is on it.
///
/// No input or output: bytes in, bytes out.
struct SerialLine {
  /// What was found on the line.
  enum Item: Equatable {
    /// An answer: of which request, its number, and its body.
    case answer(SerialRequest, number: UInt16, body: [UInt8])
    /// Text that the device has printed between frames.
    case text([UInt8])
    /// Something else.
    case garbage
  }

  /// The most bytes between two delimiters that are kept; longer ones are shown as text, or are garbage.
  private static var capacity: Int { 4096 }

  private var collector = FrameCollector()
  private var buffer = [UInt8](repeating: 0, count: capacity)
  private var raw: [UInt8] = []

  /// Makes the bytes of a request.
  static func encode(_ request: SerialRequest, number: UInt16, body: [UInt8]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: SerialFrame.encodedSize(ofBody: body.count))
    var span = bytes.mutableSpan
    let count = SerialFrame.encode(type: request.rawValue, number: number, body: body.span, into: &span)
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  /// Takes in bytes from the line.
  mutating func receive(_ bytes: [UInt8]) -> [Item] {
    var items: [Item] = []
    for byte in bytes {
      let event = take(byte)
      if byte != SerialFrame.delimiter, raw.count < SerialLine.capacity { raw.append(byte) }
      switch event {
      case .none: continue
      case .bytes(let count): items.append(answer(count) ?? leftover())
      case .broken, .oversized: items.append(leftover())
      }
      raw.removeAll(keepingCapacity: true)
    }
    return items
  }

  private mutating func take(_ byte: UInt8) -> FrameCollector.Event {
    // Two parts of one value cannot be lent out at a time.
    var collector = collector
    defer { self.collector = collector }
    var span = buffer.mutableSpan
    return collector.take(byte, into: &span)
  }

  /// Gives out what has come since the last delimiter, if it is text: nothing follows it for now.
  mutating func flush() -> [Item] {
    guard !raw.isEmpty, SerialLine.isText(raw) else { return [] }
    let item = leftover()
    raw.removeAll(keepingCapacity: true)
    collector = FrameCollector()
    return [item]
  }

  private func answer(_ count: Int) -> Item? {
    let bytes = Array(buffer[..<count])
    guard let (type, number, range) = SerialFrame.parse(bytes.span), type & SerialFrame.answerBit != 0,
      let request = SerialRequest(rawValue: type & ~SerialFrame.answerBit)
    else { return nil }
    return .answer(request, number: number, body: Array(bytes[range]))
  }

  private func leftover() -> Item { SerialLine.isText(raw) ? .text(raw) : .garbage }

  /// Whether bytes are what consoles print: ASCII and UTF-8 behind it, tabs, line ends and escape sequences.
  private static func isText(_ bytes: [UInt8]) -> Bool {
    bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f || ($0 >= 0x08 && $0 <= 0x0d) || $0 == 0x1b }
      && String(validating: bytes, as: UTF8.self) != nil
  }
}
#endif
