import OTACore

/// The body of an answer while it is made.
struct SerialAnswer {
  private var storage = InlineArray<544, UInt8>(repeating: 0)
  private(set) var count = 0

  var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<count) }
  }

  /// Appends the lowest bytes of a number, the lowest first.
  mutating func append(_ value: UInt64, bytes: Int) {
    for index in 0..<bytes { append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }

  mutating func append(_ bytes: Span<UInt8>) {
    for index in 0..<bytes.count { append(bytes[index]) }
  }

  mutating func append(_ identifier: UniversalIdentifier) {
    for index in 0..<8 { append(UInt8(truncatingIfNeeded: identifier.high >> UInt64(56 - 8 * index))) }
    for index in 0..<8 { append(UInt8(truncatingIfNeeded: identifier.low >> UInt64(56 - 8 * index))) }
  }

  /// Appends the bytes of a digest, or zeros.
  mutating func append(_ digest: Digest?) {
    for index in 0..<32 {
      if let digest, digest.algorithm == .sha256 { append(digest.bytes[index]) } else { append(0) }
    }
  }

  /// Makes room that is filled by the caller, who says how much of it he has used.
  mutating func append<Failure: Error>(
    _ body: (inout MutableSpan<UInt8>) throws(Failure) -> Int
  ) throws(Failure) {
    var whole = storage.mutableSpan
    var rest = whole._mutatingExtracting(droppingFirst: count)
    let room = rest.count
    count += min(try body(&rest), room)
  }

  private mutating func append(_ byte: UInt8) {
    // All answers have room by their definition.
    guard count < 544 else { return }
    storage[count] = byte
    count += 1
  }
}

/// Why a request was refused.
struct SerialRefusal: Error {
  var code: ErrorCode
  init(_ code: ErrorCode) { self.code = code }
}
