import OTACore

/// Reads deterministically encoded CBOR, as `CBORReader` does, in less code: integers, strings, heads, `true` and `false`.
///
/// - Note: Source: RFC 8949, section 4.2.1.
struct CompactReader: ~Escapable {
  /// The number of a type in CBOR.
  enum Kind: UInt8 {
    case unsigned = 0
    case negative = 1
    case bytes = 2
    case text = 3
    case array = 4
    case map = 5
    case tag = 6
    case simple = 7
  }

  private let bytes: Span<UInt8>
  private(set) var position: Int
  private let end: Int

  /// Starts at the first byte of a range of a document.
  @_lifetime(copy document)
  init(_ range: Range<Int>, of document: Span<UInt8>) {
    bytes = document
    position = range.lowerBound
    end = range.upperBound
    precondition(position >= 0 && end <= document.count, "the range is not in the document")
  }

  /// The type of the next item; `nil` at the end.
  var kind: Kind? { position < end ? Kind(rawValue: bytes[position] >> 5) : nil }

  /// Refuses bytes behind the last item.
  func requireEnd() throws(CompactRefusal) {
    guard position == end else { throw CompactRefusal(.trailingBytes) }
  }

  /// Consumes a head, whose argument must have its shortest form.
  @inline(never)
  mutating func head() throws(CompactRefusal) -> (kind: Kind, argument: UInt64) {
    guard position < end else { throw .truncated }
    let first = bytes[position]
    let kind = Kind(rawValue: first >> 5).unsafelyUnwrappedKind
    let small = first & 0x1f
    position += 1
    guard small >= 24 else {
      // Only false, true and null.
      guard kind != .simple || (small >= 20 && small <= 22) else { throw .unsupported }
      return (kind, UInt64(small))
    }
    guard small <= 27 else { throw .notCanonical }
    guard kind != .simple else { throw .unsupported }
    let count = 1 << Int(small - 24)
    guard count <= end - position else { throw .truncated }
    var argument: UInt64 = 0
    for _ in 0..<count {
      argument = argument << 8 | UInt64(bytes[position])
      position += 1
    }
    // The least number that needs so many bytes.
    let least: UInt64 = count == 1 ? 24 : 1 << UInt64(4 * count)
    guard argument >= least else { throw .notCanonical }
    return (kind, argument)
  }

  /// Consumes a head of one type.
  @inline(never)
  mutating func argument(_ kind: Kind) throws(CompactRefusal) -> UInt64 {
    let head = try head()
    guard head.kind == kind else { throw .malformed }
    return head.argument
  }

  /// Consumes a number that fits 32 bits.
  @inline(never)
  mutating func word() throws(CompactRefusal) -> UInt32 {
    guard let value = UInt32(exactly: try argument(.unsigned)) else { throw .malformed }
    return value
  }

  /// Consumes a number, negative or not; those that do not fit 32 bits with a sign are known nowhere.
  @inline(never)
  mutating func integer() throws(CompactRefusal) -> Int32 {
    let (kind, argument) = try head()
    guard kind == .unsigned || kind == .negative else { throw .malformed }
    guard let magnitude = Int32(exactly: argument) else { throw .unsupportedCommand }
    return kind == .unsigned ? magnitude : -1 - magnitude
  }

  /// Consumes the head of an array or a map, and returns how many items or pairs follow.
  @inline(never)
  mutating func count(_ kind: Kind) throws(CompactRefusal) -> Int {
    let argument = try argument(kind)
    // Each has a byte at least.
    guard argument <= UInt64(end - position) else { throw .truncated }
    return Int(truncatingIfNeeded: argument)
  }

  /// Consumes a key of a map.
  ///
  /// Keys ascend: 0, 1, ... before -1, -2, ...
  @inline(never)
  mutating func key(after previous: inout Int32?) throws(CompactRefusal) -> Int32 {
    let key = try integer()
    if let previous {
      let ascends = (previous >= 0) == (key >= 0) ? key.magnitude > previous.magnitude : key < 0
      guard ascends else { throw .notCanonical }
    }
    previous = key
    return key
  }

  /// Consumes a string, and returns where it is; text is UTF-8.
  @inline(never)
  mutating func string(_ kind: Kind = .bytes) throws(CompactRefusal) -> Range<Int> {
    let count = try count(kind)
    position += count
    let range = position - count..<position
    guard kind != .text || isUTF8(bytes.extracting(range)) else { throw .malformed }
    return range
  }

  /// Consumes an item that is no array, map or tag.
  @inline(never)
  mutating func skipSimple() throws(CompactRefusal) {
    guard let kind else { throw .truncated }
    switch kind {
    case .unsigned, .negative, .simple: _ = try head()
    case .bytes, .text: _ = try string(kind)
    case .array, .map, .tag: throw .malformed
    }
  }

  /// Consumes an identifier of 16 bytes.
  @inline(never)
  mutating func identifier() throws(CompactRefusal) -> UniversalIdentifier {
    let range = try string()
    guard range.count == 16 else { throw .malformed }
    var (high, low): (UInt64, UInt64) = (0, 0)
    for index in 0..<8 {
      high = high << 8 | UInt64(bytes[range.lowerBound + index])
      low = low << 8 | UInt64(bytes[range.lowerBound + 8 + index])
    }
    return UniversalIdentifier(high: high, low: low)
  }

  /// Consumes a SUIT_Digest of SHA-256, the only function that devices without heap have.
  @inline(never)
  mutating func digest() throws(CompactRefusal) -> Digest {
    guard try count(.array) == 2 else { throw .malformed }
    guard try integer() == DigestAlgorithm.sha256.rawValue else { throw .unsupportedAlgorithm }
    return try CompactReader.digest(try string(), of: bytes)
  }

  /// Takes a digest that stands in a range.
  @inline(never)
  static func digest(_ range: Range<Int>, of bytes: Span<UInt8>) throws(CompactRefusal) -> Digest {
    do throws(ParseError) {
      return try Digest(algorithm: .sha256, bytes: bytes.extracting(range))
    } catch {
      throw .malformed
    }
  }
}

extension Optional where Wrapped == CompactReader.Kind {
  /// Three bits are always one of the eight types.
  fileprivate var unsafelyUnwrappedKind: CompactReader.Kind { self ?? .simple }
}
