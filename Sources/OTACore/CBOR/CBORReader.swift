/// Reads deterministically encoded CBOR: definite lengths, shortest forms, sorted and unique map keys, no floats.
///
/// Signed data has one encoding; everything else is refused with the offset where it stands. Each read consumes one
/// head or one whole string, and moves nothing when it throws.
///
/// - Note: Source: RFC 8949, section 4.2.1 (core deterministic encoding requirements).
public struct CBORReader: ~Escapable {
  /// The type of an item, with the number that it has in CBOR.
  ///
  /// - Note: Source: RFC 8949, section 3.1.
  public enum MajorType: UInt8, Sendable {
    /// A number from 0 on.
    case unsigned = 0
    /// A number below 0.
    case negative = 1
    /// Bytes.
    case byteString = 2
    /// UTF-8.
    case textString = 3
    /// A list of items.
    case array = 4
    /// A list of pairs.
    case map = 5
    /// A mark on the item behind it.
    case tag = 6
    /// `false`, `true`, `null`; the others are refused.
    case simple = 7
  }

  struct Head {
    var type: MajorType
    var argument: UInt64
    var offset: Int
  }

  private var cursor: ByteCursor
  private let limits: Limits

  /// Starts at the first of `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: one or more items.
  ///   - limits: ``Limits/itemCount`` and ``Limits/nestingDepth`` apply.
  ///   - origin: the offset of the first byte within the outermost document, for errors only.
  @_lifetime(copy bytes)
  public init(_ bytes: Span<UInt8>, limits: Limits = Limits(), origin: Int = 0) {
    self.cursor = ByteCursor(bytes, origin: origin)
    self.limits = limits
  }

  /// The offset of the next item from the start of the outermost document.
  public var offset: Int { cursor.offset }

  /// Whether all bytes were consumed.
  public var isAtEnd: Bool { cursor.isAtEnd }

  /// The type of the next item, or `nil` at the end.
  public func peekType() -> MajorType? {
    guard let byte = cursor.peekByte() else { return nil }
    return MajorType(rawValue: byte >> 5)
  }

  /// Whether the next item is `null`.
  public func isNextNull() -> Bool { cursor.peekByte() == 0xf6 }

  /// Refuses bytes behind the last item.
  ///
  /// - Throws: kind ``ParseError/Kind/trailingBytes`` if a byte is left.
  public func requireEnd() throws(ParseError) { try cursor.requireEnd() }

  /// Consumes a number from 0 on.
  ///
  /// - Throws: a ``ParseError``; kind ``ParseError/Kind/invalidValue`` if the next item is something else.
  public mutating func readUnsigned() throws(ParseError) -> UInt64 {
    try read(.unsigned)
  }

  /// Consumes a number, negative or not.
  ///
  /// - Throws: a ``ParseError``; kind ``ParseError/Kind/invalidValue`` if the next item is something else, or does
  ///   not fit 64 bits with a sign.
  public mutating func readInteger() throws(ParseError) -> Int64 {
    var ahead = cursor
    let head = try CBORReader.readHead(&ahead)
    guard head.type == .unsigned || head.type == .negative, let magnitude = Int64(exactly: head.argument)
    else {
      throw ParseError(.invalidValue, at: head.offset)
    }
    cursor = ahead
    return head.type == .unsigned ? magnitude : -1 - magnitude
  }

  /// Consumes a byte string and returns it without a copy.
  ///
  /// - Throws: a ``ParseError``; kind ``ParseError/Kind/invalidValue`` if the next item is something else.
  @_lifetime(copy self)
  public mutating func readByteString() throws(ParseError) -> Span<UInt8> {
    try readString(.byteString)
  }

  /// Consumes a text string and returns its UTF-8 without a copy.
  ///
  /// - Throws: a ``ParseError``; kind ``ParseError/Kind/invalidValue`` if the next item is something else, or is not
  ///   UTF-8.
  @_lifetime(copy self)
  public mutating func readTextString() throws(ParseError) -> Span<UInt8> {
    let start = cursor.offset
    let text = try readString(.textString)
    guard isUTF8(text) else { throw ParseError(.invalidValue, at: start) }
    return text
  }

  /// Consumes the head of an array and returns how many items follow.
  ///
  /// - Throws: a ``ParseError``; kind ``ParseError/Kind/limitExceeded`` over ``Limits/itemCount``, kind
  ///   ``ParseError/Kind/truncated`` if there are fewer bytes left than items.
  public mutating func readArrayHeader() throws(ParseError) -> Int {
    try readCount(.array, bytesPerItem: 1)
  }

  /// Consumes the head of a map and returns how many pairs follow.
  ///
  /// Read integer keys with ``readKey(after:)``.
  ///
  /// - Throws: a ``ParseError``; kind ``ParseError/Kind/limitExceeded`` over ``Limits/itemCount``, kind
  ///   ``ParseError/Kind/truncated`` if there are fewer bytes left than keys and values.
  public mutating func readMapHeader() throws(ParseError) -> Int {
    try readCount(.map, bytesPerItem: 2)
  }

  /// Consumes an integer key of a map and checks that keys ascend and do not repeat.
  ///
  /// - Parameter previous: the key before this one, `nil` for the first; replaced by this key.
  /// - Returns: the key.
  /// - Throws: a ``ParseError``; kind ``ParseError/Kind/notCanonical`` if the key is not behind `previous` in the
  ///   order of the encodings: 0, 1, ... before -1, -2, ...
  public mutating func readKey(after previous: inout Int64?) throws(ParseError) -> Int64 {
    var ahead = self
    let key = try ahead.readInteger()
    if let previous {
      let ascends = (previous >= 0) == (key >= 0) ? key.magnitude > previous.magnitude : key < 0
      guard ascends else { throw ParseError(.notCanonical, at: offset) }
    }
    previous = key
    self = ahead
    return key
  }

  /// Consumes a tag and returns its number; the tagged item is next.
  ///
  /// - Throws: a ``ParseError``; kind ``ParseError/Kind/invalidValue`` if the next item has no tag.
  public mutating func readTag() throws(ParseError) -> UInt64 {
    try read(.tag)
  }

  /// Consumes `true` or `false`.
  ///
  /// - Throws: a ``ParseError``; kind ``ParseError/Kind/invalidValue`` if the next item is something else.
  public mutating func readBool() throws(ParseError) -> Bool {
    var ahead = cursor
    let head = try CBORReader.readHead(&ahead)
    guard head.type == .simple, head.argument == 20 || head.argument == 21 else {
      throw ParseError(.invalidValue, at: head.offset)
    }
    cursor = ahead
    return head.argument == 21
  }

  /// Consumes `null`.
  ///
  /// - Throws: a ``ParseError``; kind ``ParseError/Kind/invalidValue`` if the next item is something else.
  public mutating func readNull() throws(ParseError) {
    var ahead = cursor
    let head = try CBORReader.readHead(&ahead)
    guard head.type == .simple, head.argument == 22 else { throw ParseError(.invalidValue, at: head.offset) }
    cursor = ahead
  }

  /// Consumes one whole item, checks it, and returns its bytes without a copy.
  ///
  /// - Throws: a ``ParseError``; kind ``ParseError/Kind/limitExceeded`` if it nests deeper than
  ///   ``Limits/nestingDepth``.
  @_lifetime(copy self)
  public mutating func readItem() throws(ParseError) -> Span<UInt8> {
    var ahead = self
    let start = ahead.offset
    try ahead.skip(depth: limits.nestingDepth)
    let item = try cursor.readBytes(count: ahead.offset - start)
    return item
  }

  private mutating func skip(depth: Int) throws(ParseError) {
    guard depth > 0 else { throw ParseError(.limitExceeded, at: offset) }
    guard let type = peekType() else { throw ParseError(.truncated, at: offset) }
    switch type {
    case .unsigned, .negative, .simple:
      _ = try CBORReader.readHead(&cursor)
    case .byteString:
      _ = try readByteString()
    case .textString:
      _ = try readTextString()
    case .array:
      for _ in 0..<(try readArrayHeader()) { try skip(depth: depth - 1) }
    case .map:
      let count = try readMapHeader()
      var previous = cursor.emptySpan
      for _ in 0..<count {
        var key = cursor
        let start = offset
        try skip(depth: depth - 1)
        let bytes = try key.readBytes(count: offset - start)
        guard CBORReader.isOrdered(previous, before: bytes) else {
          throw ParseError(.notCanonical, at: start)
        }
        previous = bytes
        try skip(depth: depth - 1)
      }
    case .tag:
      _ = try readTag()
      try skip(depth: depth - 1)
    }
  }

  /// Whether one encoded key stands before another: bytewise, a prefix first.
  private static func isOrdered(_ left: Span<UInt8>, before right: Span<UInt8>) -> Bool {
    for index in 0..<min(left.count, right.count) where left[index] != right[index] {
      return left[index] < right[index]
    }
    return left.count < right.count
  }

  private mutating func read(_ type: MajorType) throws(ParseError) -> UInt64 {
    var ahead = cursor
    let head = try CBORReader.readHead(&ahead)
    guard head.type == type else { throw ParseError(.invalidValue, at: head.offset) }
    cursor = ahead
    return head.argument
  }

  @_lifetime(copy self)
  private mutating func readString(_ type: MajorType) throws(ParseError) -> Span<UInt8> {
    var ahead = cursor
    let head = try CBORReader.readHead(&ahead)
    guard head.type == type else { throw ParseError(.invalidValue, at: head.offset) }
    guard let count = Int(exactly: head.argument) else { throw ParseError(.truncated, at: head.offset) }
    let bytes = try ahead.readBytes(count: count)
    cursor = ahead
    return bytes
  }

  private mutating func readCount(_ type: MajorType, bytesPerItem: Int) throws(ParseError) -> Int {
    var ahead = cursor
    let head = try CBORReader.readHead(&ahead)
    guard head.type == type else { throw ParseError(.invalidValue, at: head.offset) }
    guard let count = Int(exactly: head.argument), count <= limits.itemCount else {
      throw ParseError(.limitExceeded, at: head.offset)
    }
    guard count <= ahead.remaining / bytesPerItem else { throw ParseError(.truncated, at: head.offset) }
    cursor = ahead
    return count
  }

  /// Consumes the initial byte and the argument behind it, which must have its shortest form.
  private static func readHead(_ cursor: inout ByteCursor) throws(ParseError) -> Head {
    let offset = cursor.offset
    let initial = try cursor.readByte()
    guard let type = MajorType(rawValue: initial >> 5) else { throw ParseError(.invalidValue, at: offset) }
    let argument: UInt64
    switch initial & 0x1f {
    case let small where small < 24: argument = UInt64(small)
    case 24: argument = UInt64(try cursor.readByte())
    case 25: argument = UInt64(try cursor.readBigEndian(UInt16.self))
    case 26: argument = UInt64(try cursor.readBigEndian(UInt32.self))
    case 27: argument = try cursor.readBigEndian(UInt64.self)
    default: throw ParseError(.notCanonical, at: offset)
    }
    if type == .simple {
      // Only false, true and null: the encodings of floats and of other simple values do not occur.
      guard initial == 0xf4 || initial == 0xf5 || initial == 0xf6 else {
        throw ParseError(.unsupported, at: offset)
      }
      return Head(type: type, argument: argument, offset: offset)
    }
    let isShortest =
      switch initial & 0x1f {
      case 24: argument >= 24
      case 25: argument > 0xff
      case 26: argument > 0xffff
      case 27: argument > 0xffff_ffff
      default: true
      }
    guard isShortest else { throw ParseError(.notCanonical, at: offset) }
    return Head(type: type, argument: argument, offset: offset)
  }
}
