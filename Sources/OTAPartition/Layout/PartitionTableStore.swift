import OTACore

/// The partition table in flash: two copies, of which one is whole at every moment.
///
/// Each copy is in an area of its own, with a sequence number, a checksum and a seal; Docs/PowerLossModel.md has the
/// bytes. The newest whole copy is the table. A copy that is missing, older or damaged is written again from the good
/// one. An area is erased only while the other holds a copy that is sure to stay readable.
///
/// The store does not hold the device: it is for the first moments of a start, before `DeviceStorage` takes it over.
public struct PartitionTableStore: Sendable {
  /// The bytes of the first area.
  public let copyA: Range<UInt32>
  /// The bytes of the second area.
  public let copyB: Range<UInt32>
  /// Whether both areas hold the table, as far as the last ``read(from:)``, ``update(_:on:)`` or
  /// ``format(_:on:)`` has seen.
  ///
  /// False means that an area does not take its copy any more: the table is safe from the next loss of power, but not
  /// from the loss of the other area.
  public private(set) var hasTwoCopies = false

  private var journal: Journal
  private var isOpen = false

  /// Checks and takes the areas of the two copies, in bytes from the start of the device; nothing is read.
  ///
  /// - Parameters:
  ///   - copyA: whole erase blocks, with room for four tables: 2 KiB for units of writing of up to 16 bytes, 2176 bytes
  ///     for units of 32.
  ///   - copyB: likewise, outside `copyA`.
  ///   - geometry: the sizes of the device that the other methods are given.
  /// - Throws: ``LayoutError/tooSmall`` for an area without room for four tables, ``LayoutError/outOfBounds``,
  ///   ``LayoutError/notAligned``, ``LayoutError/overlap``.
  public init(copyA: Range<UInt32>, copyB: Range<UInt32>, on geometry: FlashGeometry) throws(LayoutError) {
    journal = try Journal(
      checking: copyA, copyB, payloadCapacity: PartitionTable.maximumSize, on: geometry)
    self.copyA = copyA
    self.copyB = copyB
  }

  /// The sequence number of the newest copy; 0 before the first ``read(from:)``, ``update(_:on:)`` or
  /// ``format(_:on:)``.
  ///
  /// Every writing of a copy has a higher one, also one that a loss of power interrupted.
  public var sequenceNumber: UInt32 { journal.lastSequence }

  /// Finds the table, and repairs the copies.
  ///
  /// A loss of power at any moment leaves the table as it is.
  ///
  /// - Parameter flash: the device.
  /// - Returns: the table; it fits the device and leaves the two areas alone.
  /// - Throws: ``StorageError/partitionTableUnreadable`` if neither copy is whole, and then nothing was written;
  ///   ``StorageError/record(_:)`` if the newest copy is whole, but not a table of this version;
  ///   ``StorageError/layout(_:)`` if it does not fit the device (what ``PartitionTable/validate(on:)`` throws), or with
  ///   ``LayoutError/overlap`` if a partition shares bytes with the two areas; ``StorageError/flash(_:)`` if no copy was
  ///   found and the device failed to read. An older copy is never taken for a newer one that is whole but refused. That
  ///   one copy is damaged, or cannot be repaired, is *not* an error; see ``hasTwoCopies``.
  /// - Complexity: nothing is written if both copies are whole; otherwise up to three erases of an area, with two writes
  ///   each.
  public mutating func read<Device: Flash & ~Copyable>(
    from flash: inout Device
  ) throws(StorageError) -> PartitionTable {
    isOpen = false
    hasTwoCopies = false
    var buffer = InlineArray<460, UInt8>(repeating: 0)
    var bytes = buffer.mutableSpan
    guard let count = try journal.open(&flash, payload: &bytes) else { throw .partitionTableUnreadable }
    let payload = buffer.span.extracting(0..<count)
    let table = try PartitionTableStore.parse(payload)
    try check(table, on: flash.geometry)
    isOpen = true
    hasTwoCopies = try journal.keepTwoCopies(of: payload, on: &flash)
    return table
  }

  /// Replaces the table.
  ///
  /// A loss of power leaves the old table or the new one, and from the return on the new one. Whoever uses a partition
  /// whose place the two tables disagree on moves its contents before or after, as they like; the table does not.
  ///
  /// - Parameters:
  ///   - table: the new table.
  ///   - flash: the device.
  /// - Throws: ``StorageError/layout(_:)`` as ``read(from:)`` does, and then nothing was written; what ``read(from:)``
  ///   throws, if it was not called before; ``StorageError/flash(_:)`` or ``StorageError/journalFull`` if the new table
  ///   could not be written: one of the two is there then, to be found by ``read(from:)``. That only one of two copies
  ///   could be written is *not* an error; see ``hasTwoCopies``.
  /// - Complexity: up to two erases of an area and four writes.
  public mutating func update<Device: Flash & ~Copyable>(
    _ table: PartitionTable, on flash: inout Device
  ) throws(StorageError) {
    try check(table, on: flash.geometry)
    if !isOpen { _ = try read(from: &flash) }
    var buffer = InlineArray<460, UInt8>(repeating: 0)
    let count = try PartitionTableStore.serialize(table, into: buffer.mutableSpan)
    let payload = buffer.span.extracting(0..<count)
    hasTwoCopies = false
    isOpen = false
    try journal.commit(payload, to: &flash)
    isOpen = true
    hasTwoCopies = try journal.keepTwoCopies(of: payload, on: &flash)
  }

  /// Writes the first table to a device, over whatever the two areas hold: for the factory.
  ///
  /// A loss of power leaves what was there before, no table, or this one; format again.
  ///
  /// - Parameters:
  ///   - table: the table.
  ///   - flash: the device.
  /// - Throws: ``StorageError/layout(_:)`` as ``read(from:)`` does, and then nothing was written;
  ///   ``StorageError/flash(_:)``. That only one of two copies could be written is *not* an error; see
  ///   ``hasTwoCopies``.
  public mutating func format<Device: Flash & ~Copyable>(
    _ table: PartitionTable, on flash: inout Device
  ) throws(StorageError) {
    try check(table, on: flash.geometry)
    var buffer = InlineArray<460, UInt8>(repeating: 0)
    let count = try PartitionTableStore.serialize(table, into: buffer.mutableSpan)
    let payload = buffer.span.extracting(0..<count)
    hasTwoCopies = false
    isOpen = false
    try journal.format(&flash, payload: payload)
    isOpen = true
    hasTwoCopies = try journal.keepTwoCopies(of: payload, on: &flash)
  }
}

extension PartitionTableStore {
  private func check(_ table: PartitionTable, on geometry: FlashGeometry) throws(StorageError) {
    do throws(LayoutError) {
      try table.validate(on: geometry)
    } catch {
      throw .layout(error)
    }
    for index in 0..<table.count {
      guard let range = table[index].range, !range.overlaps(copyA), !range.overlaps(copyB) else {
        throw .layout(.overlap)
      }
    }
  }

  private static func parse(_ payload: Span<UInt8>) throws(StorageError) -> PartitionTable {
    do throws(ParseError) {
      var cursor = ByteCursor(payload)
      let table = try PartitionTable(parsing: &cursor)
      try cursor.requireEnd()
      return table
    } catch {
      throw .record(error)
    }
  }

  private static func serialize(
    _ table: PartitionTable, into bytes: consuming MutableSpan<UInt8>
  ) throws(StorageError) -> Int {
    do throws(ParseError) {
      var writer = ByteWriter(bytes)
      try table.serialize(into: &writer)
      return writer.count
    } catch {
      throw .record(error)
    }
  }
}
