public import OTACore

/// One named range of a flash device.
public struct Partition: Equatable, Sendable {
  /// What a partition is for; the raw value stands in partition tables.
  public enum Kind: UInt8, Sendable {
    /// The boot loader.
    case boot = 1
    /// A slot: one image that boots.
    case app = 2
    /// Whatever the application keeps.
    case data = 3
    /// Room to swap images through.
    case scratch = 4
    /// One area of the journal.
    case journal = 5
    /// Encrypted settings and secrets.
    case secure = 6
    /// The golden image, which no update writes.
    case recovery = 7
  }

  /// Its name, unique in the table.
  public var name: PartitionName
  /// What it is for.
  public var kind: Kind
  /// Its first byte, counted from the start of the device.
  public var offset: UInt32
  /// Its length in bytes.
  public var size: UInt32

  /// Makes a partition from its parts.
  public init(name: PartitionName, kind: Kind, offset: UInt32, size: UInt32) {
    self.name = name
    self.kind = kind
    self.offset = offset
    self.size = size
  }

  /// Its bytes as a range, or `nil` if the end does not fit 32 bits.
  public var range: Range<UInt32>? {
    let (end, overflow) = offset.addingReportingOverflow(size)
    return overflow ? nil : offset..<end
  }
}

/// The name of a partition: 1 to 16 printable ASCII characters, without spaces.
public struct PartitionName: Equatable, Sendable {
  /// The most characters that a name has.
  public static var maximumCount: Int { 16 }

  private var storage: InlineArray<16, UInt8>
  /// How many characters it has.
  public let count: Int

  /// Takes the characters of a name.
  ///
  /// - Throws: kind `ParseError.Kind.invalidValue` if there are none, more than ``maximumCount``, or one that is
  ///   not from 0x21 to 0x7e; the offset is that of the character.
  public init(bytes: Span<UInt8>) throws(ParseError) {
    guard !bytes.isEmpty, bytes.count <= PartitionName.maximumCount else {
      throw ParseError(.invalidValue, at: 0)
    }
    storage = InlineArray(repeating: 0)
    for index in 0..<bytes.count {
      guard (0x21...0x7e).contains(bytes[index]) else { throw ParseError(.invalidValue, at: index) }
      storage[index] = bytes[index]
    }
    count = bytes.count
  }

  /// Makes a name from text in the program.
  ///
  /// - Precondition: it is 1 to 16 printable ASCII characters, without spaces.
  public init(_ text: StaticString) {
    var storage = InlineArray<16, UInt8>(repeating: 0)
    precondition(
      (1...PartitionName.maximumCount).contains(text.utf8CodeUnitCount), "a name has 1 to 16 characters")
    text.withUTF8Buffer { buffer in
      for index in 0..<buffer.count {
        let character = unsafe buffer[index]
        precondition((0x21...0x7e).contains(character), "a name is printable ASCII")
        storage[index] = character
      }
    }
    self.storage = storage
    self.count = text.utf8CodeUnitCount
  }

  /// The characters.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span.extracting(0..<count) }
  }

  /// Compares all characters.
  public static func == (left: PartitionName, right: PartitionName) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left.storage[index] != right.storage[index] { return false }
    return true
  }
}
