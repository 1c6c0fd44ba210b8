import OTAPartition

/// What a frame asks for; the answer has the same number with the highest bit set.
///
/// - Note: Source: project decision, Docs/SerialProtocol.md.
public enum SerialRequest: UInt8, Sendable, CaseIterable {
  /// What the device is, what it runs, and how far an update has come.
  case status = 0x01
  /// Bytes of a signed envelope.
  case envelope = 0x02
  /// Verify the envelope, and open the inactive slot for its image.
  case begin = 0x03
  /// Bytes of the payload.
  case payload = 0x04
  /// Hold the image in the slot against the manifest.
  case verify = 0x05
  /// Select the verified image for trial.
  case activate = 0x06
  /// Restart, if an image waits for it.
  case reset = 0x07
  /// A signed receipt about the last update.
  case receipt = 0x08
  /// Confirm the image on trial, if the application leaves that to the host.
  case confirm = 0x09
  /// Give the image on trial up, if the application leaves that to the host.
  case revert = 0x0a
  /// Give the update up that is being received.
  case cancel = 0x0b
}

/// The form of all frames, before they are stuffed: all integers little endian.
///
///     offset  size  content
///     0       1     version of the protocol, 1
///     1       1     type: a request, or a request with the highest bit set for its answer
///     2       2     number of the request, chosen by the host; the answer has it too
///     4       2     length of the body
///     6       n     body
///     6+n     4     CRC-32 of all bytes before
///
/// - Note: Source: project decision, Docs/SerialProtocol.md.
public enum SerialFrame {
  /// The version of the protocol.
  public static var version: UInt8 { 1 }
  /// The byte between frames; it is in none.
  public static var delimiter: UInt8 { 0 }
  /// The bytes before the body.
  public static var headerSize: Int { 6 }
  /// The bytes before and behind the body.
  public static var overhead: Int { headerSize + 4 }
  /// The most bytes of the body of an answer.
  public static var maximumAnswer: Int { 544 }
  /// The bit that tells an answer from a request.
  public static var answerBit: UInt8 { 0x80 }

  /// The most bytes that a frame takes on the line, with a delimiter at both ends.
  ///
  /// - Parameter body: the length of its body.
  /// - Returns: a number of bytes.
  public static func encodedSize(ofBody body: Int) -> Int {
    let count = body + overhead
    return count + count / 254 + 1 + 2
  }

  /// The most bytes of an answer on the line.
  public static var maximumAnswerSize: Int { encodedSize(ofBody: maximumAnswer) }

  /// Looks at the header and the checksum of a frame whose stuffing was removed.
  ///
  /// - Returns: type, number and the place of the body; `nil` for anything else than a frame of this version.
  public static func parse(_ bytes: Span<UInt8>) -> (type: UInt8, number: UInt16, body: Range<Int>)? {
    guard bytes.count >= overhead, bytes[0] == version else { return nil }
    let length = Int(bytes[4]) | Int(bytes[5]) << 8
    guard length == bytes.count - overhead else { return nil }
    let end = headerSize + length
    var checksum: UInt32 = 0
    for index in 0..<4 { checksum |= UInt32(bytes[end + index]) << UInt32(8 * index) }
    guard checksum == CRC32.checksum(of: bytes.extracting(0..<end)) else { return nil }
    return (bytes[1], UInt16(bytes[2]) | UInt16(bytes[3]) << 8, headerSize..<end)
  }

  /// Writes a frame as it goes over the line: a delimiter, the stuffed bytes, a delimiter.
  ///
  /// - Parameters:
  ///   - type: a request or an answer.
  ///   - number: of the request.
  ///   - body: at most 65,535 bytes.
  ///   - destination: takes ``encodedSize(ofBody:)`` bytes or fewer; less room than that is the caller's mistake and traps.
  /// - Returns: how many bytes were written.
  public static func encode(
    type: UInt8, number: UInt16, body: Span<UInt8>, into destination: inout MutableSpan<UInt8>
  ) -> Int {
    precondition(body.count <= 0xffff, "a body has at most 65,535 bytes")
    var crc = CRC32()
    var writer = StuffingWriter()
    writer.begin(&destination)
    let header: InlineArray<6, UInt8> = [
      version, type, UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8),
      UInt8(truncatingIfNeeded: body.count), UInt8(truncatingIfNeeded: body.count >> 8),
    ]
    for index in 0..<headerSize { writer.append(header[index], to: &destination) }
    crc.update(header.span)
    for index in 0..<body.count { writer.append(body[index], to: &destination) }
    crc.update(body)
    let checksum = crc.checksum
    for index in 0..<4 {
      writer.append(UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index)), to: &destination)
    }
    return writer.end(&destination)
  }
}

/// Consistent overhead byte stuffing: no byte of what is written is zero.
///
/// - Note: Source: S. Cheshire, M. Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7
///   (1999); a group of 254 bytes without a zero has the code 0xff.
private struct StuffingWriter {
  private var position = 0
  /// Where the code of the present group goes.
  private var group = 0
  private var length: UInt8 = 1

  mutating func begin(_ destination: inout MutableSpan<UInt8>) {
    destination[0] = SerialFrame.delimiter
    group = 1
    position = 2
  }

  mutating func append(_ byte: UInt8, to destination: inout MutableSpan<UInt8>) {
    if byte != 0 {
      destination[position] = byte
      position += 1
      length += 1
      guard length == 0xff else { return }
    }
    destination[group] = length
    group = position
    position += 1
    length = 1
  }

  mutating func end(_ destination: inout MutableSpan<UInt8>) -> Int {
    destination[group] = length
    destination[position] = SerialFrame.delimiter
    return position + 1
  }
}
