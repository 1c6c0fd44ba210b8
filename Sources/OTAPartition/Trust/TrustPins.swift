import OTACore
import OTACrypto

// What a secure storage has of the trust anchors: the SHA-256 digest of the state, and, while it is being replaced, that of
// the next one behind it.

/// The digests of the states that count.
package struct TrustPins: Equatable {
  let present: Digest
  /// Of the state that is being written.
  let next: Digest?

  static var maximumSize: Int { 64 }

  package init(_ state: TrustState, next: TrustState? = nil) throws(TrustAnchorError) {
    present = try TrustPins.digest(of: state)
    if let next { self.next = try TrustPins.digest(of: next) } else { self.next = nil }
  }

  /// Reads the value of the secure storage.
  init(parsing bytes: Span<UInt8>) throws(TrustAnchorError) {
    do throws(ParseError) {
      var cursor = ByteCursor(bytes)
      present = try Digest(algorithm: .sha256, bytes: cursor.readBytes(count: 32))
      next = cursor.isAtEnd ? nil : try Digest(algorithm: .sha256, bytes: cursor.readBytes(count: 32))
      try cursor.requireEnd()
    } catch {
      throw .malformed(error)
    }
  }

  /// Writes the value of the secure storage.
  ///
  /// - Returns: its length.
  func serialize(into bytes: inout InlineArray<64, UInt8>) -> Int {
    for index in 0..<32 { bytes[index] = present.bytes[index] }
    guard let next else { return 32 }
    for index in 0..<32 { bytes[32 + index] = next.bytes[index] }
    return 64
  }

  static func digest(of state: TrustState) throws(TrustAnchorError) -> Digest {
    var buffer = InlineArray<752, UInt8>(repeating: 0)
    let count = try state.serialize(into: buffer.mutableSpan)
    return SHA256.digest(of: buffer.span.extracting(0..<count))
  }
}
