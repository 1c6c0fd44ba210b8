public import OTACore

/// Where slots and journal are, and how the image that is to boot gets to where it runs; checked against the device from
/// the moment it exists.
///
/// A slot has one image or several, see ``SlotRanges``; all images of a slot become active together, and revert together.
public struct DeviceLayout: Equatable, Sendable {
  /// The bytes of the first area of the journal.
  public let journalA: Range<UInt32>
  /// The bytes of the second area of the journal.
  public let journalB: Range<UInt32>
  /// How the image that is to boot gets to where it runs.
  public let strategy: ActivationStrategy

  let places: ImagePlaces

  /// Checks and takes a layout; each range is in bytes from the start of the device.
  ///
  /// The slots may differ in size; an image has to fit both, where it changes places.
  ///
  /// - Parameters:
  ///   - slotA: slot a; the primary place.
  ///   - slotB: slot b; the secondary place.
  ///   - companions: the places of images beside the first, up to `CompanionImages.maximumCount`.
  ///   - journalA: the first area of the journal.
  ///   - journalB: the second area of the journal.
  ///   - strategy: how the image that is to boot gets to where it runs.
  ///   - geometry: of the device.
  /// - Throws: ``LayoutError/tooSmall`` for an empty range, an area of the journal that has no room for
  ///   ``minimumRecordsPerArea`` records, slots that have no room for an image beside the block that the strategy keeps
  ///   free, or a scratch area that is smaller than a group of blocks that change places together;
  ///   ``LayoutError/outOfBounds``; ``LayoutError/notAligned`` for a range that does not begin and end at borders of erase
  ///   blocks; ``LayoutError/overlap``; ``LayoutError/tooManyPartitions``; ``LayoutError/unequalBlocks`` if a swap without
  ///   a scratch area would have to move blocks of different sizes.
  public init(
    slotA: Range<UInt32>, slotB: Range<UInt32>, companions: Span<SlotRanges> = Span(),
    journalA: Range<UInt32>, journalB: Range<UInt32>, strategy: ActivationStrategy = .direct,
    on geometry: FlashGeometry
  ) throws(LayoutError) {
    var places = ImagePlaces(SlotRanges(a: slotA, b: slotB))
    for index in 0..<companions.count { try places.append(companions[index]) }
    try self.init(
      places: places, journalA: journalA, journalB: journalB, strategy: strategy, on: geometry)
  }

  private init(
    places: ImagePlaces, journalA: Range<UInt32>, journalB: Range<UInt32>, strategy: ActivationStrategy,
    on geometry: FlashGeometry
  ) throws(LayoutError) {
    self.places = places
    self.journalA = journalA
    self.journalB = journalB
    self.strategy = strategy
    try check(on: geometry)
  }

  /// Takes the layout from a partition table: the partitions of kind `app` are slot a and slot b of the first image, then
  /// of each further one, the two of kind `journal` are the areas of the journal, that of kind `scratch` is the scratch
  /// area, in the order of the table.
  ///
  /// - Parameters:
  ///   - table: of the device.
  ///   - strategy: how the image that is to boot gets to where it runs.
  ///   - geometry: of the device.
  /// - Throws: ``LayoutError/missingPartition`` if a slot, an area of the journal, or the scratch area that the strategy
  ///   needs is missing; ``LayoutError/duplicatePartition`` if there are more than two areas of the journal or more than one
  ///   scratch area; what ``PartitionTable/validate(on:)`` and the other initialiser throw.
  public init(
    _ table: PartitionTable, strategy: ActivationStrategy.Kind = .direct, on geometry: FlashGeometry
  ) throws(LayoutError) {
    try table.validate(on: geometry)
    guard let first = try table.pair(of: .app, number: 0) else { throw .missingPartition }
    var places = ImagePlaces(first)
    var number = 1
    while let pair = try table.pair(of: .app, number: number) {
      try places.append(pair)
      number += 1
    }
    guard let areas = try table.pair(of: .journal, number: 0) else { throw .missingPartition }
    guard table.count(of: .journal) == 2, table.count(of: .scratch) <= 1 else { throw .duplicatePartition }
    let chosen = try ActivationStrategy(strategy, scratch: try table.range(of: .scratch, number: 0))
    try self.init(places: places, journalA: areas.a, journalB: areas.b, strategy: chosen, on: geometry)
  }

  /// How many records an area of the journal must have room for, so that re-committing after repeated cuts finds a
  /// fresh place.
  public static var minimumRecordsPerArea: Int { 4 }

  /// How many images a slot has; at least 1.
  public var imageCount: Int { places.count }

  /// The bytes of slot a, of the first image; the primary place.
  public var slotA: Range<UInt32> { places[0].a }

  /// The bytes of slot b, of the first image; the secondary place.
  public var slotB: Range<UInt32> { places[0].b }

  /// The bytes of a slot, of the first image.
  ///
  /// Where the image itself is at the moment, on a device that moves images, is
  /// ``DeviceStorage/range(of:image:)``.
  public subscript(slot: SlotIdentifier) -> Range<UInt32> { self[slot, 0] }

  /// The bytes of a slot, of the image with this index.
  ///
  /// - Precondition: the index is less than ``imageCount``.
  public subscript(slot: SlotIdentifier, image: Int) -> Range<UInt32> {
    switch slot {
    case .a: places[image].a
    case .b: places[image].b
    }
  }
}

extension PartitionTable {
  /// How many partitions of a kind there are.
  fileprivate func count(of kind: Partition.Kind) -> Int {
    var count = 0
    for index in 0..<self.count where self[index].kind == kind { count += 1 }
    return count
  }

  /// The bytes of the partition of a kind with this number; `nil` if there are not so many.
  fileprivate func range(
    of kind: Partition.Kind, number: Int
  ) throws(LayoutError) -> Range<UInt32>? {
    var found = 0
    for index in 0..<self.count where self[index].kind == kind {
      if found == number {
        guard let range = self[index].range else { throw .outOfBounds }
        return range
      }
      found += 1
    }
    return nil
  }

  /// Two partitions of a kind, one behind the other in the table; `nil` if there are not so many.
  ///
  /// - Throws: ``LayoutError/missingPartition`` if there is only one of them.
  fileprivate func pair(of kind: Partition.Kind, number: Int) throws(LayoutError) -> SlotRanges? {
    guard let a = try range(of: kind, number: 2 * number) else { return nil }
    guard let b = try range(of: kind, number: 2 * number + 1) else { throw .missingPartition }
    return SlotRanges(a: a, b: b)
  }
}
