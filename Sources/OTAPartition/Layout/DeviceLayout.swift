public import OTACore

/// Where the two slots and the two areas of the journal are; checked against the device from the moment it exists.
public struct DeviceLayout: Equatable, Sendable {
  /// The bytes of slot a.
  public let slotA: Range<UInt32>
  /// The bytes of slot b.
  public let slotB: Range<UInt32>
  /// The bytes of the first area of the journal.
  public let journalA: Range<UInt32>
  /// The bytes of the second area of the journal.
  public let journalB: Range<UInt32>

  /// Checks and takes a layout; each range is in bytes from the start of the device.
  ///
  /// The slots may differ in size; an image has to fit the one that it is staged in.
  ///
  /// - Throws: ``LayoutError/tooSmall`` for an empty range, or an area of the journal that has no room for
  ///   ``minimumRecordsPerArea`` records; ``LayoutError/outOfBounds``; ``LayoutError/notAligned`` for a range that does
  ///   not begin and end at borders of erase blocks; ``LayoutError/overlap``.
  public init(
    slotA: Range<UInt32>, slotB: Range<UInt32>, journalA: Range<UInt32>, journalB: Range<UInt32>,
    on geometry: FlashGeometry
  ) throws(LayoutError) {
    let ranges: InlineArray<4, Range<UInt32>> = [slotA, slotB, journalA, journalB]
    for index in 0..<4 {
      try geometry.checkPartition(ranges[index])
      for other in 0..<index where ranges[index].overlaps(ranges[other]) { throw .overlap }
    }
    let record = JournalRecordShape(geometry)
    guard record.count(in: journalA) >= DeviceLayout.minimumRecordsPerArea,
      record.count(in: journalB) >= DeviceLayout.minimumRecordsPerArea
    else { throw .tooSmall }
    self.slotA = slotA
    self.slotB = slotB
    self.journalA = journalA
    self.journalB = journalB
  }

  /// Takes the layout from a partition table: the two partitions of kind `app` are slot a and slot b, the two of kind
  /// `journal` are the areas of the journal, in the order of the table.
  ///
  /// - Throws: ``LayoutError/missingPartition`` or ``LayoutError/duplicatePartition`` if there are fewer or more than
  ///   two of either kind; what ``PartitionTable/validate(on:)`` and the other initialiser throw.
  public init(_ table: PartitionTable, on geometry: FlashGeometry) throws(LayoutError) {
    try table.validate(on: geometry)
    let slots = try DeviceLayout.pair(of: .app, in: table)
    let areas = try DeviceLayout.pair(of: .journal, in: table)
    try self.init(
      slotA: slots[0], slotB: slots[1], journalA: areas[0], journalB: areas[1], on: geometry)
  }

  /// How many records an area of the journal must have room for, so that re-committing after repeated cuts finds a
  /// fresh place.
  public static var minimumRecordsPerArea: Int { 4 }

  /// The bytes of a slot.
  public subscript(slot: SlotIdentifier) -> Range<UInt32> {
    switch slot {
    case .a: slotA
    case .b: slotB
    }
  }

  private static func pair(
    of kind: Partition.Kind, in table: PartitionTable
  ) throws(LayoutError) -> InlineArray<2, Range<UInt32>> {
    var found = InlineArray<2, Range<UInt32>>(repeating: 0..<0)
    var count = 0
    for index in 0..<table.count where table[index].kind == kind {
      guard count < 2 else { throw .duplicatePartition }
      guard let range = table[index].range else { throw .outOfBounds }
      found[count] = range
      count += 1
    }
    guard count == 2 else { throw .missingPartition }
    return found
  }
}

extension FlashGeometry {
  /// Refuses a range that cannot be a partition.
  func checkPartition(_ range: Range<UInt32>) throws(LayoutError) {
    guard !range.isEmpty else { throw .tooSmall }
    guard range.upperBound <= capacity else { throw .outOfBounds }
    guard isEraseBoundary(range.lowerBound), isEraseBoundary(range.upperBound) else { throw .notAligned }
  }
}
