/// A 16-byte identifier: of a vendor, of a class of devices, or of one device.
///
/// - Note: Source: RFC 9562 for the textual form; RFC 9124, section 3.3 and 3.4 for vendor and class.
public struct UniversalIdentifier: Equatable, Hashable, Sendable {
  /// The first eight bytes, big endian.
  public var high: UInt64
  /// The last eight bytes, big endian.
  public var low: UInt64

  /// Makes an identifier from its two halves.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Takes the 16 bytes of an identifier.
  ///
  /// - Throws: kind ``ParseError/Kind/truncated`` or ``ParseError/Kind/trailingBytes`` if there are not just 16.
  public init(bytes: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(bytes)
    high = try cursor.readBigEndian()
    low = try cursor.readBigEndian()
    try cursor.requireEnd()
  }

  /// Appends the 16 bytes.
  ///
  /// - Throws: kind ``ParseError/Kind/capacityExceeded`` if they do not fit.
  public func serialize(into writer: inout ByteWriter) throws(ParseError) {
    try writer.writeBigEndian(high)
    try writer.writeBigEndian(low)
  }
}

/// The name of a component: which part of the device an image belongs to.
///
/// - Note: Source: draft-ietf-suit-manifest-37, section 8.4.5.1 (a list of byte strings; here of one).
public struct ComponentIdentifier: Equatable, Hashable, Sendable {
  /// The bytes of the name, usually ASCII such as `app`.
  public var bytes: [UInt8]

  /// Takes the bytes of the name.
  public init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Makes the name from ASCII text in the program.
  public init(_ name: StaticString) {
    var bytes: [UInt8] = []
    name.withUTF8Buffer { buffer in
      for index in 0..<buffer.count { unsafe bytes.append(buffer[index]) }
    }
    self.bytes = bytes
  }
}

/// One of the two places that an image can boot from.
public enum SlotIdentifier: UInt8, Sendable, CaseIterable {
  /// The first slot.
  case a = 0
  /// The second slot.
  case b = 1

  /// The other slot.
  public var other: SlotIdentifier {
    switch self {
    case .a: .b
    case .b: .a
    }
  }
}
