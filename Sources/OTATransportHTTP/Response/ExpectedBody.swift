import OTACore

/// What the body of a response to a download must be.
struct ExpectedBody: Equatable, Sendable {
  /// The length of the whole resource, if the server said so.
  let totalSize: UInt64?
  /// The number of bytes of this body, if the server said so.
  let count: UInt64?

  /// Holds the head of a response against what was asked for.
  ///
  /// - Parameters:
  ///   - head: the head.
  ///   - offset: the first byte that was asked for; 0 if everything was, without a range.
  /// - Throws: ``TransportError/rangeIgnored`` if the body does not begin at `offset` or does not go to the end, or if
  ///   the resource ends before `offset` (416); ``TransportError/status(_:)`` for anything else but success;
  ///   ``TransportError/malformed`` for a coding that was not asked for, or a range that was not.
  init(_ head: ResponseHead, from offset: UInt64) throws(TransportError) {
    switch head.status {
    case 200 where offset == 0, 206 where offset > 0: break
    case 200 where offset > 0, 416 where offset > 0: throw .rangeIgnored
    case 200..<300: throw .malformed
    default: throw .status(head.status)
    }
    guard !head.hasContentCoding else { throw .malformed }

    // A transfer coding frames the body by itself, and a length beside it counts nothing (RFC 9112, section 6.3).
    let length = head.hasTransferCoding ? nil : head.contentLength
    guard offset > 0 else {
      totalSize = length
      count = length
      return
    }
    guard let range = head.contentRange, range.bytes.lowerBound == offset else { throw .rangeIgnored }
    if let total = range.totalSize, total != range.bytes.upperBound { throw .rangeIgnored }
    let inRange = range.bytes.upperBound - range.bytes.lowerBound
    if let length, length != inRange { throw .rangeIgnored }
    totalSize = range.totalSize
    count = inRange
  }
}
