public import OTACore

// Byte for byte, all integers little endian:
//
//   offset  size  content
//   0       4     "OTAP"
//   4       1     version, 1
//   5       1     number of entries n, 0 to 16
//   6       2     zero
//   8       28 n  entries: name (16, padded with zeros), kind (1), zero (3), offset (4), size (4)
//   8+28n   4     CRC-32 of everything before
//
// Source: project decision; the shape follows the partition tables that small boot loaders have.

/// The list of partitions of a flash device, protected by a checksum.
///
/// A table that parses is well formed. Whether it fits a device is for ``validate(on:)``.
public struct PartitionTable: Equatable, Sendable {
  /// The most partitions that a table holds.
  public static var maximumCount: Int { 16 }
  /// The most bytes that ``serialize(into:)`` writes.
  public static var maximumSize: Int { 8 + 28 * maximumCount + 4 }
  /// The version byte of the serialised form.
  public static var formatVersion: UInt8 { 1 }

  /// How many partitions there are.
  public private(set) var count: Int
  private var storage: InlineArray<16, Partition>

  /// Makes an empty table.
  public init() {
    count = 0
    let nothing = Partition(name: PartitionName("-"), kind: .data, offset: 0, size: 0)
    storage = InlineArray(repeating: nothing)
  }

  /// The partition with this index, in the order of the table.
  ///
  /// - Precondition: the index is from 0 to ``count`` - 1.
  public subscript(index: Int) -> Partition {
    precondition(index >= 0 && index < count, "no such partition")
    return storage[index]
  }

  /// Appends a partition.
  ///
  /// - Throws: ``LayoutError/tooManyPartitions`` if the table is full, ``LayoutError/duplicatePartition`` if the name
  ///   is taken.
  public mutating func append(_ partition: Partition) throws(LayoutError) {
    guard count < PartitionTable.maximumCount else { throw .tooManyPartitions }
    for index in 0..<count where storage[index].name == partition.name { throw .duplicatePartition }
    storage[count] = partition
    count += 1
  }

  /// Holds the table against a device.
  ///
  /// - Throws: ``LayoutError/tooSmall`` for an empty partition, ``LayoutError/outOfBounds``,
  ///   ``LayoutError/notAligned`` if one does not begin and end at borders of erase blocks, ``LayoutError/overlap`` if
  ///   two share bytes. Gaps are not an error.
  public func validate(on geometry: FlashGeometry) throws(LayoutError) {
    for index in 0..<count {
      guard let range = storage[index].range else { throw .outOfBounds }
      try geometry.checkPartition(range)
      for other in 0..<index {
        if let otherRange = storage[other].range, range.overlaps(otherRange) { throw .overlap }
      }
    }
  }

  /// Compares all partitions, in order.
  public static func == (left: PartitionTable, right: PartitionTable) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left.storage[index] != right.storage[index] { return false }
    return true
  }
}

extension PartitionTable {
  private static var magic: UInt32 { 0x5041_544f }

  /// Appends the serialised form.
  ///
  /// - Throws: kind `ParseError.Kind.capacityExceeded` if it does not fit.
  public func serialize(into writer: inout ByteWriter) throws(ParseError) {
    var buffer = InlineArray<460, UInt8>(repeating: 0)
    let bodySize = try serializeBody(into: buffer.mutableSpan)
    let body = buffer.span.extracting(0..<bodySize)
    guard bodySize + 4 <= writer.remaining else { throw ParseError(.capacityExceeded, at: writer.count) }
    try writer.write(body)
    try writer.writeLittleEndian(CRC32.checksum(of: body))
  }

  /// Writes everything but the checksum and returns its length.
  private func serializeBody(into bytes: consuming MutableSpan<UInt8>) throws(ParseError) -> Int {
    var body = ByteWriter(bytes)
    try body.writeLittleEndian(PartitionTable.magic)
    try body.write(byte: PartitionTable.formatVersion)
    try body.write(byte: UInt8(truncatingIfNeeded: count))
    try body.write(repeating: 0, count: 2)
    for index in 0..<count {
      let entry = storage[index]
      try body.write(entry.name.bytes)
      try body.write(repeating: 0, count: PartitionName.maximumCount - entry.name.count)
      try body.writeLittleEndian(UInt32(entry.kind.rawValue))
      try body.writeLittleEndian(entry.offset)
      try body.writeLittleEndian(entry.size)
    }
    return body.count
  }

  /// Reads the serialised form; bytes behind it are left in the cursor.
  ///
  /// - Throws: kind `ParseError.Kind.truncated`; `ParseError.Kind.invalidValue` for a wrong magic, reserved bytes
  ///   that are not zero, a bad name or kind, or a name that occurs twice; `ParseError.Kind.unsupported` for another
  ///   version; `ParseError.Kind.limitExceeded` for more than ``maximumCount`` entries;
  ///   `ParseError.Kind.checksumMismatch`. The checksum is looked at before any entry.
  public init(parsing cursor: inout ByteCursor) throws(ParseError) {
    let start = cursor.offset
    let header = try cursor.readBytes(count: 8)
    var fields = ByteCursor(header, origin: start)
    guard try fields.readLittleEndian(UInt32.self) == PartitionTable.magic else {
      throw ParseError(.invalidValue, at: start)
    }
    guard try fields.readByte() == PartitionTable.formatVersion else {
      throw ParseError(.unsupported, at: start + 4)
    }
    let entryCount = Int(try fields.readByte())
    guard entryCount <= PartitionTable.maximumCount else { throw ParseError(.limitExceeded, at: start + 5) }
    guard try fields.readLittleEndian(UInt16.self) == 0 else {
      throw ParseError(.invalidValue, at: start + 6)
    }

    let bodyStart = cursor.offset
    let body = try cursor.readBytes(count: entryCount * 28)
    var crc = CRC32()
    crc.update(header)
    crc.update(body)
    let checksumOffset = cursor.offset
    guard try cursor.readLittleEndian(UInt32.self) == crc.checksum else {
      throw ParseError(.checksumMismatch, at: checksumOffset)
    }

    self.init()
    var entries = ByteCursor(body, origin: bodyStart)
    for _ in 0..<entryCount {
      let offset = entries.offset
      let partition = try Partition(parsing: &entries)
      do throws(LayoutError) {
        try append(partition)
      } catch {
        throw ParseError(.invalidValue, at: offset)
      }
    }
  }
}

extension Partition {
  fileprivate init(parsing cursor: inout ByteCursor) throws(ParseError) {
    let nameOffset = cursor.offset
    let field = try cursor.readBytes(count: PartitionName.maximumCount)
    var count = 0
    while count < field.count, field[count] != 0 { count += 1 }
    for index in count..<field.count where field[index] != 0 {
      throw ParseError(.invalidValue, at: nameOffset + index)
    }
    do throws(ParseError) {
      name = try PartitionName(bytes: field.extracting(0..<count))
    } catch {
      throw ParseError(error.kind, at: nameOffset + error.offset)
    }
    let kindOffset = cursor.offset
    let number = try cursor.readLittleEndian(UInt32.self)
    guard let raw = UInt8(exactly: number), let kind = Kind(rawValue: raw) else {
      throw ParseError(.invalidValue, at: kindOffset)
    }
    self.kind = kind
    offset = try cursor.readLittleEndian()
    size = try cursor.readLittleEndian()
  }
}
